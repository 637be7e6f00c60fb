//! One connection of the load generator, or one socket that sends datagrams: at most one request in flight.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::load::pattern::Pattern;
use crate::load::target::Target;

/// A connection and the request that is in flight on it.
pub(crate) struct Connection {
    socket: Socket,
    index: usize,
    request: u64,
    sent: usize,
    received: usize,
    started: Instant,
}

/// Why a connection is given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The bytes that came back are not the bytes that were sent.
    #[error("connection {0}, request {1}: the bytes that came back differ from those sent")]
    Differs(usize, u64),
    /// More bytes came back than were sent.
    #[error("connection {0}, request {1}: more bytes came back than were sent")]
    Surplus(usize, u64),
    /// No answer has come; a datagram may have been lost.
    #[error("connection {0}, request {1}: no answer")]
    Overdue(usize, u64),
    /// The server closed the connection.
    #[error("connection {0}, request {1}: closed by the server")]
    Closed(usize, u64),
    /// The socket failed.
    #[error("connection {0}, request {1}: {2}")]
    Socket(usize, u64, #[source] io::Error),
}

impl Connection {
    /// Connects, in non-blocking mode.
    pub(crate) fn open(target: &Target, index: usize) -> io::Result<Self> {
        let socket = target.connect()?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            index,
            request: 0,
            sent: 0,
            received: 0,
            started: Instant::now(),
        })
    }

    /// The socket, for registration with a poller.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Whether the answer to the request in flight has been due for longer than `patience`.
    pub(crate) fn is_overdue(&self, now: Instant, patience: Duration) -> Option<Fault> {
        let waits = self.request > 0 && now.saturating_duration_since(self.started) > patience;
        waits.then_some(Fault::Overdue(self.index, self.request))
    }

    /// Begins the next request at `now`.
    pub(crate) fn begin(&mut self, pattern: &Pattern, now: Instant) -> Result<(), Fault> {
        self.request += 1;
        self.sent = 0;
        self.received = 0;
        self.started = now;
        self.write(pattern)
    }

    /// Writes what the socket takes of the request.
    pub(crate) fn write(&mut self, pattern: &Pattern) -> Result<(), Fault> {
        let payload = pattern.payload(self.index, self.request);
        while self.sent < payload.len() {
            match self.socket.write(&payload[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Socket(self.index, self.request, error)),
            }
        }
        Ok(())
    }

    /// Reads what is there into `scratch` and checks it; returns when the request began once its
    /// last byte is back.
    pub(crate) fn read(
        &mut self,
        pattern: &Pattern,
        scratch: &mut [u8],
    ) -> Result<Option<Instant>, Fault> {
        let payload = pattern.payload(self.index, self.request);
        loop {
            let count = match self.socket.read(scratch) {
                Ok(0) => return Err(Fault::Closed(self.index, self.request)),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Fault::Socket(self.index, self.request, error)),
            };
            let Some(expected) = payload.get(self.received..self.received + count) else {
                return Err(Fault::Surplus(self.index, self.request));
            };
            if scratch[..count] != *expected {
                return Err(Fault::Differs(self.index, self.request));
            }
            self.received += count;
            if self.received == payload.len() {
                return Ok(Some(self.started));
            }
            // With edge-triggered readiness a read that does not fill the buffer has emptied the
            // socket: the next byte makes a new edge.
            if count < scratch.len() {
                return Ok(None);
            }
        }
    }
}
