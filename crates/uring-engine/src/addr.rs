//! Socket addresses in the kernel's form.

use std::ffi::OsStr;
use std::io;
use std::mem::{offset_of, size_of};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr as UnixAddr;
use std::path::Path;

/// Bytes of a path, without the final zero, or of an abstract name, without the zero before it.
const MOST_UNIX: usize = 107;

/// A socket address as the kernel takes it. Internet addresses lie in the value; a path is boxed.
#[derive(Clone)]
pub struct SocketAddress(Repr);

#[derive(Clone)]
enum Repr {
    V4(libc::sockaddr_in),
    V6(libc::sockaddr_in6),
    Unix(Box<libc::sockaddr_un>, libc::socklen_t),
}

impl SocketAddress {
    /// The address of a Unix socket.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the path does not fit (108 bytes with the final zero), holds a zero byte or is empty.
    pub fn unix(path: impl AsRef<Path>) -> io::Result<SocketAddress> {
        let path = path.as_ref().as_os_str().as_bytes();
        if path.is_empty() || path.len() > MOST_UNIX || path.contains(&0) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "`{}` is no path of a Unix socket: it holds 1 to {MOST_UNIX} bytes, none of them zero, and this has {}",
                    path.escape_ascii(),
                    path.len()
                ),
            ));
        }
        // With a final zero.
        Ok(Self::from_unix_bytes(path, path.len() + 1))
    }

    /// The address of a Unix socket that has a name rather than a path: on Linux, one that lives in no file system.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the name does not fit (107 bytes).
    pub fn unix_abstract(name: impl AsRef<[u8]>) -> io::Result<SocketAddress> {
        let name = name.as_ref();
        if name.len() > MOST_UNIX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "an abstract name of a Unix socket holds at most {MOST_UNIX} bytes, and this has {}",
                    name.len()
                ),
            ));
        }
        let bytes = [&[0], name].concat();
        Ok(Self::from_unix_bytes(&bytes, bytes.len()))
    }

    /// `len` bytes of address, which begin with `bytes` and are zero behind them.
    fn from_unix_bytes(bytes: &[u8], len: usize) -> SocketAddress {
        let mut address = libc::sockaddr_un {
            sun_family: libc::AF_UNIX as libc::sa_family_t,
            sun_path: [0; 108],
        };
        for (to, from) in address.sun_path.iter_mut().zip(bytes) {
            *to = *from as libc::c_char;
        }
        let len = offset_of!(libc::sockaddr_un, sun_path) + len;
        SocketAddress(Repr::Unix(Box::new(address), len as libc::socklen_t))
    }

    /// What the kernel has written: `None` if there is nothing, or it is of another family.
    pub(crate) fn from_storage(
        storage: &libc::sockaddr_storage,
        len: libc::socklen_t,
    ) -> Option<SocketAddress> {
        let place = std::ptr::from_ref(storage);
        let given = len as usize;
        let repr = match i32::from(storage.ss_family) {
            // SAFETY: the storage is large enough and aligned for every family, and says that it holds this one.
            libc::AF_INET if given >= size_of::<libc::sockaddr_in>() => unsafe {
                Repr::V4(*place.cast())
            },
            // SAFETY: as above.
            libc::AF_INET6 if given >= size_of::<libc::sockaddr_in6>() => unsafe {
                Repr::V6(*place.cast())
            },
            // SAFETY: as above.
            libc::AF_UNIX if given >= size_of::<libc::sa_family_t>() => unsafe {
                let len = given.min(size_of::<libc::sockaddr_un>());
                Repr::Unix(Box::new(*place.cast()), len as libc::socklen_t)
            },
            _ => return None,
        };
        Some(SocketAddress(repr))
    }

    /// As [`from_storage`](Self::from_storage), of bytes that the kernel has written somewhere else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<SocketAddress> {
        let bytes = &bytes[..bytes.len().min(size_of::<libc::sockaddr_storage>())];
        // SAFETY: all zeros are a valid address of no family.
        let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
        // SAFETY: the bytes were cut to the size of the storage, which lies elsewhere and may hold any bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut storage).cast(), bytes.len());
        }
        Self::from_storage(&storage, bytes.len() as libc::socklen_t)
    }

    /// Pointer and length for a system call. Valid while the value is not moved.
    pub fn as_raw(&self) -> (*const libc::sockaddr, libc::socklen_t) {
        match &self.0 {
            Repr::V4(address) => (
                std::ptr::from_ref(address).cast(),
                size_of::<libc::sockaddr_in>() as libc::socklen_t,
            ),
            Repr::V6(address) => (
                std::ptr::from_ref(address).cast(),
                size_of::<libc::sockaddr_in6>() as libc::socklen_t,
            ),
            Repr::Unix(address, len) => (std::ptr::from_ref(&**address).cast(), *len),
        }
    }

    /// The Internet address, unless it is another kind.
    pub fn as_inet(&self) -> Option<SocketAddr> {
        match &self.0 {
            Repr::V4(address) => Some(from_v4(address).into()),
            Repr::V6(address) => Some(from_v6(address).into()),
            Repr::Unix(..) => None,
        }
    }

    /// The Unix address, unless it is another kind.
    pub fn as_unix(&self) -> Option<UnixAddr> {
        let Repr::Unix(address, len) = &self.0 else {
            return None;
        };
        let len = *len as usize - offset_of!(libc::sockaddr_un, sun_path);
        let bytes: Vec<u8> = address.sun_path[..len].iter().map(|b| *b as u8).collect();
        match bytes.split_first() {
            None => UnixAddr::from_pathname("").ok(),
            Some((0, name)) => UnixAddr::from_abstract_name(name).ok(),
            Some(_) => {
                let path = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                UnixAddr::from_pathname(OsStr::from_bytes(path)).ok()
            }
        }
    }
}

impl TryFrom<&UnixAddr> for SocketAddress {
    type Error = io::Error;

    /// Fails with `InvalidInput` if the address has neither path nor name.
    fn try_from(address: &UnixAddr) -> io::Result<SocketAddress> {
        if let Some(name) = address.as_abstract_name() {
            return SocketAddress::unix_abstract(name);
        }
        match address.as_pathname() {
            Some(path) => SocketAddress::unix(path),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the address of a Unix socket that has neither path nor name leads nowhere",
            )),
        }
    }
}

pub(crate) fn from_v4(address: &libc::sockaddr_in) -> SocketAddrV4 {
    SocketAddrV4::new(
        Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)),
        u16::from_be(address.sin_port),
    )
}

pub(crate) fn from_v6(address: &libc::sockaddr_in6) -> SocketAddrV6 {
    SocketAddrV6::new(
        Ipv6Addr::from(address.sin6_addr.s6_addr),
        u16::from_be(address.sin6_port),
        address.sin6_flowinfo,
        address.sin6_scope_id,
    )
}

impl From<SocketAddr> for SocketAddress {
    fn from(address: SocketAddr) -> SocketAddress {
        SocketAddress(match address {
            SocketAddr::V4(address) => Repr::V4(libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from(*address.ip()).to_be(),
                },
                sin_zero: [0; 8],
            }),
            SocketAddr::V6(address) => Repr::V6(libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: address.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: address.ip().octets(),
                },
                sin6_scope_id: address.scope_id(),
            }),
        })
    }
}

impl std::fmt::Debug for SocketAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.as_inet(), self.as_unix()) {
            (Some(address), _) => write!(f, "{address}"),
            (None, Some(address)) => write!(f, "{address:?}"),
            (None, None) => f.write_str("unknown"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::os::linux::net::SocketAddrExt;

    use super::{SocketAddress, UnixAddr};

    #[test]
    fn internet_addresses_survive_the_round_trip() {
        for text in [
            "127.0.0.1:80",
            "255.254.1.2:65535",
            "[::1]:443",
            "[fe80::1%7]:9",
        ] {
            let address: std::net::SocketAddr = text.parse().unwrap();
            assert_eq!(SocketAddress::from(address).as_inet(), Some(address));
        }
    }

    #[test]
    fn a_path_that_does_not_fit_is_refused() {
        assert!(SocketAddress::unix("/tmp/x").is_ok());
        assert!(SocketAddress::unix("x".repeat(107)).is_ok());
        assert!(SocketAddress::unix("x".repeat(108)).is_err());
        assert!(SocketAddress::unix("a\0b").is_err());
        assert!(SocketAddress::unix("").is_err());
        assert!(SocketAddress::unix_abstract("x".repeat(108)).is_err());
    }

    #[test]
    fn unix_addresses_survive_the_round_trip() {
        let long = "x".repeat(107);
        for path in ["/tmp/x", &long] {
            let address = SocketAddress::unix(path).unwrap().as_unix().unwrap();
            assert_eq!(address.as_pathname(), Some(path.as_ref()));
            assert!(SocketAddress::try_from(&address).is_ok());
        }
        for name in [&b""[..], b"name", b"a\0b", long.as_bytes()] {
            let address = SocketAddress::unix_abstract(name).unwrap().as_unix();
            assert_eq!(address.unwrap().as_abstract_name(), Some(name));
        }
        let unnamed = UnixAddr::from_pathname("").unwrap();
        assert!(SocketAddress::try_from(&unnamed).is_err());
    }
}
