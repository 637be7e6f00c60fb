//! Making a connection.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use socket2::{Domain, Protocol, Socket, Type};
use uring_engine::{Engine, Target, op};

use crate::keep::Keep;
use crate::net::address::{ToSocketAddrs, resolve};
use crate::net::stream::TcpStream;

impl TcpStream {
    /// Connects to an address, or to the first that answers of those that a name stands for.
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
        let engine = context::driver().engine().clone();
        let mut last = None;
        for address in resolve(target).await? {
            match connect(&engine, address).await {
                Ok(descriptor) => return Ok(Self::from_descriptor(descriptor, engine)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }
}

async fn connect(engine: &Engine, address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    let connect = op::Connect::new(Target::Fd(socket.as_raw_fd()), address);
    // The operation owns the descriptor: dropped, it closes it, once the kernel is done with it.
    let (result, descriptor) = engine.op(Keep::new(connect, OwnedFd::from(socket))).await;
    result.map(|()| descriptor)
}
