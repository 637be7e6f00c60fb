//! A closed loop of HTTP requests over connections that are kept alive: each has one in flight, and no more.
//!
//! All answers are of one length, which the first one tells. Of every other the beginning, the length and the body are checked.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use socket2::Socket;

use crate::load::echo::LONGEST_NS;
use crate::load::{Load, LoadConfig, SILENCE, Tally};
use crate::poller::Poller;

/// As a load generator such as `wrk` asks.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

/// How an answer begins.
const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";

/// The longest head of an answer.
const LONGEST_HEAD: usize = 4096;

/// The connections.
pub(super) struct Http {
    poller: Poller,
    connections: Vec<Connection>,
    /// An answer: its length, and what it ends with.
    length: usize,
    body: Vec<u8>,
    latency: Histogram<u64>,
    requests: u64,
}

struct Connection {
    socket: Socket,
    /// What has come of the answer.
    answer: Vec<u8>,
    received: usize,
    begun: Instant,
}

impl Http {
    /// Opens the connections, and makes a request on each.
    pub(super) fn begin(config: &LoadConfig) -> io::Result<Self> {
        let (length, body) = ask(&mut config.target.connect()?, config.size)?;
        let poller = Poller::new(config.connections)?;
        let mut connections = Vec::with_capacity(config.connections);
        for index in 0..config.connections {
            let socket = config.target.connect()?;
            socket.set_nonblocking(true)?;
            poller.add(&socket, libc::EPOLLIN, index)?;
            // One byte more than an answer, so that surplus bytes show, and a read that takes all does not fill it.
            let answer = vec![0; length + 1];
            connections.push(Connection {
                socket,
                answer,
                received: 0,
                begun: Instant::now(),
            });
        }
        let latency = Histogram::new_with_bounds(1, LONGEST_NS, 3)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let mut http = Self {
            poller,
            connections,
            length,
            body,
            latency,
            requests: 0,
        };
        for connection in &mut http.connections {
            connection.begin(Instant::now())?;
        }
        Ok(http)
    }

    /// Takes what has come; the next request follows a whole answer.
    fn serve(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        loop {
            let count = match connection
                .socket
                .read(&mut connection.answer[connection.received..])
            {
                Ok(0) => return Err(io::Error::other("the server has closed a connection")),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            connection.received += count;
            if connection.received < self.length {
                continue;
            }
            let answer = &connection.answer[..connection.received];
            let is_right = answer.len() == self.length
                && answer.starts_with(OK)
                && answer.ends_with(&self.body);
            if !is_right {
                let text = String::from_utf8_lossy(answer);
                return Err(io::Error::other(format!("a wrong answer: {text}")));
            }
            let now = Instant::now();
            let nanos = (now - connection.begun).as_nanos() as u64;
            self.latency.saturating_record(nanos);
            self.requests += 1;
            return connection.begin(now);
        }
    }
}

impl Connection {
    fn begin(&mut self, now: Instant) -> io::Result<()> {
        self.received = 0;
        self.begun = now;
        // It fits: nothing else is in flight.
        self.socket.write_all(REQUEST)
    }
}

/// Makes one request, in blocking mode: the length of an answer, and its body of `size` bytes.
fn ask(socket: &mut Socket, size: usize) -> io::Result<(usize, Vec<u8>)> {
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.write_all(REQUEST)?;
    let mut answer = Vec::new();
    loop {
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
        match head {
            Some(head) if answer.len() == head + 4 + size => {
                return Ok((answer.len(), answer[head + 4..].to_vec()));
            }
            None if answer.len() < LONGEST_HEAD => {}
            Some(head) if answer.len() < head + 4 + size => {}
            _ => return Err(io::Error::other("no such answer was asked for")),
        }
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece)?;
        if count == 0 {
            return Err(io::Error::other("the server has closed a connection"));
        }
        answer.extend_from_slice(&piece[..count]);
    }
}

impl Load for Http {
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
            let ready = self.poller.wait(Some((deadline - now).min(SILENCE)))?;
            for position in 0..ready {
                self.serve(self.poller.event(position).token)?;
                last = now;
            }
        }
    }

    fn begin_window(&mut self) {
        self.requests = 0;
        self.latency.reset();
    }

    fn end(self) -> Tally {
        Tally {
            requests: self.requests,
            errors: 0,
            first_error: None,
            latency: Some(self.latency),
        }
    }
}
