//! The echo race: a server and a load generator, each in a process of its own and on a core of its own.

use std::time::Duration;

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::load::{DECISIVE, LoadReport, METRICS};
use crate::bench::machine::Cores;
use crate::bench::programs::{self, Programs, Server};
use crate::bench::progress::Progress;
use crate::bench::record::{Record, Reference};
use crate::bench::row::Row;
use crate::bench::{subjects, table};

/// The bare ring loop, the limit of what a ring runtime can reach.
const REFERENCE: &str = "raw-uring";

/// A payload and a number of connections.
#[derive(Clone, Copy)]
struct Cell {
    size: u32,
    connections: u32,
}

impl Cell {
    fn name(self) -> String {
        format!("size={},conns={}", self.size, self.connections)
    }
}

/// Runs the race, prints a table for each cell and returns the rows.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Vec<Row>> {
    let contestants = subjects::choose(&options.subjects, programs.subjects("echo-server")?);
    let rounds = options.rounds();
    let cells = cells(options);
    let cores = Cores::choose();
    if cores.shared() {
        eprintln!(
            "only one core: server and load generator take turns on it, so nothing here shows what a server can do"
        );
    }

    let mut record = Record::new("echo", Reference::Subject(REFERENCE), rounds);
    let mut progress = Progress::new("echo", cells.len() * rounds * contestants.len());
    for cell in &cells {
        let case = cell.name();
        for round in 0..rounds {
            for place in subjects::rotated(contestants.len(), round) {
                let subject = &contestants[place];
                progress.begin(&case, subject);
                match run(programs, options, cores, subject, *cell) {
                    Ok(values) => {
                        for ((_, metric), value) in METRICS.into_iter().zip(values) {
                            record.note(&case, subject, round, metric, value);
                        }
                    }
                    Err(error) => {
                        progress.note(&format!("{subject} in {case}: {error}"));
                        record.fail(&case, subject, error.to_string());
                    }
                }
                progress.step();
            }
        }
    }
    progress.finish();

    let rows = record.rows();
    for cell in &cells {
        println!(
            "\necho {}\n{}",
            cell.name(),
            tabulate(&cell.name(), &contestants, &rows)
        );
    }
    Ok(rows)
}

fn cells(options: &Options) -> Vec<Cell> {
    let mut cells = Vec::new();
    for size in options.sizes() {
        for connections in options.connections() {
            cells.push(Cell { size, connections });
        }
    }
    cells
}

/// One window of one subject.
fn run(
    programs: &Programs,
    options: &Options,
    cores: Cores,
    subject: &str,
    cell: Cell,
) -> Result<[f64; 7]> {
    let size = cell.size.to_string();
    let mut server = Server::start(
        programs
            .command("echo-server")
            .args(["--subject", subject, "--size", &size])
            .args(["--core", &cores.server.to_string()]),
    )?;
    let outcome = programs::run(
        programs
            .command("load-gen")
            .args([
                "--addr",
                server.address(),
                "--server-pid",
                &server.process(),
            ])
            .args(["--conns", &cell.connections.to_string(), "--size", &size])
            .args(["--warm-up-ms", &millis(options.warm_up())])
            .args(["--window-ms", &millis(options.window())])
            .args(["--core", &cores.generator.to_string()]),
    );
    let ended = server.end();
    let output = match (outcome, ended) {
        (Ok(output), _) => output,
        // A server that died explains more than the generator that noticed.
        (Err(_), Some(end)) => return Err(format!("echo-server: {end}").into()),
        (Err(error), None) => return Err(error),
    };
    let report: LoadReport = serde_json::from_str(&output)?;
    if report.errors > 0 {
        let first = report.first_error.unwrap_or_default();
        return Err(format!("{} errors; first: {first}", report.errors).into());
    }
    report
        .values()
        .ok_or_else(|| "no request was answered".into())
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

/// The table of one cell: a line for each subject, and its CPU relative to the reference.
fn tabulate(case: &str, contestants: &[String], rows: &[Row]) -> String {
    let mut header = vec!["subject"];
    for (heading, metric) in METRICS {
        header.push(heading);
        if metric.name == DECISIVE {
            header.push("ratio");
        }
    }
    let lines: Vec<Vec<String>> = contestants
        .iter()
        .map(|subject| {
            let find = |name: &str| {
                rows.iter()
                    .find(|row| row.case == case && row.subject == *subject && row.metric == name)
            };
            let mut line = vec![subject.clone()];
            for (_, metric) in METRICS {
                line.push(table::number(find(metric.name).and_then(|row| row.median)));
                if metric.name == DECISIVE {
                    let ratio = find(DECISIVE).and_then(|row| row.ratio_to_reference);
                    line.push(table::number(ratio));
                }
            }
            line
        })
        .collect();
    table::layout(&header, &lines)
}
