//! Making datagram sockets, and connecting them.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::net::address::{ToSocketAddrs, first};
use crate::net::datagram::{BindOptions, UdpSocket, UnixDatagram};
use crate::net::unix_address::{ToUnixAddress, for_socket2};

impl UdpSocket {
    /// Binds to an address, or to the first of those that a name stands for which can be had. Port 0 is one that is free.
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
        Self::bind_with(target, &BindOptions::default()).await
    }

    /// As [`bind`](Self::bind), with options.
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
    pub async fn bind_with(target: impl ToSocketAddrs, options: &BindOptions) -> io::Result<Self> {
        let engine = context::driver().engine().clone();
        let socket = first(target, async |address| options.open(address)).await?;
        Ok(Self::from_descriptor(socket.into(), engine))
    }

    /// Connects to an address, or to the first that can be had of those that a name stands for: from then on
    /// [`send`](Self::send) sends there, and only what comes from there is received. Nothing goes over the network, so
    /// whether somebody is there shows later. What had arrived before from others is still received.
    ///
    /// Cancel-safe: dropping the future either has no effect or comes too late.
    ///
    /// # Errors
    ///
    /// That of the last address tried: `NetworkUnreachable`, and `EAFNOSUPPORT` for an address of the other kind; those of
    /// the look-up.
    pub async fn connect(&self, target: impl ToSocketAddrs) -> io::Result<()> {
        let socket = self.socket().options();
        first(target, async |address| socket.connect(&address.into())).await
    }

    /// A socket that is connected to the first address that can be had of those that `target` stands for, and is bound to a
    /// free port.
    ///
    /// Cancel-safe: dropping the future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// That of the last address tried; those of the look-up.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn connected(target: impl ToSocketAddrs) -> io::Result<Self> {
        let engine = context::driver().engine().clone();
        let open = async |address| {
            let any = match address {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            let socket = BindOptions::default().open(any)?;
            socket.connect(&address.into()).map(|()| socket)
        };
        let socket = first(target, open).await?;
        Ok(Self::from_descriptor(socket.into(), engine))
    }
}

impl UnixDatagram {
    /// A socket with a name: a path, or an abstract name that lives in no file system.
    ///
    /// A path comes into being as a file that must not exist before, and that stays when the socket is closed: remove it.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if the file exists or the name is taken; `InvalidInput` if the path is too long (107 bytes);
    /// `PermissionDenied`, `NotFound` and the like for its directory.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn bind(address: impl ToUnixAddress) -> io::Result<Self> {
        let address = named(address)?;
        let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        socket.bind(&address)?;
        Ok(Self::from_std(OwnedFd::from(socket).into()))
    }

    /// A socket without a name: it can send, and once it is [connected](Self::pair) to another, receive from that.
    ///
    /// # Errors
    ///
    /// `EMFILE` or `ENFILE` when descriptors have run out.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn unbound() -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        Ok(Self::from_std(OwnedFd::from(socket).into()))
    }

    /// Two sockets without names that are connected to each other.
    ///
    /// # Errors
    ///
    /// `EMFILE` or `ENFILE` when descriptors have run out.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = Socket::pair(Domain::UNIX, Type::DGRAM, None)?;
        let datagram = |socket: Socket| Self::from_std(OwnedFd::from(socket).into());
        Ok((datagram(a), datagram(b)))
    }

    /// Connects to the socket of that name: from then on [`send`](Self::send) sends there, and only what comes from there is
    /// received.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such path, `ConnectionRefused` if nobody has it open, `PermissionDenied`; `EPROTOTYPE` if it
    /// is a stream's; `InvalidInput` if the path is too long (107 bytes).
    pub fn connect(&self, address: impl ToUnixAddress) -> io::Result<()> {
        self.socket().options().connect(&named(address)?)
    }
}

/// The address for the calls of `socket2`.
fn named(address: impl ToUnixAddress) -> io::Result<SockAddr> {
    let address = address.convert()?;
    let address = address.as_unix().ok_or(io::ErrorKind::InvalidInput)?;
    for_socket2(&address)
}
