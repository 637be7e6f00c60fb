//! The echo race: a server and a load generator, each in a process of its own and on a core of its own.

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::load::{METRICS, PROCESSOR};
use crate::bench::machine::Cores;
use crate::bench::pair::{self, Task};
use crate::bench::programs::Programs;
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

/// Runs the race, prints a table for each cell and returns what was measured.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Record> {
    let contestants = subjects::choose(&options.subjects, programs.servers("tcp")?);
    let rounds = options.rounds();
    let cells = cells(options);
    let cores = pair::cores();

    let mut record =
        Record::new("echo", Reference::Subject(REFERENCE), rounds).decided_by(&[PROCESSOR]);
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
        options.say(&format!(
            "\necho {}\n{}",
            cell.name(),
            tabulate(&cell.name(), &contestants, &rows)
        ));
    }
    Ok(record)
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
    let task = Task {
        service: "tcp",
        size: cell.size,
        connections: cell.connections,
        active: cell.connections,
    };
    pair::run(programs, options, cores, subject, task)?
        .values()
        .ok_or_else(|| "there are no answers in the report".into())
}

/// The table of one cell: a line for each subject, and its CPU relative to the reference.
fn tabulate(case: &str, contestants: &[String], rows: &[Row]) -> String {
    let mut header = vec!["subject"];
    for (heading, metric) in METRICS {
        header.push(heading);
        if metric == PROCESSOR {
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
                if metric == PROCESSOR {
                    let ratio = find(PROCESSOR.name).and_then(|row| row.ratio_to_reference);
                    line.push(table::number(ratio));
                }
            }
            line
        })
        .collect();
    table::layout(&header, &lines)
}
