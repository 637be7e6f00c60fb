//! Loads a server and prints what came of it as one line of JSON.

use std::error::Error;
use std::time::Duration;

use benches::load::{self, LoadConfig, Target};
use benches::process;
use benches::server::Service;
use clap::Parser;

/// Loads a server in a closed loop and prints a report as JSON.
#[derive(Parser)]
struct Args {
    /// Where the server listens, as it printed it.
    #[arg(long)]
    addr: String,
    /// What the server does.
    #[arg(long, value_enum, default_value_t = Service::Tcp)]
    service: Service,
    /// Connections.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    conns: u32,
    /// Those among them that have a request in flight: all, if not given. With 0, each makes one request and stays.
    #[arg(long)]
    active: Option<u32>,
    /// Payload of one request, in bytes.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    size: u32,
    /// Load before the measured window, in milliseconds.
    #[arg(long, default_value_t = 200)]
    warm_up_ms: u64,
    /// The measured window, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    window_ms: u64,
    /// Process id of the server, whose use of the machine is then reported.
    #[arg(long)]
    server_pid: Option<u32>,
    /// The core to run on.
    #[arg(long)]
    core: Option<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if let Some(core) = args.core {
        process::pin_to_core(core)?;
    }
    let report = load::run(&LoadConfig {
        service: args.service,
        target: Target::parse(args.service, &args.addr)?,
        connections: args.conns as usize,
        active: args.active.unwrap_or(args.conns).min(args.conns) as usize,
        size: args.size as usize,
        warm_up: Duration::from_millis(args.warm_up_ms),
        window: Duration::from_millis(args.window_ms),
        server: args.server_pid,
    })?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
