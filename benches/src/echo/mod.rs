//! Echo servers that do the same work, one file per subject.
//!
//! Each serves any number of connections on one thread with a task per connection: it reads up to
//! one buffer, writes back all of it, and begins again. Each is written as its own documentation
//! shows, at the settings that measured best.

#[cfg(feature = "compio")]
mod compio;
mod corio;
#[cfg(feature = "glommio")]
mod glommio;
#[cfg(feature = "monoio")]
mod monoio;
mod net_epoll_legacy;
mod raw_epoll;
mod raw_uring;
#[cfg(feature = "smol")]
mod smol;
mod socket;
#[cfg(feature = "tokio")]
mod tokio;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

/// Connections that may wait to be accepted: more than any race opens at once.
const BACKLOG: libc::c_int = 4096;

/// What to serve.
#[derive(Clone, Debug)]
pub struct EchoConfig {
    /// Where to listen; port 0 takes a free port.
    pub address: SocketAddr,
    /// Buffer of a connection, in bytes.
    pub size: usize,
}

impl EchoConfig {
    /// Binds a listener and announces its address.
    fn bind(&self) -> io::Result<TcpListener> {
        let listener = TcpListener::bind(self.address)?;
        socket::listen(&listener, BACKLOG)?;
        self.announce(listener.local_addr()?);
        Ok(listener)
    }

    /// Tells the parent process where this server listens: the address, alone on a line.
    fn announce(&self, address: SocketAddr) {
        println!("{address}");
        // A parent that is gone ends this process through its standard input.
        let _ = io::stdout().flush();
    }
}

/// An echo server by name.
#[derive(Clone, Copy, Debug)]
pub struct EchoSubject {
    /// What the command line calls it.
    pub name: &'static str,
    /// Serves until an error or the end of the process.
    pub serve: fn(&EchoConfig) -> io::Result<()>,
}

/// Every subject of this build.
pub const SUBJECTS: &[EchoSubject] = &[
    EchoSubject {
        name: "raw-uring",
        serve: raw_uring::multishot,
    },
    EchoSubject {
        name: "raw-uring:one-shot",
        serve: raw_uring::one_shot,
    },
    EchoSubject {
        name: "raw-uring:poll-first",
        serve: raw_uring::poll_first,
    },
    EchoSubject {
        name: "raw-uring:pair",
        serve: raw_uring::pair,
    },
    EchoSubject {
        name: "raw-uring:call",
        serve: raw_uring::call,
    },
    EchoSubject {
        name: "raw-epoll",
        serve: raw_epoll::serve,
    },
    EchoSubject {
        name: "corio",
        serve: corio::pooled,
    },
    EchoSubject {
        name: "corio:read",
        serve: corio::owned,
    },
    EchoSubject {
        name: "net-epoll-legacy",
        serve: net_epoll_legacy::serve,
    },
    #[cfg(feature = "tokio")]
    EchoSubject {
        name: "tokio",
        serve: tokio::serve,
    },
    #[cfg(feature = "monoio")]
    EchoSubject {
        name: "monoio",
        serve: monoio::serve,
    },
    #[cfg(feature = "compio")]
    EchoSubject {
        name: "compio",
        serve: compio::serve,
    },
    #[cfg(feature = "glommio")]
    EchoSubject {
        name: "glommio",
        serve: glommio::serve,
    },
    #[cfg(feature = "smol")]
    EchoSubject {
        name: "smol",
        serve: smol::serve,
    },
];
