//! The sync race: what the primitives of sync-prims and of its peers cost.
//!
//! Each run of the program is one case of one subject; a round runs all cases, and in each all subjects that take part.

use serde::Deserialize;

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::programs::{self, Programs};
use crate::bench::progress::Progress;
use crate::bench::record::{Metric, Record, Reference};
use crate::bench::row::Row;
use crate::bench::{subjects, table};

const TIME: Metric = Metric {
    name: "time",
    unit: "ns/op",
};

const ALLOCATIONS: Metric = Metric {
    name: "allocations",
    unit: "1/op",
};

const HOME: &str = "sync-prims";

const REFERENCE: Reference = Reference::Best {
    first: None,
    home: HOME,
};

/// Above this, a ratio is more than what the machine does to two equals.
const BEHIND: f64 = 1.05;

/// One line of the program's output.
#[derive(Debug, Deserialize)]
struct CaseReport {
    case: String,
    /// Nanoseconds an operation.
    samples: Vec<f64>,
    /// Allocations an operation, in the cases that count them.
    allocations: Option<f64>,
}

/// A case, and who takes part.
#[derive(Debug, PartialEq, Eq)]
struct Case {
    name: String,
    contestants: Vec<String>,
}

/// Runs the race, prints its tables and returns the rows.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Vec<Row>> {
    let contestants = subjects::choose(&options.subjects, programs.sync_subjects()?);
    let cases = cases(programs, options, &contestants)?;
    let rounds = options.rounds();
    let mut record = Record::new("sync", REFERENCE, rounds);
    let runs: usize = cases.iter().map(|case| case.contestants.len()).sum();
    let mut progress = Progress::new("sync", rounds * runs);
    for round in 0..rounds {
        for case in &cases {
            for place in subjects::rotated(case.contestants.len(), round) {
                let subject = &case.contestants[place];
                progress.begin(&format!("round {}", round + 1), subject);
                match run(programs, options, subject, &case.name) {
                    Ok(report) => note(&mut record, subject, round, &report),
                    Err(error) => {
                        progress.note(&format!("{subject} in {}: {error}", case.name));
                        record.fail(&case.name, subject, error.to_string());
                    }
                }
                progress.step();
            }
        }
    }
    progress.finish();

    let rows = record.rows();
    for (title, metric) in [
        ("ns an operation (in brackets: times the best peer)", TIME),
        ("allocations an operation", ALLOCATIONS),
    ] {
        println!(
            "\nsync, {title}\n{}",
            tabulate(&cases, &contestants, metric, &rows)
        );
    }
    for line in behind(&rows) {
        println!("{line}");
    }
    Ok(rows)
}

/// The cases that are wanted, in the program's order, without those that nobody takes part in.
fn cases(programs: &Programs, options: &Options, contestants: &[String]) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for subject in contestants {
        let list = programs::run(programs.command("sync-bench").args([
            "--subject",
            subject,
            "--case",
            "list",
        ]))?;
        let wanted = list.lines().filter(|name| name.contains(&options.cases));
        wanted.for_each(|name| enter(&mut cases, name, subject));
    }
    if cases.is_empty() {
        return Err(format!(
            "no case is called `{}` or has it in its name",
            options.cases
        )
        .into());
    }
    Ok(cases)
}

/// Enters a subject for a case.
fn enter(cases: &mut Vec<Case>, name: &str, subject: &str) {
    match cases.iter_mut().find(|case| case.name == name) {
        Some(case) => case.contestants.push(subject.to_owned()),
        None => cases.push(Case {
            name: name.to_owned(),
            contestants: vec![subject.to_owned()],
        }),
    }
}

fn run(programs: &Programs, options: &Options, subject: &str, case: &str) -> Result<CaseReport> {
    let output = programs::run(
        programs
            .command("sync-bench")
            .args(["--subject", subject, "--case", case, "--exact"])
            .args([
                "--sample-ms",
                &options.sync_sample().as_millis().to_string(),
            ]),
    )?;
    Ok(serde_json::from_str(&output)?)
}

fn note(record: &mut Record, subject: &str, round: usize, report: &CaseReport) {
    // What else runs on the machine only adds to a sample; between runs, the median decides.
    match report.samples.iter().copied().min_by(f64::total_cmp) {
        Some(least) => record.note(&report.case, subject, round, TIME, least),
        None => record.fail(&report.case, subject, "no samples".to_owned()),
    }
    if let Some(allocations) = report.allocations {
        record.note(&report.case, subject, round, ALLOCATIONS, allocations);
    }
}

/// A line for each case that has the metric, a column for each subject.
fn tabulate(cases: &[Case], contestants: &[String], metric: Metric, rows: &[Row]) -> String {
    let header: Vec<&str> = ["case"]
        .into_iter()
        .chain(contestants.iter().map(String::as_str))
        .collect();
    let lines: Vec<Vec<String>> = cases
        .iter()
        .filter_map(|case| {
            let of_case: Vec<&Row> = rows
                .iter()
                .filter(|row| row.case == case.name && row.metric == metric.name)
                .collect();
            let cells = contestants.iter().map(|subject| {
                of_case
                    .iter()
                    .find(|row| row.subject == *subject)
                    .map_or_else(|| table::number(None), |row| cell(row))
            });
            let line = [case.name.clone()].into_iter().chain(cells).collect();
            (!of_case.is_empty()).then_some(line)
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

/// What sync-prims is behind the best peer in, the worst first.
fn behind(rows: &[Row]) -> Vec<String> {
    let mut behind: Vec<(&Row, f64)> = rows
        .iter()
        .filter(|row| row.subject == HOME && row.metric == TIME.name)
        .filter_map(|row| Some((row, row.ratio_to_reference?)))
        .filter(|(_, ratio)| *ratio > BEHIND)
        .collect();
    behind.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    behind
        .into_iter()
        .map(|(row, ratio)| format!("behind: {} ({ratio:.2})", row.case))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{
        ALLOCATIONS, Case, CaseReport, HOME, REFERENCE, TIME, behind, enter, note, tabulate,
    };
    use crate::bench::record::Record;

    fn record(values: &[(&str, &str, f64)]) -> Record {
        let mut record = Record::new("sync", REFERENCE, 1);
        for (case, subject, value) in values {
            let report = CaseReport {
                case: (*case).to_owned(),
                samples: vec![*value],
                allocations: (*case == "wait").then_some(2.0),
            };
            note(&mut record, subject, 0, &report);
        }
        record
    }

    #[test]
    fn a_case_has_those_who_take_part() {
        let mut cases = Vec::new();
        for (name, subject) in [("lock", "a"), ("wait", "a"), ("wait", "b")] {
            enter(&mut cases, name, subject);
        }
        let names = |case: &Case| (case.name.clone(), case.contestants.join(","));
        assert_eq!(
            cases.iter().map(names).collect::<Vec<_>>(),
            [("lock", "a"), ("wait", "a,b")].map(|(l, r)| (l.to_owned(), r.to_owned()))
        );
    }

    #[test]
    fn the_worst_row_comes_first_and_good_ones_not_at_all() {
        let rows = record(&[
            ("lock", HOME, 11.0),
            ("lock", "peer", 10.0),
            ("wait", HOME, 30.0),
            ("wait", "peer", 10.0),
            ("get", HOME, 10.0),
            ("get", "peer", 10.0),
            ("alone", HOME, 10.0),
        ])
        .rows();
        assert_eq!(
            behind(&rows),
            ["behind: wait (3.00)", "behind: lock (1.10)"]
        );
    }

    #[test]
    fn a_table_has_the_cases_of_its_metric() {
        let mut cases = Vec::new();
        for name in ["lock", "wait"] {
            enter(&mut cases, name, HOME);
            enter(&mut cases, name, "peer");
        }
        let rows = record(&[
            ("lock", HOME, 5.0),
            ("wait", HOME, 20.0),
            ("wait", "peer", 10.0),
        ])
        .rows();
        let names = [HOME.to_owned(), "peer".to_owned()];
        let times = tabulate(&cases, &names, TIME, &rows);
        assert_eq!(times.lines().count(), 4, "{times}");
        assert!(times.contains("20.0 (2.00)"), "{times}");
        let allocations = tabulate(&cases, &names, ALLOCATIONS, &rows);
        assert_eq!(allocations.lines().count(), 3, "{allocations}");
    }
}
