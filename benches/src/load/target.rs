//! Where a server listens, and how to connect to it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::server::Service;

/// A server's address.
#[derive(Clone, Debug)]
pub struct Target {
    address: SockAddr,
    domain: Domain,
    kind: Type,
}

impl Target {
    /// The address that a server of `service` has printed.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(service: Service, address: &str) -> io::Result<Self> {
        if service == Service::Unix {
            return Ok(Self {
                address: SockAddr::unix(Path::new(address))?,
                domain: Domain::UNIX,
                kind: Type::STREAM,
            });
        }
        let address: SocketAddr = address.parse().map_err(io::Error::other)?;
        Ok(Self {
            domain: Domain::for_address(address),
            address: address.into(),
            kind: match service {
                Service::Udp => Type::DGRAM,
                _ => Type::STREAM,
            },
        })
    }

    /// A blocking socket that is connected to it, without Nagle's algorithm.
    ///
    /// It goes with a reset, so that tens of thousands of connections leave no address behind that nobody can use for a
    /// minute.
    pub(crate) fn connect(&self) -> io::Result<Socket> {
        let socket = Socket::new(self.domain, self.kind, None)?;
        socket.connect(&self.address)?;
        if self.kind == Type::STREAM && self.domain != Domain::UNIX {
            socket.set_tcp_nodelay(true)?;
            socket.set_linger(Some(Duration::ZERO))?;
        }
        Ok(socket)
    }
}
