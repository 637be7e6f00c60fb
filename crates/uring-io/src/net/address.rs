//! What may stand for an address: a literal, or a name that is looked up on the blocking pool.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Something that stands for one or several socket addresses.
///
/// A [`SocketAddr`], a pair of IP address and port, a slice of `SocketAddr`; text such as `"127.0.0.1:80"`,
/// `"[::1]:80"` or `"localhost:80"`, and pairs of text and port. Literals cost nothing; names are looked up by the
/// system's resolver (`getaddrinfo`) on the context's blocking pool, as it may take seconds.
///
/// The trait is sealed.
pub trait ToSocketAddrs: sealed::Resolve {}

impl<T: sealed::Resolve> ToSocketAddrs for T {}

/// A target, before it is looked up.
pub enum Resolution {
    /// Nothing to look up.
    Known(Vec<SocketAddr>),
    /// A host's name and a port.
    Name(String, u16),
    /// Neither.
    Invalid(String),
}

mod sealed {
    /// The working side of [`ToSocketAddrs`](super::ToSocketAddrs).
    pub trait Resolve {
        /// Parses what can be parsed.
        fn resolution(self) -> super::Resolution;
    }
}
use sealed::Resolve;

/// The addresses that `target` stands for: at least one.
///
/// # Errors
///
/// `InvalidInput` if the text is no address, and what the resolver says.
async fn resolve(target: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let (addresses, text) = match target.resolution() {
        Resolution::Known(addresses) => (addresses, String::from("an empty list")),
        Resolution::Name(host, port) => (look_up(host.clone(), port).await?, host),
        Resolution::Invalid(text) => {
            let message = format!(
                "`{text}` is no address: write `host:port`, as in `127.0.0.1:80` or `[::1]:80`"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
    };
    if addresses.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{text} holds no address"),
        ));
    }
    Ok(addresses)
}

/// What `open` makes of the first address that it succeeds with, of those that `target` stands for.
///
/// # Errors
///
/// That of the last address tried; those of [`resolve`].
pub(crate) async fn first<T>(
    target: impl ToSocketAddrs,
    open: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = None;
    for address in resolve(target).await? {
        match open(address).await {
            Ok(opened) => return Ok(opened),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

async fn look_up(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let name = host.clone();
    let looked_up = context::spawn_blocking(move || {
        std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port)).map(Iterator::collect)
    });
    looked_up
        .await
        .map_err(io::Error::other)?
        .map_err(|error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("the name `{host}` was not resolved: {error}"),
            )
        })
}

impl Resolve for SocketAddr {
    fn resolution(self) -> Resolution {
        Resolution::Known(vec![self])
    }
}

impl Resolve for SocketAddrV4 {
    fn resolution(self) -> Resolution {
        SocketAddr::from(self).resolution()
    }
}

impl Resolve for SocketAddrV6 {
    fn resolution(self) -> Resolution {
        SocketAddr::from(self).resolution()
    }
}

impl Resolve for (IpAddr, u16) {
    fn resolution(self) -> Resolution {
        SocketAddr::from(self).resolution()
    }
}

impl Resolve for (Ipv4Addr, u16) {
    fn resolution(self) -> Resolution {
        SocketAddr::from(self).resolution()
    }
}

impl Resolve for (Ipv6Addr, u16) {
    fn resolution(self) -> Resolution {
        SocketAddr::from(self).resolution()
    }
}

impl Resolve for &[SocketAddr] {
    fn resolution(self) -> Resolution {
        Resolution::Known(self.to_vec())
    }
}

impl Resolve for Vec<SocketAddr> {
    fn resolution(self) -> Resolution {
        Resolution::Known(self)
    }
}

impl Resolve for (&str, u16) {
    fn resolution(self) -> Resolution {
        let (host, port) = self;
        match host.parse::<IpAddr>() {
            Ok(ip) => (ip, port).resolution(),
            Err(_) => Resolution::Name(host.to_owned(), port),
        }
    }
}

impl Resolve for (String, u16) {
    fn resolution(self) -> Resolution {
        (self.0.as_str(), self.1).resolution()
    }
}

impl Resolve for &str {
    fn resolution(self) -> Resolution {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return address.resolution();
        }
        match self.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !host.contains([':', '[', ']']) => {
                match port.parse() {
                    Ok(port) => Resolution::Name(host.to_owned(), port),
                    Err(_) => Resolution::Invalid(self.to_owned()),
                }
            }
            _ => Resolution::Invalid(self.to_owned()),
        }
    }
}

impl Resolve for String {
    fn resolution(self) -> Resolution {
        self.as_str().resolution()
    }
}

impl Resolve for &String {
    fn resolution(self) -> Resolution {
        self.as_str().resolution()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Resolution, Resolve};

    fn shown(resolution: Resolution) -> String {
        match resolution {
            Resolution::Known(addresses) => format!("{addresses:?}"),
            Resolution::Name(host, port) => format!("{host} {port}"),
            Resolution::Invalid(text) => format!("invalid {text}"),
        }
    }

    #[test]
    fn literals_are_told_from_names() {
        assert_eq!(shown("127.0.0.1:80".resolution()), "[127.0.0.1:80]");
        assert_eq!(shown("[::1]:443".resolution()), "[[::1]:443]");
        assert_eq!(shown(("::1", 9).resolution()), "[[::1]:9]");
        assert_eq!(shown("localhost:7000".resolution()), "localhost 7000");
        assert_eq!(shown(("example.org", 80).resolution()), "example.org 80");
    }

    #[test]
    fn what_is_neither_is_invalid() {
        for text in [
            "",
            "localhost",
            ":80",
            "localhost:http",
            "localhost:70000",
            "::1:80",
            "[::1]",
        ] {
            assert_eq!(shown(text.resolution()), format!("invalid {text}"));
        }
    }
}
