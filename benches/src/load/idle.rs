//! Connections that come, make one request each, and stay without a word: what memory they cost the server.

use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::load::observe::{self, Usage};
use crate::load::pattern::Pattern;
use crate::load::{LoadConfig, LoadReport};

/// Connections that come before the first look, so that what a server sets up once does not count.
const FIRST: usize = 100;

/// What a server has to do when all have come is done after this.
const SETTLES: Duration = Duration::from_millis(50);

/// Opens the connections one after the other and reports what memory the server has gained by one.
///
/// # Errors
///
/// A connection fails or returns other bytes, or the server's counters cannot be read.
pub(super) fn run(config: &LoadConfig) -> io::Result<LoadReport> {
    let pattern = Pattern::new(config.size);
    let mut scratch = vec![0; config.size];
    let mut connections: Vec<Socket> = Vec::with_capacity(FIRST + config.connections);
    let mut open = |count: usize| -> io::Result<()> {
        for _ in 0..count {
            let mut socket = config.target.connect()?;
            socket.set_read_timeout(Some(Duration::from_secs(5)))?;
            let payload = pattern.payload(connections.len(), 1);
            socket.write_all(payload)?;
            socket.read_exact(&mut scratch)?;
            if scratch != payload {
                return Err(io::Error::other("the bytes that came back differ"));
            }
            connections.push(socket);
        }
        Ok(())
    };
    open(FIRST)?;
    thread::sleep(SETTLES);
    let before = config.server.map(Observed::of).transpose()?;
    let begin = Instant::now();
    open(config.connections)?;
    thread::sleep(SETTLES);
    let elapsed = begin.elapsed();
    let after = config.server.map(Observed::of).transpose()?;
    let mut report = LoadReport {
        requests: config.connections as u64,
        elapsed_ns: elapsed.as_nanos() as u64,
        errors: 0,
        first_error: None,
        latency_ns: None,
        server: None,
        resident_bytes: None,
    };
    if let (Some(pid), Some(before), Some(after)) = (config.server, before, after) {
        report.server = Some(after.usage.since(&before.usage, pid)?);
        report.resident_bytes = Some(after.resident.saturating_sub(before.resident));
    }
    Ok(report)
}

struct Observed {
    usage: Usage,
    resident: u64,
}

impl Observed {
    fn of(pid: u32) -> io::Result<Self> {
        Ok(Self {
            usage: Usage::of(pid)?,
            resident: observe::resident(pid)?,
        })
    }
}
