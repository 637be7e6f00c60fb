//! Making a connection.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use socket2::{Domain, Protocol, Socket, Type};
use uring_engine::{Engine, SocketAddress, Target, op};

use crate::keep::Keep;
use crate::net::address::{ToSocketAddrs, first};
use crate::net::stream::TcpStream;
use crate::net::stream_options::KeepaliveProbes;

/// How [`TcpStream::connect_with`](super::Stream::connect_with) makes a connection.
///
/// ```
/// use uring_io::net::{ConnectOptions, TcpListener, TcpStream};
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let options = ConnectOptions {
///     local: Some("127.0.0.2:0".parse().unwrap()),
///     nodelay: true,
///     ..ConnectOptions::default()
/// };
/// let stream = TcpStream::connect_with(listener.local_addr()?, &options).await?;
/// assert_eq!(stream.local_addr()?.ip().to_string(), "127.0.0.2");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// The address of this end; port 0 stands for any. `None` leaves both to the system. Addresses to connect to that are of
    /// the other IP version are passed over.
    pub local: Option<SocketAddr>,
    /// Take a local port although old connections of it linger (`SO_REUSEADDR`).
    pub reuse_address: bool,
    /// Let several sockets have the same local address, if all ask for it (`SO_REUSEPORT`).
    pub reuse_port: bool,
    /// Send small writes at once (`TCP_NODELAY`).
    pub nodelay: bool,
    /// Probe a silent peer (`SO_KEEPALIVE`).
    pub keepalive: Option<KeepaliveProbes>,
    /// Bytes of the kernel's send buffer; `None` leaves it to the system, which adapts it.
    pub send_buffer_size: Option<usize>,
    /// Bytes of the kernel's receive buffer; `None` leaves it to the system, which adapts it. Set here, it counts for the
    /// window that the connection begins with.
    pub recv_buffer_size: Option<usize>,
}

impl ConnectOptions {
    /// A socket for connecting to an address.
    fn open(&self, address: SocketAddr) -> io::Result<Socket> {
        if let Some(local) = self.local
            && local.is_ipv4() != address.is_ipv4()
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{local} and {address} are of different IP versions"),
            ));
        }
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if self.nodelay {
            socket.set_tcp_nodelay(true)?;
        }
        if let Some(probes) = &self.keepalive {
            socket.set_tcp_keepalive(&probes.for_socket2())?;
        }
        if let Some(bytes) = self.send_buffer_size {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.recv_buffer_size {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(local) = self.local {
            socket.bind(&local.into())?;
        }
        Ok(socket)
    }
}

/// # TCP
impl TcpStream {
    /// Connects to an address, or to the first that answers of those that a name stands for, with the default
    /// [`ConnectOptions`].
    ///
    /// Cancel-safe: dropping the future gives the attempt up and closes its descriptor.
    ///
    /// # Errors
    ///
    /// That of the last address tried: `ConnectionRefused`, `TimedOut`, `NetworkUnreachable`, `HostUnreachable`, …; those of
    /// the look-up.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn connect(target: impl ToSocketAddrs) -> io::Result<Self> {
        Self::connect_with(target, &ConnectOptions::default()).await
    }

    /// As [`connect`](Self::connect), with other options.
    ///
    /// Cancel-safe: dropping the future gives the attempt up and closes its descriptor.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); `AddrInUse` and `AddrNotAvailable` for the local address.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn connect_with(
        target: impl ToSocketAddrs,
        options: &ConnectOptions,
    ) -> io::Result<Self> {
        let engine = context::driver().engine().clone();
        let connect = async |address: SocketAddr| {
            let socket = options.open(address)?;
            run(&engine, socket, address.into()).await
        };
        let descriptor = first(target, connect).await?;
        Ok(Self::from_descriptor(descriptor, engine))
    }
}

/// Connects a socket.
pub(crate) async fn run(
    engine: &Engine,
    socket: Socket,
    address: SocketAddress,
) -> io::Result<OwnedFd> {
    let connect = op::Connect::new(Target::Fd(socket.as_raw_fd()), address);
    // The operation owns the descriptor: dropped, it closes it, once the kernel is done with it.
    let (result, descriptor) = engine.op(Keep::new(connect, OwnedFd::from(socket))).await;
    result.map(|()| descriptor)
}
