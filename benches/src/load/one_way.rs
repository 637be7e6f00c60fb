//! One direction only, as fast as it goes: writes whole payloads to a server that reads, or reads from one that writes.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::load::{Load, LoadConfig, SILENCE, Tally};
use crate::poller::Poller;
use crate::server::Service;

/// Calls on one connection before the others have their turn.
const BATCH: usize = 16;

/// The connections, all in one direction.
pub(super) struct OneWay {
    poller: Poller,
    connections: Vec<Socket>,
    /// Which may not be blocked, as far as is known.
    ready: Vec<usize>,
    buffer: Vec<u8>,
    reads: bool,
    bytes: u64,
    size: u64,
}

impl OneWay {
    /// Opens the connections.
    pub(super) fn begin(config: &LoadConfig) -> io::Result<Self> {
        let poller = Poller::new(config.connections)?;
        let reads = config.service == Service::Send;
        let interest = if reads { libc::EPOLLIN } else { libc::EPOLLOUT };
        let mut connections = Vec::with_capacity(config.connections);
        for index in 0..config.connections {
            let socket = config.target.connect()?;
            socket.set_nonblocking(true)?;
            poller.add(&socket, interest, index)?;
            connections.push(socket);
        }
        Ok(Self {
            poller,
            connections,
            ready: Vec::new(),
            // Larger than what is in flight, so that reading costs the generator less than writing costs the server.
            buffer: vec![0x5a; if reads { 1 << 20 } else { config.size }],
            reads,
            bytes: 0,
            size: config.size as u64,
        })
    }

    /// Goes on with one connection; false if it is blocked.
    fn go_on(&mut self, index: usize) -> io::Result<bool> {
        let socket = &mut self.connections[index];
        for _ in 0..BATCH {
            let outcome = match self.reads {
                true => socket.read(&mut self.buffer),
                false => socket.write(&self.buffer),
            };
            match outcome {
                Ok(0) => return Err(io::Error::other("the server has closed a connection")),
                Ok(count) => self.bytes += count as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

impl Load for OneWay {
    fn load_until(&mut self, deadline: Instant) -> io::Result<()> {
        let mut last = Instant::now();
        loop {
            let now = Instant::now();
            if now >= deadline {
                return Ok(());
            }
            if now - last > SILENCE {
                return Err(io::Error::other("the server is silent"));
            }
            let timeout = match self.ready.is_empty() {
                true => (deadline - now).min(SILENCE),
                false => Duration::ZERO,
            };
            for position in 0..self.poller.wait(Some(timeout))? {
                let token = self.poller.event(position).token;
                if !self.ready.contains(&token) {
                    self.ready.push(token);
                }
            }
            for index in std::mem::take(&mut self.ready) {
                last = now;
                if self.go_on(index)? {
                    self.ready.push(index);
                }
            }
        }
    }

    fn begin_window(&mut self) {
        self.bytes = 0;
    }

    fn end(self) -> Tally {
        Tally {
            requests: self.bytes / self.size,
            errors: 0,
            first_error: None,
            latency: None,
        }
    }
}
