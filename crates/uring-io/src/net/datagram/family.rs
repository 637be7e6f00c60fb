//! What tells one kind of datagram socket from another.

use std::borrow::Borrow;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::SocketAddr as UnixAddr;

use socket2::SockAddr;
use uring_engine::SocketAddress;

use crate::net::family::{Family, Tcp, Unix};
use crate::net::unix_address::{self, ToUnixAddress};

/// An address family of [`Datagram`](super::Datagram): [`Udp`] or [`Unix`].
///
/// The trait is sealed.
pub trait DatagramFamily: sealed::Kind + Sized + 'static {
    /// The address of an end.
    type Address: ToAddress<Self> + Clone + fmt::Debug + Send + 'static;
    /// The standard library's socket.
    type StdSocket: From<OwnedFd> + Into<OwnedFd>;

    /// The address as this family has it.
    #[doc(hidden)]
    fn address(address: &SockAddr) -> io::Result<Self::Address>;

    /// The sender's address as this family has it.
    #[doc(hidden)]
    fn from_kernel(address: Option<SocketAddress>) -> io::Result<Self::Address>;
}

/// What a datagram of a family can be sent to: a `SocketAddr` over UDP, whatever stands for the address of a Unix socket
/// ([`ToUnixAddress`]) there.
///
/// The trait is sealed.
pub trait ToAddress<F>: sealed::Convert<F> {}

impl<F, T: sealed::Convert<F>> ToAddress<F> for T {}

pub(crate) mod sealed {
    /// The working side of [`ToAddress`](super::ToAddress).
    pub trait Convert<F> {
        /// The address as the kernel takes it.
        fn convert(self) -> std::io::Result<uring_engine::SocketAddress>;
    }

    /// The working side of [`DatagramFamily`](super::DatagramFamily).
    pub trait Kind {
        /// The name of the alias.
        const NAME: &'static str;
        /// Bytes of the longest address, as the kernel has it, up to a whole word.
        const NAME_LEN: usize;
        /// Bytes of the longest datagram that is received whole.
        const LONGEST: usize;
    }
}

/// UDP over IPv4 and IPv6.
#[derive(Debug)]
pub enum Udp {}

impl DatagramFamily for Udp {
    type Address = SocketAddr;
    type StdSocket = std::net::UdpSocket;

    fn address(address: &SockAddr) -> io::Result<SocketAddr> {
        <Tcp as Family>::address(address)
    }

    fn from_kernel(address: Option<SocketAddress>) -> io::Result<SocketAddr> {
        // Only a socket that somebody has shut down receives nothing from nobody.
        address
            .and_then(|address| address.as_inet())
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the socket was shut down: there is no sender",
                )
            })
    }
}

impl<T: Borrow<SocketAddr>> sealed::Convert<Udp> for T {
    fn convert(self) -> io::Result<SocketAddress> {
        Ok((*self.borrow()).into())
    }
}

impl sealed::Kind for Udp {
    const NAME: &'static str = "UdpSocket";
    const NAME_LEN: usize = size_of::<libc::sockaddr_in6>().next_multiple_of(8);
    const LONGEST: usize = 65_535;
}

impl DatagramFamily for Unix {
    type Address = UnixAddr;
    type StdSocket = std::os::unix::net::UnixDatagram;

    fn address(address: &SockAddr) -> io::Result<UnixAddr> {
        <Self as Family>::address(address)
    }

    fn from_kernel(address: Option<SocketAddress>) -> io::Result<UnixAddr> {
        match address.and_then(|address| address.as_unix()) {
            Some(address) => Ok(address),
            // A sender that was not bound has no name.
            None => UnixAddr::from_pathname(""),
        }
    }
}

impl<T: ToUnixAddress> sealed::Convert<Unix> for T {
    fn convert(self) -> io::Result<SocketAddress> {
        unix_address::sealed::Convert::convert(self)
    }
}

impl sealed::Kind for Unix {
    const NAME: &'static str = "UnixDatagram";
    const NAME_LEN: usize = size_of::<libc::sockaddr_un>().next_multiple_of(8);
    const LONGEST: usize = 255 * 1024;
}
