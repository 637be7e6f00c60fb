//! A closed loop over many connections: each keeps one request in flight.
//!
//! It sends a payload, reads until all of it is back, checks it byte for byte, records how long that took, and begins the
//! next. The loop is bare `epoll`, edge-triggered, with one `write` and one `read` a request, so that the generator costs less
//! than any server that it measures.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::load::connection::{Connection, Fault};
use crate::load::pattern::Pattern;
use crate::load::{Load, LoadConfig, SILENCE, Tally};
use crate::poller::{Event, Poller};

/// Longest latency that the histogram tells apart, in nanoseconds.
pub(super) const LONGEST_NS: u64 = 60_000_000_000;

/// A request that is not answered for this long is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connections, and what came back on them.
pub(super) struct Echo {
    poller: Poller,
    pattern: Pattern,
    connections: Vec<Option<Connection>>,
    scratch: Vec<u8>,
    latency: Histogram<u64>,
    requests: u64,
    errors: u64,
    first_error: Option<Fault>,
}

impl Echo {
    /// Opens the connections, and begins a request on those that are active.
    pub(super) fn begin(config: &LoadConfig) -> io::Result<Self> {
        let mut echo = Self::open(config)?;
        if config.active < config.connections {
            echo.await_all(config)?;
        }
        // The active ones lie among the others, as far from each other as can be.
        let stride = (config.connections / config.active.max(1)).max(1);
        for index in (0..config.connections).step_by(stride).take(config.active) {
            if let Some(connection) = &mut echo.connections[index] {
                let outcome = connection.begin(&echo.pattern, Instant::now());
                echo.settle(index, outcome);
            }
        }
        Ok(echo)
    }

    fn open(config: &LoadConfig) -> io::Result<Self> {
        let poller = Poller::new(config.connections)?;
        let mut connections = Vec::with_capacity(config.connections);
        for index in 0..config.connections {
            let connection = Connection::open(&config.target, index)?;
            poller.add(connection.socket(), libc::EPOLLIN | libc::EPOLLOUT, index)?;
            connections.push(Some(connection));
        }
        let latency = Histogram::new_with_bounds(1, LONGEST_NS, 3)
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self {
            poller,
            pattern: Pattern::new(config.size),
            connections,
            // One byte more than a payload, so that surplus bytes show.
            scratch: vec![0; (config.size + 1).max(65_536)],
            latency,
            requests: 0,
            errors: 0,
            first_error: None,
        })
    }

    /// Waits until the server has accepted all connections: it answers on one that came after them.
    fn await_all(&self, config: &LoadConfig) -> io::Result<()> {
        let mut last = config.target.connect()?;
        let payload = self.pattern.payload(0, 0);
        last.write_all(payload)?;
        last.read_exact(&mut vec![0; payload.len()])
    }

    /// Handles one event; leaves in `now` the time of the answer, if one is whole.
    fn serve(&mut self, event: Event, now: &mut Instant) -> Result<(), Fault> {
        let Some(connection) = &mut self.connections[event.token] else {
            return Ok(());
        };
        if event.writable {
            connection.write(&self.pattern)?;
        }
        if event.readable
            && let Some(started) = connection.read(&self.pattern, &mut self.scratch)?
        {
            *now = Instant::now();
            self.requests += 1;
            let nanos = (*now - started).as_nanos() as u64;
            self.latency.saturating_record(nanos);
            connection.begin(&self.pattern, *now)?;
        }
        Ok(())
    }

    fn settle(&mut self, index: usize, outcome: Result<(), Fault>) {
        if let Err(fault) = outcome {
            self.connections[index] = None;
            self.errors += 1;
            self.first_error.get_or_insert(fault);
        }
    }
}

impl Load for Echo {
    fn load_until(&mut self, deadline: Instant) -> io::Result<()> {
        let mut last_answer = Instant::now();
        loop {
            let mut now = Instant::now();
            if now >= deadline {
                return Ok(());
            }
            if now - last_answer > SILENCE {
                return Err(io::Error::other("the server is silent"));
            }
            let ready = self.poller.wait(Some((deadline - now).min(SILENCE)))?;
            for position in 0..ready {
                let event = self.poller.event(position);
                let outcome = self.serve(event, &mut now);
                self.settle(event.token, outcome);
            }
            if ready > 0 {
                last_answer = now;
            }
            if self.connections.iter().all(Option::is_none) {
                return Err(io::Error::other(match &self.first_error {
                    Some(fault) => format!("no connection is left; first: {fault}"),
                    None => "no connection is left".to_owned(),
                }));
            }
        }
    }

    fn begin_window(&mut self) {
        self.requests = 0;
        self.latency.reset();
    }

    fn end(mut self) -> Tally {
        let now = Instant::now();
        let overdue: Vec<Fault> = self
            .connections
            .iter()
            .flatten()
            .filter_map(|connection| connection.is_overdue(now, PATIENCE))
            .collect();
        self.errors += overdue.len() as u64;
        let first_error = self.first_error.or(overdue.into_iter().next());
        Tally {
            requests: self.requests,
            errors: self.errors,
            first_error: first_error.map(|fault| fault.to_string()),
            latency: Some(self.latency),
        }
    }
}
