//! Socket addresses in the kernel's form.

use std::io;
use std::mem::{offset_of, size_of};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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
    /// `InvalidInput` when the path does not fit (108 bytes with the final zero) or holds a zero byte.
    pub fn unix(path: impl AsRef<Path>) -> io::Result<SocketAddress> {
        let path = path.as_ref().as_os_str().as_bytes();
        let mut address = libc::sockaddr_un {
            sun_family: libc::AF_UNIX as libc::sa_family_t,
            sun_path: [0; 108],
        };
        if path.len() >= address.sun_path.len() || path.contains(&0) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the path of a Unix socket holds at most 107 bytes, none of them zero",
            ));
        }
        for (to, from) in address.sun_path.iter_mut().zip(path) {
            *to = *from as libc::c_char;
        }
        let len = offset_of!(libc::sockaddr_un, sun_path) + path.len() + 1;
        Ok(SocketAddress(Repr::Unix(
            Box::new(address),
            len as libc::socklen_t,
        )))
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
        match self.as_inet() {
            Some(address) => write!(f, "{address}"),
            None => f.write_str("unix"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::SocketAddress;

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
    }
}
