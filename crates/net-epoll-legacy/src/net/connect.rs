//! Making a connection.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::context::Handle;
use crate::net::Connection;
use crate::net::resolve::{first_of, resolve};
use crate::source::{Attempt, Interest, Source};

impl Connection {
    /// Connects to the first of a target's addresses that answers; see [`resolve`] for what may be a target.
    ///
    /// Cancel-safe: dropping the future closes the descriptor of the attempt.
    ///
    /// # Errors
    ///
    /// That of the last address tried: `ConnectionRefused`, `TimedOut`, `NetworkUnreachable`, `HostUnreachable`, …; those of the
    /// look-up.
    pub async fn connect(
        handle: &Handle,
        target: impl ToSocketAddrs + std::fmt::Debug + Send + 'static,
    ) -> io::Result<Self> {
        first_of(resolve(target).await?, |address| {
            connect_to(handle, address)
        })
        .await
    }

    /// Connects to a Unix socket.
    ///
    /// Cancel-safe: dropping the future closes the descriptor of the attempt.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such path, `ConnectionRefused` if nobody listens there; `WouldBlock` if as many connections as the
    /// listener lets wait do so already, which the kernel has no event for: try again after a while.
    pub async fn connect_unix(handle: &Handle, path: impl AsRef<Path>) -> io::Result<Self> {
        let address = SockAddr::unix(path)?;
        let socket = super::socket(Domain::UNIX, Type::STREAM)?;
        establish(handle, socket, &address).await
    }
}

async fn connect_to(handle: &Handle, address: SocketAddr) -> io::Result<Connection> {
    let socket = super::socket(Domain::for_address(address), Type::STREAM)?;
    establish(handle, socket, &address.into()).await
}

async fn establish(handle: &Handle, socket: Socket, address: &SockAddr) -> io::Result<Connection> {
    let begun = socket.connect(address);
    let is_tcp = !address.is_unix();
    let source = handle.reactor().register(socket.into(), is_tcp)?;
    let connected = match begun {
        Err(error) if is_under_way(&error) => established(&source).await,
        begun => begun,
    };
    let fd = source.number();
    match connected {
        Ok(()) => tracing::debug!(fd, "connected"),
        Err(error) => {
            tracing::debug!(fd, %error, "could not connect");
            return Err(error);
        }
    }
    Ok(Connection::new(source))
}

fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// Waits until the kernel knows whether there is a connection.
async fn established(source: &Source) -> io::Result<()> {
    let mut awaiter = source.awaiter(Interest::Write);
    poll_fn(|cx| {
        let polled = awaiter.poll(cx, |descriptor| {
            let socket = SockRef::from(&descriptor);
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
            match socket.peer_addr() {
                Ok(_) => Ok(Attempt::of(())),
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                    Err(io::ErrorKind::WouldBlock.into())
                }
                Err(error) => Err(error),
            }
        });
        if polled.is_pending() {
            tracing::trace!(fd = source.number(), "suspends: waits to connect");
        }
        polled
    })
    .await
}
