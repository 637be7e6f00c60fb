//! Making a connection.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::context::Handle;
use crate::net::Connection;
use crate::net::resolve::{first_of, resolve};
use crate::source::{Attempt, Interest, Place, Source};

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
    /// `NotFound` if there is no such path, `ConnectionRefused` if nobody listens there.
    pub async fn connect_unix(handle: &Handle, path: impl AsRef<Path>) -> io::Result<Self> {
        let address = SockAddr::unix(path)?;
        let socket = super::socket(Domain::UNIX, Type::STREAM)?;
        // EAGAIN of a Unix socket says that the listener's queue is full: there is no edge for that, and so no waiting.
        establish(handle, socket, &address).await
    }
}

async fn connect_to(handle: &Handle, address: SocketAddr) -> io::Result<Connection> {
    let socket = super::socket(Domain::for_address(address), Type::STREAM)?;
    establish(handle, socket, &address.into()).await
}

async fn establish(handle: &Handle, socket: Socket, address: &SockAddr) -> io::Result<Connection> {
    let begun = socket.connect(address);
    let source = handle.reactor().register(socket.into())?;
    match begun {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) =>
        {
            established(&source).await?;
        }
        Err(error) => return Err(error),
    }
    tracing::debug!(fd = source.number(), "connected");
    Ok(Connection::new(source))
}

/// Waits until the kernel knows whether there is a connection.
async fn established(source: &Arc<Source>) -> io::Result<()> {
    let mut waiting = Waiting {
        source,
        place: Place::default(),
    };
    std::future::poll_fn(|cx| {
        source.poll(Interest::Write, &mut waiting.place, cx, |descriptor| {
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
        })
    })
    .await
}

/// An attempt that is given up when it is dropped.
struct Waiting<'a> {
    source: &'a Source,
    place: Place,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.source.leave(Interest::Write, &mut self.place);
    }
}
