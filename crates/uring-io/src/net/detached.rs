//! A connection on its way from one context to another.
//!
//! Operations are of the context that began them, so all of them have to end first: writes are finished, and the standing
//! receive is cancelled. What it had received, or still receives until the kernel has ended it, comes along.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::net::descriptors::Kept;
use crate::net::family::Family;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::{Shared, Socket, SocketHandle};
use crate::net::standing::Found;
use crate::net::stream::Stream;

/// A connection that belongs to no context: it can be sent to another thread, and become a [`Stream`] of the context
/// there.
///
/// It comes from [`Stream::into_detached`] and [`Listener::accept_detached`](super::Listener::accept_detached), and has with it
/// what had been received and not been read. Dropping it closes the connection.
///
/// # Examples
///
/// ```
/// use uring_io::net::UnixStream;
///
/// # context::block_on(async {
/// let (here, there) = UnixStream::pair()?;
/// here.write_all("hello").await.0?;
/// let detached = there.into_detached().await?;
/// let reader = std::thread::spawn(|| {
///     context::block_on(async {
///         let there = detached.attach();
///         there.recv().await.map(|hello| hello.unwrap().to_vec())
///     })
/// });
/// assert_eq!(reader.join().unwrap().unwrap()?, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[must_use = "dropping it closes the connection"]
pub struct Detached<F: Family> {
    descriptor: OwnedFd,
    left: Left,
    family: PhantomData<F>,
}

/// What a socket had received and nobody had read.
#[derive(Default)]
struct Left {
    bytes: Vec<u8>,
    /// An error, which the kernel reports once only.
    error: Option<io::Error>,
    /// Descriptors that came with bytes.
    kept: Option<Box<Kept>>,
}

impl<F: Family> Stream<F> {
    /// Takes the stream off its context, so that it can be sent to another one: a [`Detached`] is `Send`.
    ///
    /// Finishes the writes that were begun, and gathers what has been received and not been read; nothing is lost.
    ///
    /// # Errors
    ///
    /// That of an earlier write that nobody waited for; the connection is closed then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does what dropping the stream does.
    pub async fn into_detached(self) -> io::Result<Detached<F>> {
        let socket = self.into_socket();
        socket.finish_writes().await?;
        let left = Left::gather(&socket).await;
        let descriptor = take_descriptor(socket)?;
        Ok(Detached {
            descriptor,
            left,
            family: PhantomData,
        })
    }
}

impl Left {
    async fn gather(socket: &Socket) -> Self {
        let _served = socket.readers.take().await;
        socket.standing.stop();
        let mut left = Self::default();
        loop {
            match poll_fn(|cx| socket.poll_arrived(cx)).await {
                Found::Arrived(Ok(Some(bytes))) => left.bytes.extend_from_slice(&bytes),
                // The end is there to be read again.
                Found::Arrived(Ok(None)) => {}
                Found::Arrived(Err(error)) => left.error = Some(error),
                Found::Unarmed | Found::NoBuffer => break,
            }
        }
        left.kept = socket.shared().kept.take();
        left
    }
}

/// The descriptor of a socket on which nothing is in flight any more.
fn take_descriptor(socket: SocketHandle) -> io::Result<OwnedFd> {
    let shared = socket.share();
    drop(socket);
    match shared.try_unwrap() {
        Ok(shared) => Ok(shared.into_descriptor()),
        // An operation that has ended may not have been taken out of its slot yet.
        Err(shared) => shared.descriptor.try_clone(),
    }
}

impl<F: Family> Detached<F> {
    /// A connection that nothing was received on.
    pub(crate) fn new(descriptor: OwnedFd) -> Self {
        Self {
            descriptor,
            left: Left::default(),
            family: PhantomData,
        }
    }

    /// Makes a stream of the current context. Its first reads return what had been received before.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn attach(self) -> Stream<F> {
        let engine = context::driver().engine().clone();
        let stream = Stream::from_descriptor(self.descriptor, engine);
        let Shared { inbound, kept, .. } = stream.socket().shared();
        kept.set(self.left.kept);
        if let Some(error) = self.left.error {
            inbound.abandon();
            inbound.end(Err(error));
        }
        if !self.left.bytes.is_empty() {
            inbound.leave(RecvBuf::from_heap(self.left.bytes));
        }
        stream
    }

    /// What had been received and not been read.
    pub fn received(&self) -> &[u8] {
        &self.left.bytes
    }

    /// The standard library's stream, in blocking mode, and what had been received and not been read. Descriptors among it are
    /// closed.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn into_std(self) -> io::Result<(F::StdStream, Vec<u8>)> {
        socket2::SockRef::from(&self.descriptor).set_nonblocking(false)?;
        Ok((self.descriptor.into(), self.left.bytes))
    }
}

impl<F: Family> AsFd for Detached<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl<F: Family> fmt::Debug for Detached<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached")
            .field("fd", &self.descriptor.as_raw_fd())
            .field("received", &self.left.bytes.len())
            .finish_non_exhaustive()
    }
}
