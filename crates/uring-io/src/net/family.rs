//! What tells one kind of stream socket from another.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;

use socket2::SockAddr;

/// An address family of [`Stream`](super::Stream) and [`Listener`](super::Listener): [`Tcp`] or [`Unix`].
///
/// The trait is sealed.
pub trait Family: sealed::Sealed + Send + Sync + 'static {
    /// The address of an end.
    type Address: Clone + fmt::Debug + Send + 'static;
    /// The standard library's stream.
    type StdStream: From<OwnedFd> + Into<OwnedFd>;
    /// The standard library's listener.
    type StdListener: From<OwnedFd> + Into<OwnedFd>;

    /// The address as this family has it.
    #[doc(hidden)]
    fn address(address: &SockAddr) -> io::Result<Self::Address>;
}

pub(crate) mod sealed {
    /// The names of the aliases.
    pub trait Sealed {
        const STREAM: &'static str;
        const LISTENER: &'static str;
    }
}

/// TCP over IPv4 and IPv6.
#[derive(Debug)]
pub enum Tcp {}

/// Unix stream sockets: between processes of one machine.
#[derive(Debug)]
pub enum Unix {}

impl Family for Tcp {
    type Address = std::net::SocketAddr;
    type StdStream = std::net::TcpStream;
    type StdListener = std::net::TcpListener;

    fn address(address: &SockAddr) -> io::Result<Self::Address> {
        let other = || unsupported("neither IPv4 nor IPv6");
        address.as_socket().ok_or_else(other)
    }
}

impl sealed::Sealed for Tcp {
    const STREAM: &'static str = "TcpStream";
    const LISTENER: &'static str = "TcpListener";
}

impl Family for Unix {
    type Address = std::os::unix::net::SocketAddr;
    type StdStream = std::os::unix::net::UnixStream;
    type StdListener = std::os::unix::net::UnixListener;

    fn address(address: &SockAddr) -> io::Result<Self::Address> {
        if let Some(path) = address.as_pathname() {
            Self::Address::from_pathname(path)
        } else if let Some(name) = address.as_abstract_namespace() {
            Self::Address::from_abstract_name(name)
        } else if address.is_unnamed() {
            Self::Address::from_pathname("")
        } else {
            Err(unsupported("not that of a Unix socket"))
        }
    }
}

impl sealed::Sealed for Unix {
    const STREAM: &'static str = "UnixStream";
    const LISTENER: &'static str = "UnixListener";
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("the socket's address is {what}"),
    )
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::os::linux::net::SocketAddrExt;

    use socket2::SockAddr;

    use super::{Family, Unix};

    #[test]
    fn paths_names_and_neither_are_told_apart() {
        let path = Unix::address(&SockAddr::unix("/tmp/x").unwrap()).unwrap();
        assert_eq!(path.as_pathname(), Some("/tmp/x".as_ref()));
        let name = Unix::address(&SockAddr::unix("\0a\0b").unwrap()).unwrap();
        assert_eq!(name.as_abstract_name(), Some(&b"a\0b"[..]));
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let none = socket2::SockRef::from(&one).local_addr().unwrap();
        assert!(Unix::address(&none).unwrap().is_unnamed());
    }
}
