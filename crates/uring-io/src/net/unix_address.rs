//! What may stand for the address of a Unix socket.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr as UnixAddr;
use std::path::{Path, PathBuf};

use socket2::SockAddr;
use uring_engine::SocketAddress;

/// Something that stands for the address of a Unix socket.
///
/// A path, as text or as `Path`; or a `std::os::unix::net::SocketAddr`, which may also be an abstract name: one that lives in
/// no file system, and is free again when its socket is closed (see [unix(7)]).
///
/// The trait is sealed.
///
/// [unix(7)]: https://man7.org/linux/man-pages/man7/unix.7.html
///
/// # Examples
///
/// ```
/// use std::os::linux::net::SocketAddrExt;
/// use std::os::unix::net::SocketAddr;
///
/// use uring_io::net::{UnixListener, UnixStream};
///
/// # context::block_on(async {
/// # let name = format!("corio-example-{}", std::process::id());
/// let address = SocketAddr::from_abstract_name(name)?;
/// let listener = UnixListener::bind(&address)?;
/// let _stream = UnixStream::connect(&address).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub trait ToUnixAddress: sealed::Convert {}

impl<T: sealed::Convert> ToUnixAddress for T {}

pub(crate) mod sealed {
    /// The working side of [`ToUnixAddress`](super::ToUnixAddress).
    pub trait Convert {
        /// The address as the kernel takes it.
        fn convert(self) -> std::io::Result<uring_engine::SocketAddress>;
    }
}
use sealed::Convert;

impl Convert for &Path {
    fn convert(self) -> io::Result<SocketAddress> {
        SocketAddress::unix(self)
    }
}

impl Convert for PathBuf {
    fn convert(self) -> io::Result<SocketAddress> {
        self.as_path().convert()
    }
}

impl Convert for &PathBuf {
    fn convert(self) -> io::Result<SocketAddress> {
        self.as_path().convert()
    }
}

impl Convert for &str {
    fn convert(self) -> io::Result<SocketAddress> {
        Path::new(self).convert()
    }
}

impl Convert for String {
    fn convert(self) -> io::Result<SocketAddress> {
        self.as_str().convert()
    }
}

impl Convert for &String {
    fn convert(self) -> io::Result<SocketAddress> {
        self.as_str().convert()
    }
}

impl Convert for &OsStr {
    fn convert(self) -> io::Result<SocketAddress> {
        Path::new(self).convert()
    }
}

impl Convert for OsString {
    fn convert(self) -> io::Result<SocketAddress> {
        self.as_os_str().convert()
    }
}

impl Convert for &UnixAddr {
    fn convert(self) -> io::Result<SocketAddress> {
        SocketAddress::try_from(self)
    }
}

impl Convert for UnixAddr {
    fn convert(self) -> io::Result<SocketAddress> {
        (&self).convert()
    }
}

/// The address for the calls of `socket2`, which takes a name as a path that begins with a zero byte.
pub(crate) fn for_socket2(address: &UnixAddr) -> io::Result<SockAddr> {
    match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => SockAddr::unix(path),
        (None, Some(name)) => SockAddr::unix(OsStr::from_bytes(&[b"\0", name].concat())),
        (None, None) => SockAddr::unix(""),
    }
}
