//! The socket options of a connection.

use std::io;
use std::time::Duration;

use socket2::TcpKeepalive;

use crate::net::family::Family;
use crate::net::stream::{Stream, TcpStream};

/// # Socket options
///
/// Each fails only as the kernel says.
#[allow(clippy::missing_errors_doc, reason = "said once for all")]
impl<F: Family> Stream<F> {
    /// Sets the bytes of the kernel's send buffer (`SO_SNDBUF`); the kernel doubles it, and enforces a minimum and a maximum.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket().options().set_send_buffer_size(bytes)
    }

    /// Bytes of the kernel's send buffer, as it has doubled them.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.socket().options().send_buffer_size()
    }

    /// Sets the bytes of the kernel's receive buffer (`SO_RCVBUF`); the kernel doubles it, and enforces a minimum and a
    /// maximum.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket().options().set_recv_buffer_size(bytes)
    }

    /// Bytes of the kernel's receive buffer, as it has doubled them.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.socket().options().recv_buffer_size()
    }

    /// Takes the error that the connection has met and nobody was told of, if any (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket().options().take_error()
    }
}

/// When the kernel asks a silent TCP peer whether it is still there, and when it takes silence for an answer; see
/// [`TcpStream::set_keepalive_probes`](super::Stream::set_keepalive_probes).
///
/// `None` leaves the system's setting. Times are rounded down to whole seconds, of which there is at least one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepaliveProbes {
    /// Silence before the first probe (`TCP_KEEPIDLE`); the system's default is two hours.
    pub idle: Option<Duration>,
    /// Time between probes (`TCP_KEEPINTVL`); the system's default is 75 seconds.
    pub interval: Option<Duration>,
    /// Probes without an answer that end the connection (`TCP_KEEPCNT`); the system's default is 9.
    pub retries: Option<u32>,
}

impl KeepaliveProbes {
    pub(crate) fn for_socket2(&self) -> TcpKeepalive {
        let mut keepalive = TcpKeepalive::new();
        if let Some(idle) = self.idle {
            keepalive = keepalive.with_time(idle);
        }
        if let Some(interval) = self.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = self.retries {
            keepalive = keepalive.with_retries(retries);
        }
        keepalive
    }
}

/// # Socket options of TCP
///
/// Each fails only as the kernel says.
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
            Some(_) => self.set_keepalive_probes(KeepaliveProbes {
                idle,
                ..KeepaliveProbes::default()
            }),
            None => self.socket().options().set_keepalive(false),
        }
    }

    /// As [`set_keepalive`](Self::set_keepalive), and says how often and how many times it asks.
    pub fn set_keepalive_probes(&self, probes: KeepaliveProbes) -> io::Result<()> {
        let options = self.socket().options();
        options.set_tcp_keepalive(&probes.for_socket2())
    }

    /// How a silent peer is probed; `None` if it is not.
    pub fn keepalive(&self) -> io::Result<Option<KeepaliveProbes>> {
        let options = self.socket().options();
        if !options.keepalive()? {
            return Ok(None);
        }
        Ok(Some(KeepaliveProbes {
            idle: Some(options.tcp_keepalive_time()?),
            interval: Some(options.tcp_keepalive_interval()?),
            retries: Some(options.tcp_keepalive_retries()?),
        }))
    }

    /// What closing does with data that was not sent (`SO_LINGER`): `Some(0)` throws it away and resets the connection,
    /// `Some(time)` waits for it, `None` sends it in the background, which is the default.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.socket().options().set_linger(linger)
    }

    /// What closing does with data that was not sent.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.socket().options().linger()
    }

    /// Hops that packets may take (`IP_TTL`). IPv4 only.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.socket().options().set_ttl_v4(hops)
    }

    /// Hops that packets may take. IPv4 only.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket().options().ttl_v4()
    }

    /// Hops that packets may take (`IPV6_UNICAST_HOPS`). IPv6 only.
    pub fn set_hop_limit(&self, hops: u32) -> io::Result<()> {
        self.socket().options().set_unicast_hops_v6(hops)
    }

    /// Hops that packets may take. IPv6 only.
    pub fn hop_limit(&self) -> io::Result<u32> {
        self.socket().options().unicast_hops_v6()
    }

    /// Acknowledges what arrives at once instead of with the next write (`TCP_QUICKACK`). The kernel goes back by itself, so
    /// it is to be set again, after reading for example.
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        self.socket().options().set_tcp_quickack(quickack)
    }

    /// Whether what arrives is acknowledged at once.
    pub fn quickack(&self) -> io::Result<bool> {
        self.socket().options().tcp_quickack()
    }

    /// How long what was sent may stay unacknowledged before the connection ends with `TimedOut` (`TCP_USER_TIMEOUT`); `None`
    /// leaves it to the system.
    pub fn set_user_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket().options().set_tcp_user_timeout(timeout)
    }

    /// How long what was sent may stay unacknowledged.
    pub fn user_timeout(&self) -> io::Result<Option<Duration>> {
        self.socket().options().tcp_user_timeout()
    }

    /// The largest segment that is sent, in bytes (`TCP_MAXSEG`).
    pub fn max_segment(&self) -> io::Result<u32> {
        self.socket().options().tcp_mss()
    }
}
