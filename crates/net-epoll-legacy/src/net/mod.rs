//! Sockets.

mod acceptor;
mod connect;
mod connection;
mod datagram;
mod resolve;
mod transfer;

pub use acceptor::{Accept, Acceptor, Stopping};
pub use connection::Connection;
pub use datagram::{DatagramSocket, RecvFrom};
pub use resolve::resolve;
pub use transfer::{Receive, Send, SendAll};

use std::os::fd::OwnedFd;

use socket2::{Domain, Socket, Type};

/// A new socket in non-blocking mode, closed when another program is executed.
fn socket(domain: Domain, kind: Type) -> std::io::Result<Socket> {
    let socket = Socket::new(domain, kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Takes over a socket from elsewhere.
fn adopted(descriptor: OwnedFd) -> std::io::Result<OwnedFd> {
    let socket = Socket::from(descriptor);
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
