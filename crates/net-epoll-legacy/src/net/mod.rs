//! Sockets.

mod acceptor;
mod connect;
mod connection;
mod datagram;
mod halves;
mod resolve;
mod transfer;

pub use acceptor::{Accept, Acceptor, Stopping};
pub use connection::Connection;
pub use datagram::{DatagramSocket, RecvFrom};
pub use halves::{ReceiveHalf, SendHalf};
pub use resolve::resolve;
pub use transfer::{Receive, Send, SendAll};

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::net::ipproto;
use rustix::net::sockopt::socket_protocol;
use socket2::{Domain, Socket, Type};

use crate::context::Handle;
use crate::source::Source;

/// A new socket in non-blocking mode, closed when another program is executed.
fn socket(domain: Domain, kind: Type) -> std::io::Result<Socket> {
    let socket = Socket::new(domain, kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Takes over a stream socket from elsewhere.
fn adopt_stream(handle: &Handle, descriptor: OwnedFd) -> std::io::Result<Arc<Source>> {
    let is_tcp = socket_protocol(&descriptor)? == Some(ipproto::TCP);
    let socket = Socket::from(descriptor);
    socket.set_nonblocking(true)?;
    handle.reactor().register(socket.into(), is_tcp)
}
