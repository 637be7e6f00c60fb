//! The race of HTTP: hyper on corio beside hyper on tokio, and an answer by hand, to connections that are kept alive.

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::load::{METRICS, PROCESSOR, THROUGHPUT};
use crate::bench::pair::{self, Task};
use crate::bench::programs::Programs;
use crate::bench::progress::Progress;
use crate::bench::record::{Record, Reference};
use crate::bench::sheet::{behind, enter, tabulate};
use crate::bench::subjects;

/// hyper's own home.
const REFERENCE: &str = "tokio";

/// Bytes of a body, and its name.
const BODIES: [(u32, &str); 2] = [(13, "hello"), (16_384, "16 KiB")];

/// Connections, in full and in a quick look.
const CONNECTIONS: [&[u32]; 2] = [&[1, 10, 100], &[1, 100]];

/// Runs the race, prints its tables and returns what was measured.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Record> {
    let contestants = subjects::choose(&options.subjects, programs.servers("http")?);
    let tasks = tasks(options)?;
    let rounds = options.rounds();
    let mut record =
        Record::new("http", Reference::Subject(REFERENCE), rounds).decided_by(&[PROCESSOR]);
    let cores = pair::cores();
    let mut progress = Progress::new("http", rounds * tasks.len() * contestants.len());
    for round in 0..rounds {
        for (case, task) in &tasks {
            for place in subjects::rotated(contestants.len(), round) {
                let subject = &contestants[place];
                progress.begin(&format!("round {}, {case}", round + 1), subject);
                let values = pair::run(programs, options, cores, subject, *task)
                    .and_then(|report| report.values().ok_or_else(|| "no answers".into()));
                match values {
                    Ok(values) => {
                        for ((_, metric), value) in METRICS.into_iter().zip(values) {
                            record.note(case, subject, round, metric, value);
                        }
                    }
                    Err(error) => {
                        progress.note(&format!("{subject} in {case}: {error}"));
                        record.fail(case, subject, error.to_string());
                    }
                }
                progress.step();
            }
        }
    }
    progress.finish();

    let rows = record.rows();
    let mut cases = Vec::new();
    for (case, _) in &tasks {
        for subject in &contestants {
            enter(&mut cases, case, subject);
        }
    }
    for (title, metric) in [
        (
            "us of the server's processor time a request (in brackets: times hyper on tokio)",
            PROCESSOR,
        ),
        (
            "requests a second (in brackets: times hyper on tokio)",
            THROUGHPUT,
        ),
    ] {
        options.say(&format!(
            "\nhttp, {title}\n{}",
            tabulate(&cases, &contestants, metric, &rows)
        ));
    }
    for line in behind("corio", &[PROCESSOR], &rows) {
        options.say(&line);
    }
    Ok(record)
}

/// The cases that are wanted, by name.
fn tasks(options: &Options) -> Result<Vec<(String, Task)>> {
    let mut tasks = Vec::new();
    for (size, body) in BODIES {
        for connections in CONNECTIONS[usize::from(options.quick)] {
            let task = Task {
                service: "http",
                size,
                connections: *connections,
                active: *connections,
            };
            tasks.push((format!("{body} x {connections}"), task));
        }
    }
    let names: Vec<String> = tasks.iter().map(|(name, _)| name.clone()).collect();
    tasks.retain(|(name, _)| name.contains(&options.cases));
    if tasks.is_empty() {
        return Err(format!(
            "no case of http has `{}` in its name; there are: {}",
            options.cases,
            names.join(", ")
        )
        .into());
    }
    Ok(tasks)
}
