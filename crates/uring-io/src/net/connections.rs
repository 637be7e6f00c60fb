//! A listener as a stream of connections.

use std::borrow::Borrow;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use crate::net::family::{Family, Tcp};
use crate::net::listener::Listener;
use crate::net::stream;
use crate::turns::Turn;

/// The connections that a listener accepts, each with the address of its peer, without an end; made by
/// [`Listener::connections`] and [`Listener::into_connections`].
///
/// Errors are those of [`Listener::accept`]; further connections may follow them. After one for lack of descriptors, wait until one is
/// free, or at least a moment.
///
/// It stands in line with the other accepts of the listener from a poll that is pending until it returns a connection or is dropped: one
/// that is polled no more, and kept, holds up those behind it.
///
/// # Cancel safety
///
/// A `next()` that is dropped loses no connection: the following one returns it. Dropping the whole leaves what was accepted with
/// the listener.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use uring_io::net::{TcpListener, TcpStream};
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let clients = futures_util::future::try_join_all((0..3).map(|_| TcpStream::connect(address))).await?;
/// let mut served = listener.connections().take(3);
/// while let Some(accepted) = served.next().await {
///     let (stream, peer) = accepted?;
///     assert_eq!(stream.peer_addr()?, peer);
/// }
/// # drop(clients);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Connections<F: Family = Tcp, L: Borrow<Listener<F>> = Listener<F>> {
    /// There until it is taken out.
    listener: Option<L>,
    turn: Turn,
    family: std::marker::PhantomData<F>,
}

impl<F: Family> Listener<F> {
    /// The connections as a stream, which any number of accepts may go on beside.
    #[doc(alias = "incoming")]
    pub fn connections(&self) -> Connections<F, &Self> {
        Connections::new(self)
    }

    /// The connections as a stream that owns the listener.
    #[doc(alias = "incoming")]
    pub fn into_connections(self) -> Connections<F> {
        Connections::new(self)
    }
}

impl<F: Family, L: Borrow<Listener<F>>> Connections<F, L> {
    /// The connections of what holds a listener: the listener, a reference to it, an `Rc` of it.
    pub fn new(listener: L) -> Self {
        Self {
            listener: Some(listener),
            turn: Turn::Absent,
            family: std::marker::PhantomData,
        }
    }

    /// The listener.
    ///
    /// # Panics
    ///
    /// Never: it is there as long as this is.
    pub fn listener(&self) -> &Listener<F> {
        let listener = self.listener.as_ref();
        listener.expect("taken out at the end only").borrow()
    }

    /// What it was made of. Nothing that was accepted is lost.
    ///
    /// # Panics
    ///
    /// Never: it is there as long as this is.
    pub fn into_inner(mut self) -> L {
        self.leave();
        self.listener.take().expect("taken out at the end only")
    }

    fn leave(&mut self) {
        if let Some(listener) = &self.listener {
            listener.borrow().leave(&mut self.turn);
        }
    }
}

/// The listener is used by reference, never pinned.
impl<F: Family, L: Borrow<Listener<F>>> Unpin for Connections<F, L> {}

impl<F: Family, L: Borrow<Listener<F>>> Stream for Connections<F, L> {
    type Item = io::Result<(stream::Stream<F>, F::Address)>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(listener) = &this.listener else {
            return Poll::Ready(None);
        };
        listener.borrow().poll_stream(&mut this.turn, cx).map(Some)
    }
}

/// Never terminated, as it has no end.
impl<F: Family, L: Borrow<Listener<F>>> FusedStream for Connections<F, L> {
    fn is_terminated(&self) -> bool {
        false
    }
}

impl<F: Family, L: Borrow<Listener<F>>> Drop for Connections<F, L> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<F: Family, L: Borrow<Listener<F>>> fmt::Debug for Connections<F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connections").field(self.listener()).finish()
    }
}
