//! What a server can be asked to do.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process;

use clap::ValueEnum;

use crate::server::socket;

/// Connections that may wait to be accepted: more than any race opens at once.
const BACKLOG: libc::c_int = 4096;

/// What the kernel may keep of datagrams: more than all clients of a race have in flight, bytes of bookkeeping included.
const DATAGRAM_BYTES: usize = 4 << 20;

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// TCP echo: reads up to one buffer, writes all of it back, begins again.
    Tcp,
    /// The same over Unix stream sockets.
    Unix,
    /// Every datagram goes back to where it came from.
    Udp,
    /// TCP echo by whatever a subject offers for connections that say little: without a buffer while nothing arrives.
    Sparse,
    /// Reads whatever a connection sends, and throws it away.
    Receive,
    /// Writes one buffer after the other to each connection.
    Send,
    /// Accepts, and closes.
    Accept,
    /// Answers HTTP requests with a body of one buffer, over connections that are kept alive.
    Http,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_possible_value() {
            Some(value) => f.write_str(value.get_name()),
            None => Ok(()),
        }
    }
}

/// What to serve.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is served.
    pub service: Service,
    /// Buffer of a connection, in bytes.
    pub size: usize,
}

impl Config {
    /// Binds a TCP listener and announces its address.
    pub(super) fn tcp(&self) -> io::Result<TcpListener> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        socket::listen(&listener, BACKLOG)?;
        self.announce(listener.local_addr()?);
        Ok(listener)
    }

    /// Binds a Unix listener and announces its path.
    pub(super) fn unix(&self) -> io::Result<UnixListener> {
        let path = self.unix_path();
        let listener = UnixListener::bind(&path)?;
        socket::listen(&listener, BACKLOG)?;
        self.announce(path.display());
        Ok(listener)
    }

    /// Binds whichever listener the service has streams of, for the bare loops.
    pub(super) fn stream_listener(&self) -> io::Result<OwnedFd> {
        Ok(match self.service {
            Service::Unix => self.unix()?.into(),
            _ => self.tcp()?.into(),
        })
    }

    /// Where this process may listen. Who is told of it removes it.
    pub(super) fn unix_path(&self) -> PathBuf {
        env::temp_dir().join(format!("corio-bench-{}.sock", process::id()))
    }

    /// Binds a UDP socket, with room for the datagrams of all clients, and announces its address.
    pub(super) fn udp(&self) -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket2::SockRef::from(&socket).set_recv_buffer_size(DATAGRAM_BYTES)?;
        self.announce(socket.local_addr()?);
        Ok(socket)
    }

    /// Tells the parent process where this server listens: the address, alone on a line.
    pub(super) fn announce(&self, address: impl fmt::Display) {
        println!("{address}");
        // A parent that is gone ends this process through its standard input.
        let _ = io::stdout().flush();
    }
}
