//! A TCP connection.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::rc::Rc;

use uring_engine::{Engine, IoBuf, IoBufMut};

use crate::net::read::Read;
use crate::net::recv::Recv;
use crate::net::socket::Socket;
use crate::net::write::{Write, WriteAll};

/// A TCP connection on the current context.
pub struct TcpStream {
    socket: Rc<Socket>,
}

impl TcpStream {
    pub(crate) fn from_descriptor(descriptor: OwnedFd, engine: Engine) -> Self {
        Self {
            socket: Rc::new(Socket::new(descriptor, engine)),
        }
    }

    /// Takes over a connected socket of the standard library.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(stream: std::net::TcpStream) -> Self {
        Self::from_descriptor(stream.into(), context::driver().engine().clone())
    }

    /// Receives into a buffer of the context; `None` at the end of the stream.
    pub fn recv(&self) -> Recv<'_> {
        Recv::new(&self.socket)
    }

    /// Reads into `buffer`, from its beginning up to its capacity. Resolves to the number of bytes, 0 at the end of the
    /// stream (or if there is no capacity), and the buffer.
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'_, B> {
        Read::new(&self.socket, buffer)
    }

    /// Writes from the beginning of `buffer` what the socket takes. Resolves to the number of bytes and the buffer.
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'_, B> {
        Write::new(&self.socket, buffer)
    }

    /// Writes all of `buffer`, and gives it back.
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'_, B> {
        WriteAll::new(&self.socket, buffer)
    }

    /// Sends small writes at once instead of collecting them (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.options().set_tcp_nodelay(nodelay)
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// `NotConnected` if it has gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        inet(self.socket.options().peer_addr()?)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        inet(self.socket.options().local_addr()?)
    }
}

/// An address of a socket that was made for the Internet families.
pub(crate) fn inet(address: socket2::SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "the socket is of another address family than IPv4 and IPv6",
        )
    })
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl std::fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TcpStream")
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}
