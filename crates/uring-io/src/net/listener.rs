//! A TCP listener.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use uring_engine::{Engine, MultishotOp};

use crate::budget::Budget;
use crate::keep::Keep;
use crate::net::accept_multi::AcceptMulti;
use crate::net::stream::{TcpStream, inet};
use crate::turns::{Turn, Turns};

/// A listening TCP socket on the current context.
pub struct TcpListener {
    descriptor: Rc<OwnedFd>,
    engine: Engine,
    accepting: RefCell<Option<MultishotOp<Keep<AcceptMulti, Rc<OwnedFd>>>>>,
    turns: Turns,
    budget: Budget,
}

impl TcpListener {
    /// Listens on an address.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub async fn bind(address: &str) -> io::Result<Self> {
        let address: SocketAddr = address.parse().map_err(io::Error::other)?;
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(1024)?;
        Ok(Self::from_std(socket.into()))
    }

    /// Takes over a listening socket of the standard library.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(listener: std::net::TcpListener) -> Self {
        Self {
            descriptor: Rc::new(listener.into()),
            engine: context::driver().engine().clone(),
            accepting: RefCell::new(None),
            turns: Turns::default(),
            budget: Budget::new(),
        }
    }

    /// Accepts a connection.
    pub fn accept(&self) -> Accept<'_> {
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
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        inet(SockRef::from(&*self.descriptor).local_addr()?)
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        ready!(self.budget.poll_spend(cx));
        loop {
            let mut accepting = self.accepting.borrow_mut();
            let operation = accepting.get_or_insert_with(|| {
                let accept = AcceptMulti(self.descriptor.as_raw_fd());
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
            let Ok(peer) = SockRef::from(&descriptor).peer_addr().and_then(inet) else {
                continue;
            };
            return Poll::Ready(Ok((
                TcpStream::from_descriptor(descriptor, self.engine.clone()),
                peer,
            )));
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

/// The future of [`TcpListener::accept`].
///
/// Cancel-safe: a connection that was accepted stays with the listener until an `accept` returns it.
#[must_use = "futures do nothing unless polled"]
pub struct Accept<'a> {
    listener: &'a TcpListener,
    turn: Turn,
}

impl Future for Accept<'_> {
    type Output = io::Result<(TcpStream, SocketAddr)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.listener.turns.poll_take(&mut this.turn, cx));
        let accepted = ready!(this.listener.poll_accept(cx));
        this.listener.turns.give_back(&mut this.turn);
        Poll::Ready(accepted)
    }
}

impl Drop for Accept<'_> {
    fn drop(&mut self) {
        self.listener.turns.give_back(&mut self.turn);
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}
