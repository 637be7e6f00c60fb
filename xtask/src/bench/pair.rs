//! A server and a load generator, each in a process of its own and on a core of its own.

use std::time::Duration;

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::load::LoadReport;
use crate::bench::machine::Cores;
use crate::bench::programs::{self, Programs, Server};

/// What is served, and to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) service: &'static str,
    /// Bytes of a payload.
    pub(super) size: u32,
    pub(super) connections: u32,
    /// Those with a request in flight; 0 asks for the memory of idle ones.
    pub(super) active: u32,
}

/// The cores of a pair; says so if there is only one.
pub(super) fn cores() -> Cores {
    let cores = Cores::choose();
    if cores.shared() {
        eprintln!(
            "only one core: server and load generator take turns on it, so nothing here shows what a server can do"
        );
    }
    cores
}

/// One window of one subject.
///
/// # Errors
///
/// Either program fails, a connection fails, or nothing is done.
pub(super) fn run(
    programs: &Programs,
    options: &Options,
    cores: Cores,
    subject: &str,
    task: Task,
) -> Result<LoadReport> {
    let size = task.size.to_string();
    let mut server = Server::start(
        programs
            .command("server")
            .args([
                "--subject",
                subject,
                "--service",
                task.service,
                "--size",
                &size,
            ])
            .args(["--core", &cores.server.to_string()]),
    )?;
    let outcome = programs::run(
        programs
            .command("load-gen")
            .args(["--service", task.service, "--addr", server.address()])
            .args(["--server-pid", &server.process()])
            .args(["--conns", &task.connections.to_string(), "--size", &size])
            .args(["--active", &task.active.to_string()])
            .args(["--warm-up-ms", &millis(options.warm_up())])
            .args(["--window-ms", &millis(options.window())])
            .args(["--core", &cores.generator.to_string()]),
    );
    let ended = server.end();
    let output = match (outcome, ended) {
        (Ok(output), _) => output,
        // A server that died explains more than the generator that noticed.
        (Err(_), Some(end)) => return Err(format!("server: {end}").into()),
        (Err(error), None) => return Err(error),
    };
    serde_json::from_str::<LoadReport>(&output)?.sound()
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
