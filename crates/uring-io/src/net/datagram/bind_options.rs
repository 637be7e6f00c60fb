//! How a datagram socket is opened.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// How [`UdpSocket::bind_with`](super::UdpSocket::bind_with) opens a socket.
///
/// ```
/// use uring_io::net::{BindOptions, UdpSocket};
///
/// # context::block_on(async {
/// let options = BindOptions { reuse_port: true, ..BindOptions::default() };
/// let first = UdpSocket::bind_with("127.0.0.1:0", &options).await?;
/// let second = UdpSocket::bind_with(first.local_addr()?, &options).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct BindOptions {
    /// Let several sockets have the address, all of which get what is sent to a multicast group, and the last of which gets
    /// everything else (`SO_REUSEADDR`). All of them have to ask for it. Default false.
    pub reuse_address: bool,
    /// Let several sockets have the address, the kernel spreading senders over them (`SO_REUSEPORT`). All of them have to ask
    /// for it. Default false.
    pub reuse_port: bool,
    /// An IPv6 socket takes nothing over IPv4 (`IPV6_V6ONLY`); `None` leaves it to the system. Default `None`.
    pub only_v6: Option<bool>,
}

impl BindOptions {
    /// Opens a bound socket.
    pub(crate) fn open(&self, address: SocketAddr) -> io::Result<Socket> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if let (SocketAddr::V6(_), Some(only_v6)) = (address, self.only_v6) {
            socket.set_only_v6(only_v6)?;
        }
        socket.bind(&address.into())?;
        Ok(socket)
    }
}
