//! The load generator: a client of a server in another process, on one thread.
//!
//! What it does depends on the service: it keeps requests in flight ([`echo`]), sends or receives as much as it can
//! ([`one_way`]), asks by HTTP ([`http`]), comes and goes ([`visits`]), or comes and stays ([`idle`]).
//!
//! The generator reads the server's counters itself at both ends of the measured window: a third
//! process that was told about them would have to be woken first, on a core that is in use.

mod connection;
mod echo;
mod http;
mod idle;
mod observe;
mod one_way;
mod pattern;
mod report;
mod target;
mod visits;

use std::io;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::load::echo::Echo;
use crate::load::http::Http;
use crate::load::observe::Usage;
use crate::load::one_way::OneWay;
use crate::load::visits::Visits;
use crate::server::Service;

pub use crate::load::observe::ServerUsage;
pub use crate::load::report::{LatencyNs, LoadReport};
pub use crate::load::target::Target;

/// No answer at all for this long means that the server hangs.
const SILENCE: Duration = Duration::from_secs(5);

/// What to load, and for how long.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// What the server does.
    pub service: Service,
    /// Where it listens.
    pub target: Target,
    /// Connections, or sockets that send datagrams.
    pub connections: usize,
    /// Those among them that have a request in flight. With none, all make one request each and stay, and the server's
    /// memory is reported.
    pub active: usize,
    /// Payload of one request, in bytes.
    pub size: usize,
    /// Load before anything is measured.
    pub warm_up: Duration,
    /// The measured window.
    pub window: Duration,
    /// The server's process, whose use of the machine is reported.
    pub server: Option<u32>,
}

/// A kind of load.
trait Load {
    /// Goes on until `deadline`.
    fn load_until(&mut self, deadline: Instant) -> io::Result<()>;

    /// Forgets what was counted so far.
    fn begin_window(&mut self);

    /// What was counted since.
    fn end(self) -> Tally;
}

/// What came of a load.
struct Tally {
    /// Operations that were done within the window.
    requests: u64,
    errors: u64,
    first_error: Option<String>,
    latency: Option<Histogram<u64>>,
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
    if config.active == 0 {
        return idle::run(config);
    }
    match config.service {
        Service::Tcp | Service::Unix | Service::Udp | Service::Sparse => {
            measure(config, Echo::begin(config)?)
        }
        Service::Receive | Service::Send => measure(config, OneWay::begin(config)?),
        Service::Accept => measure(config, Visits::begin(config)?),
        Service::Http => measure(config, Http::begin(config)?),
    }
}

fn measure(config: &LoadConfig, mut load: impl Load) -> io::Result<LoadReport> {
    load.load_until(Instant::now() + config.warm_up)?;
    load.begin_window();
    let before = config.server.map(Usage::of).transpose()?;
    let begin = Instant::now();
    load.load_until(begin + config.window)?;
    let elapsed = begin.elapsed();
    let server = match (config.server, before) {
        (Some(pid), Some(before)) => Some(Usage::of(pid)?.since(&before, pid)?),
        _ => None,
    };
    let tally = load.end();
    Ok(LoadReport {
        requests: tally.requests,
        elapsed_ns: elapsed.as_nanos() as u64,
        errors: tally.errors,
        first_error: tally.first_error,
        latency_ns: tally.latency.as_ref().map(LatencyNs::of),
        server,
        resident_bytes: None,
    })
}
