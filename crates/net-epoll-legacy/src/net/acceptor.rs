//! A listening socket.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::SocketFlags;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::context::Handle;
use crate::net::resolve::{first_of, inet, resolve};
use crate::net::{Connection, adopt_stream};
use crate::source::{Attempt, Awaiter, Interest, Source};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A listening socket, over TCP or Unix. Clones are handles of the same one.
///
/// ```
/// use net_epoll_legacy::{Acceptor, Connection, IoContext};
///
/// let context = IoContext::new()?;
/// let handle = context.handle();
/// context.block_on(async move {
///     let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await?;
///     let client = Connection::connect(&handle, acceptor.local_addr()?).await?;
///     let (connection, _peer) = acceptor.accept().await?;
///     connection.send_all(b"welcome").await?;
///     let mut buffer = [0; 7];
///     assert_eq!(client.receive(&mut buffer).await?, 7);
///     std::io::Result::Ok(())
/// })??;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Acceptor {
    source: Arc<Source>,
}

/// The context was asked to stop, so nothing is accepted any more: the error inside what [`Acceptor::accept`] returns then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the context is stopping and accepts no more connections")]
pub struct Stopping;

impl Stopping {
    /// Whether an error says this.
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Stopping>())
    }
}

impl Acceptor {
    /// Listens on the first of a target's addresses that can be had; see [`resolve`] for what may be a target.
    ///
    /// An address may be taken although old connections of it linger (`SO_REUSEADDR`).
    ///
    /// Cancel-safe: dropping the future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// That of the last address tried: `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, …; those of the look-up.
    pub async fn bind(
        handle: &Handle,
        target: impl ToSocketAddrs + fmt::Debug + Send + 'static,
    ) -> io::Result<Self> {
        first_of(resolve(target).await?, async |address: SocketAddr| {
            let socket = super::socket(Domain::for_address(address), Type::STREAM)?;
            socket.set_reuse_address(true)?;
            Self::listen(handle, socket, &address.into(), true)
        })
        .await
    }

    /// Listens on a path, which must not exist. The file stays when the acceptor goes.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if there is such a path already: remove it if nobody listens there any more.
    pub fn bind_unix(handle: &Handle, path: impl AsRef<Path>) -> io::Result<Self> {
        let address = SockAddr::unix(path)?;
        let socket = super::socket(Domain::UNIX, Type::STREAM)?;
        Self::listen(handle, socket, &address, false)
    }

    fn listen(
        handle: &Handle,
        socket: Socket,
        address: &SockAddr,
        is_tcp: bool,
    ) -> io::Result<Self> {
        socket.bind(address)?;
        socket.listen(BACKLOG)?;
        let source = handle.reactor().register(socket.into(), is_tcp)?;
        tracing::debug!(fd = source.number(), "listens");
        Ok(Self { source })
    }

    /// Takes over a listening socket.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn from_std(handle: &Handle, listener: impl Into<OwnedFd>) -> io::Result<Self> {
        let source = adopt_stream(handle, listener.into())?;
        tracing::debug!(fd = source.number(), "listens");
        Ok(Self { source })
    }

    /// The same listener on another context: each connection goes to one of them.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like.
    pub fn share_with(&self, other: &Handle) -> io::Result<Self> {
        let copy = self.source.as_fd().try_clone_to_owned()?;
        Self::from_std(other, copy)
    }

    /// Accepts a connection: and the address of the peer, unless it is a Unix socket.
    ///
    /// # Errors
    ///
    /// `EMFILE` or `ENFILE` when descriptors have run out; the connection waits in the kernel, and a later `accept` takes it. Wait
    /// until a descriptor is free, or at least a moment, before the next call. [`Stopping`] once the context is to stop. A
    /// connection that breaks before it is accepted is no error; it is passed over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection.
    pub fn accept(&self) -> Accept<'_> {
        Accept {
            awaiter: self.source.awaiter(Interest::Read),
        }
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// What the kernel says; `Unsupported` on a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        inet(&self.source.options().local_addr()?)
    }
}

/// The future of [`Acceptor::accept`].
///
/// Cancel-safe: dropping it loses no connection.
#[must_use = "futures do nothing unless polled"]
pub struct Accept<'a> {
    awaiter: Awaiter<'a>,
}

impl Future for Accept<'_> {
    type Output = io::Result<(Connection, Option<SocketAddr>)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let source = self.awaiter.source();
        let polled = self.awaiter.poll(cx, |descriptor| {
            if source.reactor().is_stopping() {
                return Err(io::Error::other(Stopping));
            }
            accept(descriptor).map(Attempt::of)
        });
        let fd = source.number();
        let Poll::Ready(accepted) = polled else {
            tracing::trace!(fd, "suspends: waits to accept");
            return Poll::Pending;
        };
        let registered = accepted.and_then(|(descriptor, peer)| {
            let connection = source.reactor().register(descriptor, source.is_tcp)?;
            Ok((connection, peer))
        });
        match registered {
            Ok((connection, peer)) => {
                tracing::debug!(fd, connection = connection.number(), ?peer, "accepted");
                Poll::Ready(Ok((Connection::new(connection), peer)))
            }
            Err(error) => {
                tracing::debug!(fd, %error, "could not accept");
                Poll::Ready(Err(error))
            }
        }
    }
}

/// Accepts the first connection that has not broken meanwhile.
fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<SocketAddr>)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    loop {
        match rustix::net::acceptfrom_with(listener, flags) {
            Err(Errno::CONNABORTED | Errno::PROTO | Errno::INTR) => {}
            accepted => {
                let (descriptor, peer) = accepted?;
                return Ok((descriptor, peer.and_then(|peer| peer.try_into().ok())));
            }
        }
    }
}

impl AsFd for Acceptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("fd", &self.source.number())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Accept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept")
            .field("awaiter", &self.awaiter)
            .finish()
    }
}
