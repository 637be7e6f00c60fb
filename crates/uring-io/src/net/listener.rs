//! A listener, of whatever address family.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use uring_engine::{Engine, Feature, MultishotOp, Target, op};

use crate::budget::Budget;
use crate::cancel::{Cancel, Cancellable, cancelled, sealed};
use crate::close::close;
use crate::keep::Keep;
use crate::net::address::{ToSocketAddrs, first};
use crate::net::detached::Detached;
use crate::net::family::{Family, Tcp, Unix};
use crate::net::listen_options::ListenOptions;
use crate::net::stream::Stream;
use crate::turns::{Turn, Turns};

type Operation = MultishotOp<Keep<op::AcceptMulti, Rc<OwnedFd>>>;

/// A listening socket on the current context: a [`TcpListener`] or a [`UnixListener`].
///
/// Connections are accepted from the first [`accept`](Self::accept) on, and wait in the listener until they are asked for.
/// Dropping the listener closes those that are left.
///
/// ```
/// use uring_io::net::{TcpListener, TcpStream};
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, peer) = listener.accept().await?;
/// assert_eq!(peer, client.local_addr()?);
/// # drop(server);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct Listener<F: Family> {
    descriptor: Rc<OwnedFd>,
    engine: Engine,
    /// The standing accept, which holds what was accepted and not asked for.
    accepting: RefCell<Option<Operation>>,
    turns: Turns,
    budget: Budget,
    family: PhantomData<F>,
}

/// A listening TCP socket on the current context.
///
/// # Examples
///
/// ```
/// use uring_io::net::TcpListener;
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// # context::spawn(async move { uring_io::net::TcpStream::connect(address).await }).detach();
/// let (stream, peer) = listener.accept().await?;
/// println!("{peer} has come to {address}");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub type TcpListener = Listener<Tcp>;

/// A listening Unix stream socket on the current context.
///
/// # Examples
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("socket");
/// use uring_io::net::{UnixListenOptions, UnixListener, UnixStream};
///
/// # context::block_on(async {
/// let options = UnixListenOptions { remove_stale: true, ..UnixListenOptions::default() };
/// drop(UnixListener::bind_with(&path, &options)?);
/// // The file is still there, and in nobody's way.
/// let listener = UnixListener::bind_with(&path, &options)?;
/// let _client = UnixStream::connect(&path).await?;
/// let (_stream, _peer) = listener.accept().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub type UnixListener = Listener<Unix>;

impl TcpListener {
    /// Listens on an address, or on the first of those that a name stands for which can be had, with the default
    /// [`ListenOptions`].
    ///
    /// Cancel-safe: dropping the future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// That of the last address tried: `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, …; those of the look-up.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn bind(target: impl ToSocketAddrs) -> io::Result<Self> {
        Self::bind_with(target, &ListenOptions::default()).await
    }

    /// As [`bind`](Self::bind), with other options.
    ///
    /// Cancel-safe: dropping the future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn bind_with(
        target: impl ToSocketAddrs,
        options: &ListenOptions,
    ) -> io::Result<Self> {
        let socket = first(target, async |address| options.open(address)).await?;
        Ok(Self::from_std(socket.into()))
    }
}

impl<F: Family> Listener<F> {
    /// Takes over a listening socket of the standard library.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(listener: F::StdListener) -> Self {
        Self {
            descriptor: Rc::new(listener.into()),
            engine: context::driver().engine().clone(),
            accepting: RefCell::new(None),
            turns: Turns::default(),
            budget: Budget::new(),
            family: PhantomData,
        }
    }

    /// Accepts a connection: the stream, and the address of the peer.
    ///
    /// # Errors
    ///
    /// `EMFILE` or `ENFILE` when descriptors have run out; the connection then waits in the kernel, and a later `accept`
    /// takes it. Wait until a descriptor is free, or at least a moment, before the next call. A connection that breaks before
    /// it is accepted is no error; it is passed over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection: the next `accept` returns it.
    pub fn accept(&self) -> Accept<'_, F> {
        Accept {
            listener: self,
            turn: Turn::Absent,
        }
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn local_addr(&self) -> io::Result<F::Address> {
        F::address(&SockRef::from(&*self.descriptor).local_addr()?)
    }

    /// As [`accept`](Self::accept), for a connection that another context is to serve.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection: the next `accept` returns it.
    pub async fn accept_detached(&self) -> io::Result<(Detached<F>, F::Address)> {
        let _served = self.turns.take().await;
        let (descriptor, peer) = poll_fn(|cx| self.poll_accept(cx)).await?;
        Ok((Detached::new(descriptor), peer))
    }

    /// Stops listening: when this has resolved, whoever connects is refused, and the address is free. Connections that nobody
    /// has asked for are closed.
    ///
    /// Cancel-safe: dropping the future does what dropping the listener does, which listens a little longer.
    ///
    /// # Errors
    ///
    /// That of closing.
    pub async fn close(self) -> io::Result<()> {
        if let Some(mut accepting) = self.accepting.take() {
            accepting.cancel();
            while let Some(accepted) = accepting.next().await {
                drop(accepted);
            }
        }
        close(&self.engine, Rc::try_unwrap(self.descriptor).ok()).await
    }

    /// Takes the listener off its context: the standard library's listener, in blocking mode, which can be sent to another
    /// thread, and the connections that were accepted and that nobody has asked for.
    ///
    /// Cancel-safe: dropping the future does what dropping the listener does.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub async fn into_std(self) -> io::Result<(F::StdListener, Vec<Detached<F>>)> {
        let mut left = Vec::new();
        if let Some(mut accepting) = self.accepting.take() {
            accepting.cancel();
            while let Some(accepted) = accepting.next().await {
                // An error takes no connection away: what it could not accept still waits in the kernel.
                left.extend(accepted.map(Detached::new));
            }
        }
        let descriptor = match Rc::try_unwrap(self.descriptor) {
            Ok(descriptor) => descriptor,
            // An operation that has ended may not have been taken out of its slot yet.
            Err(shared) => shared.try_clone()?,
        };
        SockRef::from(&descriptor).set_nonblocking(false)?;
        Ok((descriptor.into(), left))
    }

    /// A connection that has come already; `None` if there is none.
    pub(crate) async fn accept_waiting(&self) -> io::Result<Option<(Detached<F>, F::Address)>> {
        let _served = self.turns.take().await;
        // The kernel accepts what waits when the standing accept is submitted, or when it next runs what connections have
        // brought about: at the latest by the time that it has done something else for us. Twice, as the budget may have
        // made the first attempt wait.
        for _ in 0..3 {
            let accepted = poll_fn(|cx| Poll::Ready(self.poll_accept(cx))).await;
            if let Poll::Ready(accepted) = accepted {
                let (descriptor, peer) = accepted?;
                return Ok(Some((Detached::new(descriptor), peer)));
            }
            self.engine.op(op::Nop::new()).await?;
        }
        Ok(None)
    }

    /// Accepts a connection when it is the caller's turn, which has ended when this is ready.
    pub(super) fn poll_stream(
        &self,
        turn: &mut Turn,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Stream<F>, F::Address)>> {
        ready!(self.turns.poll_take(turn, cx));
        let accepted = ready!(self.poll_accept(cx));
        self.leave(turn);
        Poll::Ready(accepted.map(|accepted| self.stream(accepted)))
    }

    /// Ends a turn, or the wait for it.
    pub(super) fn leave(&self, turn: &mut Turn) {
        self.turns.give_back(turn);
    }

    fn stream(&self, (descriptor, peer): (OwnedFd, F::Address)) -> (Stream<F>, F::Address) {
        (
            Stream::from_descriptor(descriptor, self.engine.clone()),
            peer,
        )
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(OwnedFd, F::Address)>> {
        ready!(self.budget.poll_spend(cx));
        loop {
            let mut accepting = self.accepting.borrow_mut();
            let operation = accepting.get_or_insert_with(|| {
                let goes_on = self.engine.report().has(Feature::AcceptMultishot);
                let accept = op::AcceptMulti::new(Target::of(&*self.descriptor));
                let accept = accept.one_at_a_time(!goes_on);
                self.engine
                    .multishot(Keep::new(accept, self.descriptor.clone()))
            });
            let Poll::Ready(item) = operation.poll_next(cx) else {
                self.budget.refill();
                return Poll::Pending;
            };
            let Some(accepted) = item else {
                *accepting = None;
                continue;
            };
            drop(accepting);
            let descriptor = match accepted {
                Ok(descriptor) => descriptor,
                Err(error) if is_transient(&error) => continue,
                Err(error) => return Poll::Ready(Err(error)),
            };
            // A peer that is gone already has no address any more, and is not worth the caller's time.
            let Ok(peer) = SockRef::from(&descriptor)
                .peer_addr()
                .and_then(|peer| F::address(&peer))
            else {
                continue;
            };
            return Poll::Ready(Ok((descriptor, peer)));
        }
    }
}

/// Errors of one connection, which say nothing about the next.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ECONNABORTED | libc::EPROTO | libc::EINTR)
    )
}

/// The future of [`Listener::accept`].
///
/// Cancel-safe: a connection that was accepted stays with the listener until an `accept` returns it.
#[must_use = "futures do nothing unless polled"]
pub struct Accept<'a, F: Family = Tcp> {
    listener: &'a Listener<F>,
    turn: Turn,
}

impl<F: Family> Future for Accept<'_, F> {
    type Output = io::Result<(Stream<F>, F::Address)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.listener.poll_stream(&mut this.turn, cx)
    }
}

impl<F: Family> Accept<'_, F> {
    /// Gives the accept up, and says what it came to: a connection that had been accepted before, else `ECANCELED`.
    ///
    /// Cancel-safe: whether or not the future is dropped, no connection is lost.
    pub fn cancel(self) -> Cancel<Self> {
        Cancel::new(self)
    }
}

impl<F: Family> sealed::Sealed for Accept<'_, F> {}

impl<F: Family> Cancellable for Accept<'_, F> {
    type Outcome = io::Result<(Stream<F>, F::Address)>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let is_served = self.turn == Turn::Served;
        let accepted = match is_served.then(|| self.listener.poll_accept(cx)) {
            Some(Poll::Ready(accepted)) => accepted,
            // What is accepted from now on stays with the listener.
            _ => Err(cancelled()),
        };
        self.listener.leave(&mut self.turn);
        Poll::Ready(accepted.map(|accepted| self.listener.stream(accepted)))
    }
}

impl<F: Family> Drop for Accept<'_, F> {
    fn drop(&mut self) {
        self.listener.leave(&mut self.turn);
    }
}

impl<F: Family> AsFd for Listener<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl<F: Family> AsRawFd for Listener<F> {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl<F: Family> fmt::Debug for Listener<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(F::LISTENER)
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl<F: Family> fmt::Debug for Accept<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept")
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}
