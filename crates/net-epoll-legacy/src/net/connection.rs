//! A connection: TCP or Unix.

use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use socket2::SockRef;

use crate::context::Handle;
use crate::net::adopt_stream;
use crate::net::transfer::{Receive, Send, SendAll};
use crate::source::Source;

/// A connection, over TCP or a Unix stream socket. Clones are handles of the same connection; it is closed with the last one.
///
/// Several tasks may receive and send at once. Those of one direction are served in the order of their first polls.
///
/// # Examples
///
/// A clone for the other direction:
///
/// ```
/// # use net_epoll_legacy::{Connection, IoContext};
/// # let context = IoContext::new()?;
/// # let handle = context.handle();
/// # context.block_on(async move {
/// let (one, other) = Connection::pair(&handle)?;
/// let sender = one.clone();
/// handle.spawn(async move { sender.send_all(b"ping").await.expect("a peer") });
/// let mut buffer = [0; 4];
/// other.receive(&mut buffer).await?;
/// assert_eq!(&buffer, b"ping");
/// # std::io::Result::Ok(()) })??;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Connection {
    source: Arc<Source>,
}

impl Connection {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self { source }
    }

    /// Takes over a connected stream socket.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn from_std(handle: &Handle, socket: impl Into<OwnedFd>) -> io::Result<Self> {
        adopt_stream(handle, socket.into()).map(Self::new)
    }

    /// Two connected Unix sockets.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like.
    pub fn pair(handle: &Handle) -> io::Result<(Self, Self)> {
        let (one, other) = std::os::unix::net::UnixStream::pair()?;
        Ok((Self::from_std(handle, one)?, Self::from_std(handle, other)?))
    }

    /// Receives what there is, as soon as there is something. Resolves to the number of bytes at the beginning of `buffer`; 0 is
    /// the end of the stream, or a buffer without room.
    ///
    /// # Errors
    ///
    /// `ConnectionReset`, `TimedOut` and the like.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    #[inline]
    pub fn receive<'a>(&'a self, buffer: &'a mut [u8]) -> Receive<'a> {
        Receive::new(&self.source, buffer)
    }

    /// Sends what the socket takes. Resolves to the number of bytes.
    ///
    /// # Errors
    ///
    /// `BrokenPipe`, `ConnectionReset` and the like.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it is ready has sent nothing.
    #[inline]
    pub fn send<'a>(&'a self, bytes: &'a [u8]) -> Send<'a> {
        Send::new(&self.source, bytes)
    }

    /// Sends all of `bytes`, before whatever others send after its first poll.
    ///
    /// # Errors
    ///
    /// `BrokenPipe`, `ConnectionReset` and the like.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped has sent as much as [`SendAll::sent`] says.
    #[inline]
    pub fn send_all<'a>(&'a self, bytes: &'a [u8]) -> SendAll<'a> {
        SendAll::new(&self.source, bytes)
    }

    /// Shuts one or both directions down.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection is gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.options().shutdown(how)
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// `NotConnected` if it has gone; `Unsupported` on a Unix socket.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        super::resolve::inet(&self.options().peer_addr()?)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the kernel says; `Unsupported` on a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        super::resolve::inet(&self.options().local_addr()?)
    }

    /// The options of the socket: `TCP_NODELAY`, buffer sizes, keep-alive and so on.
    pub fn options(&self) -> SockRef<'_> {
        self.source.options()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("fd", &self.source.number())
            .finish_non_exhaustive()
    }
}
