//! The load generator: a closed loop over many connections on one thread.
//!
//! Every connection keeps one request in flight: it sends a payload, reads until all of it is
//! back, checks it byte for byte, records how long that took, and begins the next. The loop is
//! bare `epoll`, edge-triggered, with one `write` and one `read` a request, so that the generator
//! costs less than any server that it measures.
//!
//! The generator reads the server's counters itself at both ends of the measured window: a third
//! process that was told about them would have to be woken first, on a core that is in use.

mod connection;
mod observe;
mod pattern;
mod report;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::load::connection::{Connection, Fault};
use crate::load::observe::Usage;
use crate::load::pattern::Pattern;
use crate::poller::{Event, Poller};

pub use crate::load::observe::ServerUsage;
pub use crate::load::report::{LatencyNs, LoadReport};

/// Longest latency that the histogram tells apart, in nanoseconds.
const LONGEST_NS: u64 = 60_000_000_000;

/// No answer at all for this long means that the server hangs.
const SILENCE: Duration = Duration::from_secs(5);

/// What to load, and for how long.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Connections, each with one request in flight.
    pub connections: usize,
    /// Payload of one request, in bytes.
    pub size: usize,
    /// Load before anything is measured.
    pub warm_up: Duration,
    /// The measured window.
    pub window: Duration,
    /// The server's process, whose use of the machine is reported.
    pub server: Option<u32>,
}

/// Opens the connections, loads the server, and reports on the measured window.
///
/// A connection that fails is dropped and counted; the others go on.
///
/// # Errors
///
/// A connection cannot be opened, `epoll` fails, no connection is left, the server has been silent
/// for five seconds, or its counters cannot be read.
pub fn run(config: &LoadConfig) -> io::Result<LoadReport> {
    let mut generator = Generator::new(config)?;
    generator.start();
    generator.load_until(Instant::now() + config.warm_up)?;

    generator.requests = 0;
    generator.latency.reset();
    let before = config.server.map(Usage::of).transpose()?;
    let begin = Instant::now();
    generator.load_until(begin + config.window)?;
    let elapsed = begin.elapsed();
    let server = match (config.server, before) {
        (Some(pid), Some(before)) => Some(Usage::of(pid)?.since(&before, pid)?),
        _ => None,
    };

    Ok(LoadReport {
        requests: generator.requests,
        elapsed_ns: elapsed.as_nanos() as u64,
        errors: generator.errors,
        first_error: generator.first_error.map(|fault| fault.to_string()),
        latency_ns: LatencyNs::of(&generator.latency),
        server,
    })
}

struct Generator {
    poller: Poller,
    pattern: Pattern,
    connections: Vec<Option<Connection>>,
    scratch: Vec<u8>,
    latency: Histogram<u64>,
    requests: u64,
    errors: u64,
    first_error: Option<Fault>,
}

impl Generator {
    fn new(config: &LoadConfig) -> io::Result<Self> {
        let poller = Poller::new(config.connections)?;
        let mut connections = Vec::with_capacity(config.connections);
        for index in 0..config.connections {
            let connection = Connection::open(config.address, index)?;
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

    fn start(&mut self) {
        for index in 0..self.connections.len() {
            let Some(connection) = &mut self.connections[index] else {
                continue;
            };
            let outcome = connection.begin(&self.pattern, Instant::now());
            self.settle(index, outcome);
        }
    }

    /// Goes round the loop until `deadline`.
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
