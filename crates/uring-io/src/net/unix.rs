//! What only Unix streams and their listeners have.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::SocketAddr as UnixAddr;
use std::path::Path;

use socket2::{Domain, Socket, Type};
use uring_engine::SocketAddress;

use crate::net::connect;
use crate::net::listener::UnixListener;
use crate::net::stream::UnixStream;
use crate::net::unix_address::{ToUnixAddress, for_socket2};

/// How [`UnixListener::bind_with`] opens a listener.
#[derive(Clone, Debug)]
pub struct UnixListenOptions {
    /// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`. Default 1024.
    pub backlog: i32,
    /// Take the path although there is a socket file, if nobody listens on it any more: a listener leaves its file behind
    /// when it is closed. A file that is no socket stays, and so does that of a listener that lives. Default false.
    ///
    /// Looking and removing are two steps: of two processes that start at the same time, one may end up without a file.
    /// Where that can happen, take an abstract name, or a lock.
    pub remove_stale: bool,
}

impl Default for UnixListenOptions {
    fn default() -> Self {
        Self {
            backlog: 1024,
            remove_stale: false,
        }
    }
}

impl UnixListenOptions {
    fn open(&self, address: &SocketAddress) -> io::Result<Socket> {
        let address = address.as_unix().ok_or(io::ErrorKind::InvalidInput)?;
        let name = for_socket2(&address)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        let mut bound = socket.bind(&name);
        let is_taken = matches!(&bound, Err(error) if error.kind() == io::ErrorKind::AddrInUse);
        if let (true, true, Some(path)) = (is_taken, self.remove_stale, address.as_pathname())
            && is_stale(path)?
        {
            std::fs::remove_file(path)?;
            bound = socket.bind(&name);
        }
        bound.map_err(|error| taken(error, &address))?;
        socket.listen(self.backlog)?;
        Ok(socket)
    }
}

/// Whether the file is a socket that nobody listens on.
fn is_stale(path: &Path) -> io::Result<bool> {
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return Ok(false);
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    let answer = probe.connect(&socket2::SockAddr::unix(path)?);
    Ok(matches!(answer, Err(error) if error.kind() == io::ErrorKind::ConnectionRefused))
}

/// Says what is in the way.
fn taken(error: io::Error, address: &UnixAddr) -> io::Error {
    if error.kind() != io::ErrorKind::AddrInUse {
        return error;
    }
    let message = match address.as_pathname() {
        Some(path) => format!(
            "{} exists already: another process listens there, or one has left its file behind (then remove it, or set \
             `remove_stale`)",
            path.display()
        ),
        None => format!("another socket is bound to {address:?}"),
    };
    io::Error::new(io::ErrorKind::AddrInUse, message)
}

/// # Unix sockets
impl UnixListener {
    /// Listens on a path or an abstract name, with the default [`UnixListenOptions`].
    ///
    /// A path comes into being as a file that must not exist before, and that stays when the listener is closed: remove it
    /// then, or have the next listener do it with [`remove_stale`](UnixListenOptions::remove_stale).
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
        Self::bind_with(address, &UnixListenOptions::default())
    }

    /// As [`bind`](Self::bind), with other options.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn bind_with(address: impl ToUnixAddress, options: &UnixListenOptions) -> io::Result<Self> {
        let socket = options.open(&address.convert()?)?;
        Ok(Self::from_std(OwnedFd::from(socket).into()))
    }
}

/// # Unix sockets
impl UnixStream {
    /// Connects to a path or an abstract name. Waits while as many connections as the listener lets wait are waiting.
    ///
    /// Cancel-safe: dropping the future gives the attempt up and closes its descriptor.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such file, `ConnectionRefused` if nobody listens on it, `PermissionDenied`; `InvalidInput` if
    /// the path is too long (107 bytes).
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn connect(address: impl ToUnixAddress) -> io::Result<Self> {
        let engine = context::driver().engine().clone();
        let address = address.convert()?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        let descriptor = connect::run(&engine, socket, address).await?;
        Ok(Self::from_descriptor(descriptor, engine))
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// `EMFILE` or `ENFILE` when descriptors have run out.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = Socket::pair(Domain::UNIX, Type::STREAM, None)?;
        let stream = |socket: Socket| Self::from_std(OwnedFd::from(socket).into());
        Ok((stream(a), stream(b)))
    }

    /// Who is on the other side: the process that connected, listened or made the [pair](Self::pair), as it was then.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn peer_credentials(&self) -> io::Result<PeerCredentials> {
        let mut credentials = libc::ucred {
            pid: 0,
            uid: 0,
            gid: 0,
        };
        let mut len = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: the place is valid for the length given, and made of integers that may have any value.
        let result = unsafe {
            libc::getsockopt(
                self.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut credentials).cast(),
                &raw mut len,
            )
        };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(PeerCredentials {
            pid: (credentials.pid > 0).then_some(credentials.pid),
            uid: credentials.uid,
            gid: credentials.gid,
        })
    }
}

/// Who is on the other side of a Unix stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// The process, unless it is one that this process cannot see. It may have ended, and its number mean another one.
    pub pid: Option<i32>,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}
