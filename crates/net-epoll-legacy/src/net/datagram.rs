//! Datagram sockets: UDP and Unix.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::net::{RecvFlags, SendFlags};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::context::Handle;
use crate::net::resolve::{first_of, inet, resolve};
use crate::net::transfer::{Receive, Send, log};
use crate::source::{Attempt, Awaiter, Interest, Source};

/// A datagram socket, over UDP or Unix. Clones are handles of the same one.
///
/// # Examples
///
/// ```
/// # use net_epoll_legacy::{DatagramSocket, IoContext};
/// # let context = IoContext::new()?;
/// # let handle = context.handle();
/// # context.block_on(async move {
/// let one = DatagramSocket::bind(&handle, "127.0.0.1:0").await?;
/// let other = DatagramSocket::bind(&handle, "127.0.0.1:0").await?;
/// other.send_to(b"hello", one.local_addr()?).await?;
/// let mut buffer = [0; 64];
/// let (count, from) = one.receive_from(&mut buffer).await?;
/// assert_eq!(&buffer[..count], b"hello");
/// assert_eq!(from, Some(other.local_addr()?));
/// # std::io::Result::Ok(()) })??;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct DatagramSocket {
    source: Arc<Source>,
}

impl DatagramSocket {
    /// A UDP socket on the first of a target's addresses that can be had; see [`resolve`] for what may be one.
    ///
    /// Cancel-safe: dropping the future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// That of the last address tried: `AddrInUse`, `AddrNotAvailable`, …; those of the look-up.
    pub async fn bind(
        handle: &Handle,
        target: impl ToSocketAddrs + fmt::Debug + std::marker::Send + 'static,
    ) -> io::Result<Self> {
        first_of(resolve(target).await?, async |address: SocketAddr| {
            let socket = super::socket(Domain::for_address(address), Type::DGRAM)?;
            socket.bind(&address.into())?;
            Self::register(handle, socket)
        })
        .await
    }

    /// A Unix datagram socket on a path, which must not exist. The file stays when the socket goes.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if there is such a path already.
    pub fn bind_unix(handle: &Handle, path: impl AsRef<Path>) -> io::Result<Self> {
        let socket = super::socket(Domain::UNIX, Type::DGRAM)?;
        socket.bind(&SockAddr::unix(path)?)?;
        Self::register(handle, socket)
    }

    /// Two connected Unix sockets.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like.
    pub fn pair(handle: &Handle) -> io::Result<(Self, Self)> {
        let (one, other) = std::os::unix::net::UnixDatagram::pair()?;
        Ok((Self::from_std(handle, one)?, Self::from_std(handle, other)?))
    }

    /// Takes over a datagram socket.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn from_std(handle: &Handle, socket: impl Into<OwnedFd>) -> io::Result<Self> {
        let socket = Socket::from(socket.into());
        socket.set_nonblocking(true)?;
        Self::register(handle, socket)
    }

    fn register(handle: &Handle, socket: Socket) -> io::Result<Self> {
        let source = handle.reactor().register(socket.into(), false)?;
        Ok(Self { source })
    }

    /// Talks to one peer from now on: [`send`](Self::send) goes there, and only what comes from there is received.
    ///
    /// Cancel-safe: it has an effect only when it is ready.
    ///
    /// # Errors
    ///
    /// That of the last address tried; those of the look-up.
    pub async fn connect(
        &self,
        target: impl ToSocketAddrs + fmt::Debug + std::marker::Send + 'static,
    ) -> io::Result<()> {
        let options = self.options();
        first_of(resolve(target).await?, async |address: SocketAddr| {
            options.connect(&address.into())
        })
        .await
    }

    /// Talks to one Unix socket from now on.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such path, `ConnectionRefused` if nobody receives there.
    pub fn connect_unix(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.options().connect(&SockAddr::unix(path)?)
    }

    /// Receives a datagram. Resolves to its number of bytes, at most as many as the buffer has room for; the rest of it is lost.
    ///
    /// Cancel-safe: dropping the future loses no datagram.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` if an earlier datagram found nobody there, on a connected socket.
    pub fn receive<'a>(&'a self, buffer: &'a mut [u8]) -> Receive<'a> {
        Receive::new(&self.source, buffer)
    }

    /// The same, and who sent it, unless that is a Unix socket.
    ///
    /// Cancel-safe: dropping the future loses no datagram.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub fn receive_from<'a>(&'a self, buffer: &'a mut [u8]) -> RecvFrom<'a> {
        RecvFrom {
            awaiter: self.source.awaiter(Interest::Read),
            buffer,
        }
    }

    /// Sends a datagram to the peer it is connected to.
    ///
    /// Cancel-safe: a future that is dropped before it is ready has sent nothing.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` if it is too long; `ConnectionRefused` if an earlier one found nobody there; `EDESTADDRREQ` if there is no peer.
    pub fn send<'a>(&'a self, bytes: &'a [u8]) -> Send<'a> {
        Send::new(&self.source, bytes)
    }

    /// Sends a datagram to an address.
    ///
    /// Cancel-safe: a future that is dropped before it is ready has sent nothing.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` if it is too long; `NetworkUnreachable` and the like.
    pub async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let mut awaiter = self.source.awaiter(Interest::Write);
        let sending = std::future::poll_fn(|cx| {
            let result = awaiter.poll(cx, |descriptor| {
                let sent = rustix::net::sendto(descriptor, bytes, SendFlags::NOSIGNAL, &to)?;
                Ok(Attempt::of(sent))
            });
            log(&awaiter, "send", "sent", &result);
            result
        });
        sending.await
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the kernel says; `Unsupported` on a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        inet(&self.options().local_addr()?)
    }

    /// The options of the socket: broadcast, multicast, buffer sizes and so on.
    pub fn options(&self) -> SockRef<'_> {
        self.source.options()
    }
}

/// The future of [`DatagramSocket::receive_from`].
///
/// Cancel-safe: dropping it loses no datagram.
#[must_use = "futures do nothing unless polled"]
pub struct RecvFrom<'a> {
    awaiter: Awaiter<'a>,
    buffer: &'a mut [u8],
}

impl Future for RecvFrom<'_> {
    type Output = io::Result<(usize, Option<SocketAddr>)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let buffer = &mut *this.buffer;
        let mut from = None;
        let result = this.awaiter.poll(cx, |descriptor| {
            let (count, _, sender) =
                rustix::net::recvfrom(descriptor, &mut *buffer, RecvFlags::empty())?;
            from = sender.and_then(|sender| sender.try_into().ok());
            Ok(Attempt::of(count))
        });
        log(&this.awaiter, "receive", "received", &result);
        result.map_ok(|count| (count, from))
    }
}

impl AsFd for DatagramSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl fmt::Debug for DatagramSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramSocket")
            .field("fd", &self.source.number())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RecvFrom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFrom")
            .field("room", &self.buffer.len())
            .field("awaiter", &self.awaiter)
            .finish()
    }
}
