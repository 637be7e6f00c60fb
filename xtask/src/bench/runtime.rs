//! The runtime race: what spawning, yielding, timers, wake-ups and joins cost.
//!
//! Each run of the program goes through all cases of one subject; a round runs every subject once.

use serde::Deserialize;

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::programs::{self, Programs};
use crate::bench::progress::Progress;
use crate::bench::record::{Better, Metric, Record, Reference};
use crate::bench::row::Row;
use crate::bench::{stats, subjects, table};

const METRIC: Metric = Metric {
    name: "time",
    unit: "ns/op",
    better: Better::Less,
};

/// The bare ring where it takes part, which is the no-op; elsewhere the best peer.
const REFERENCE: Reference = Reference::Best {
    first: Some("raw-uring"),
    home: "corio",
};

/// One line of the program's output.
#[derive(Debug, Deserialize)]
struct CaseReport {
    case: String,
    /// Nanoseconds an operation; empty if the subject cannot run the case.
    samples: Vec<f64>,
    reason: Option<String>,
}

/// Runs the race, prints a table and returns what was measured.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Record> {
    let contestants = subjects::choose(&options.subjects, programs.subjects("runtime-bench")?);
    let rounds = options.rounds();
    let mut record = Record::new("runtime", REFERENCE, rounds);
    let mut progress = Progress::new("runtime", rounds * contestants.len());
    let mut cases = Vec::new();
    for round in 0..rounds {
        for place in subjects::rotated(contestants.len(), round) {
            let subject = &contestants[place];
            progress.begin(&format!("round {}", round + 1), subject);
            match run(programs, options, subject) {
                Ok(reports) => {
                    for report in reports {
                        note(&mut record, subject, round, &report);
                        if !cases.contains(&report.case) {
                            cases.push(report.case);
                        }
                    }
                }
                Err(error) => {
                    progress.note(&format!("{subject}: {error}"));
                    record.fail("all", subject, error.to_string());
                }
            }
            progress.step();
        }
    }
    progress.finish();

    let rows = record.rows();
    options.say(&format!(
        "\nruntime, ns an operation (in brackets: times the best peer; a no-op, times the bare ring)\n{}",
        tabulate(&cases, &contestants, &rows)
    ));
    Ok(record)
}

fn run(programs: &Programs, options: &Options, subject: &str) -> Result<Vec<CaseReport>> {
    let output = programs::run(
        programs
            .command("runtime-bench")
            .args(["--subject", subject])
            .args(["--sample-ms", &options.sample().as_millis().to_string()]),
    )?;
    let reports: std::result::Result<_, _> = output.lines().map(serde_json::from_str).collect();
    Ok(reports?)
}

fn note(record: &mut Record, subject: &str, round: usize, report: &CaseReport) {
    match stats::spread(report.samples.iter().copied()) {
        Some(spread) => record.note(&report.case, subject, round, METRIC, spread.median),
        None => record.fail(
            &report.case,
            subject,
            report
                .reason
                .clone()
                .unwrap_or_else(|| "no samples".to_owned()),
        ),
    }
}

fn tabulate(cases: &[String], contestants: &[String], rows: &[Row]) -> String {
    let header: Vec<&str> = ["case"]
        .into_iter()
        .chain(contestants.iter().map(String::as_str))
        .collect();
    let lines: Vec<Vec<String>> = cases
        .iter()
        .map(|case| {
            let cells = contestants.iter().map(|subject| {
                rows.iter()
                    .find(|row| row.case == *case && row.subject == *subject)
                    .map_or_else(|| table::number(None), cell)
            });
            [case.clone()].into_iter().chain(cells).collect()
        })
        .collect();
    table::layout(&header, &lines)
}

fn cell(row: &Row) -> String {
    let median = table::number(row.median);
    match row.ratio_to_reference {
        Some(ratio) => format!("{median} ({ratio:.2})"),
        None => median,
    }
}
