//! The socket options of a TCP connection.

use std::io;
use std::time::Duration;

use socket2::TcpKeepalive;

use crate::net::stream::TcpStream;

/// Socket options. Each fails only as the kernel says.
#[allow(clippy::missing_errors_doc, reason = "said once for all")]
impl TcpStream {
    /// Sends small writes at once instead of collecting them (`TCP_NODELAY`).
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket().options().set_tcp_nodelay(nodelay)
    }

    /// Whether small writes are sent at once.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket().options().tcp_nodelay()
    }

    /// Probes a silent peer after this time, and ends the connection if it does not answer (`SO_KEEPALIVE`,
    /// `TCP_KEEPIDLE`); `None` never.
    pub fn set_keepalive(&self, idle: Option<Duration>) -> io::Result<()> {
        match idle {
            Some(idle) => self
                .socket()
                .options()
                .set_tcp_keepalive(&TcpKeepalive::new().with_time(idle)),
            None => self.socket().options().set_keepalive(false),
        }
    }

    /// What closing does with data that was not sent (`SO_LINGER`): `Some(0)` throws it away and resets the connection,
    /// `Some(time)` waits for it, `None` sends it in the background, which is the default.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.socket().options().set_linger(linger)
    }

    /// Hops that packets may take (`IP_TTL`). IPv4 only.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.socket().options().set_ttl_v4(hops)
    }

    /// Bytes of the kernel's send buffer (`SO_SNDBUF`); the kernel doubles it, and enforces a minimum and a maximum.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket().options().set_send_buffer_size(bytes)
    }

    /// Bytes of the kernel's receive buffer (`SO_RCVBUF`); the kernel doubles it, and enforces a minimum and a maximum.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket().options().set_recv_buffer_size(bytes)
    }
}
