//! How a listener is opened.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// How [`TcpListener::bind_with`](super::TcpListener::bind_with) opens a listener.
///
/// ```
/// use uring_io::net::{ListenOptions, TcpListener};
///
/// # context::block_on(async {
/// let options = ListenOptions { reuse_port: true, ..ListenOptions::default() };
/// let first = TcpListener::bind_with("127.0.0.1:0", &options).await?;
/// let second = TcpListener::bind_with(first.local_addr()?, &options).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`. Default 1024.
    pub backlog: i32,
    /// Take an address although old connections of it linger (`SO_REUSEADDR`). Default true.
    pub reuse_address: bool,
    /// Let several listeners share the address, the kernel spreading connections over them (`SO_REUSEPORT`). All of them
    /// have to ask for it. Default false.
    pub reuse_port: bool,
    /// Accepted connections send small writes at once (`TCP_NODELAY`). Default false.
    pub nodelay: bool,
    /// An IPv6 listener takes no IPv4 connections (`IPV6_V6ONLY`); `None` leaves it to the system. Default `None`.
    pub only_v6: Option<bool>,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            backlog: 1024,
            reuse_address: true,
            reuse_port: false,
            nodelay: false,
            only_v6: None,
        }
    }
}

impl ListenOptions {
    /// Opens a listening socket.
    pub(crate) fn open(&self, address: SocketAddr) -> io::Result<Socket> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(self.reuse_address)?;
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if let (SocketAddr::V6(_), Some(only_v6)) = (address, self.only_v6) {
            socket.set_only_v6(only_v6)?;
        }
        // Linux hands this on to the connections, which saves a system call for each.
        socket.set_tcp_nodelay(self.nodelay)?;
        socket.bind(&address.into())?;
        socket.listen(self.backlog)?;
        Ok(socket)
    }
}
