//! The races of many small cases: what the primitives, or the channels, of corio and of its peers cost.
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

const KEPT: Metric = Metric {
    name: "kept",
    unit: "B",
};

/// A race of this kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contest {
    /// What the command line calls it.
    pub(super) name: &'static str,
    /// The program that runs its cases.
    pub(super) program: &'static str,
    /// Who is compared with the best of the others; with variants in brackets, which are not among those either.
    pub(super) home: &'static str,
    /// Which cases are worth a quick look.
    is_quick: fn(&str) -> bool,
}

/// The primitives.
pub(super) const SYNC: Contest = Contest {
    name: "sync",
    program: "sync-bench",
    home: "sync-prims",
    is_quick: |_| true,
};

/// The channels.
pub(super) const CHANNEL: Contest = Contest {
    name: "channel",
    program: "channel-bench",
    home: "corio",
    is_quick: |case| {
        let is_stream = case.contains(" cap ") || case.contains(" unbounded ");
        let is_short = case.starts_with("tokio") && case.ends_with(" 8 B") && !case.contains("4-4");
        !is_stream || is_short
    },
};

impl Contest {
    fn reference(self) -> Reference {
        Reference::Best {
            first: None,
            home: self.home,
        }
    }
}

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
    /// Bytes that are kept when all is done, in the cases that count them.
    kept: Option<f64>,
}

/// A case, and who takes part.
#[derive(Debug, PartialEq, Eq)]
struct Case {
    name: String,
    contestants: Vec<String>,
}

/// Runs the race, prints its tables and returns the rows.
pub(super) fn race(contest: Contest, programs: &Programs, options: &Options) -> Result<Vec<Row>> {
    let contestants = subjects::choose(&options.subjects, programs.subjects(contest.program)?);
    let cases = cases(contest, programs, options, &contestants)?;
    let rounds = options.rounds();
    let mut record = Record::new(contest.name, contest.reference(), rounds);
    let runs: usize = cases.iter().map(|case| case.contestants.len()).sum();
    let mut progress = Progress::new(contest.name, rounds * runs);
    for round in 0..rounds {
        for case in &cases {
            for place in subjects::rotated(case.contestants.len(), round) {
                let subject = &case.contestants[place];
                progress.begin(&format!("round {}", round + 1), subject);
                match run(contest, programs, options, subject, &case.name) {
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
        ("bytes kept", KEPT),
    ] {
        if rows.iter().any(|row| row.metric == metric.name) {
            println!(
                "\n{}, {title}\n{}",
                contest.name,
                tabulate(&cases, &contestants, metric, &rows)
            );
        }
    }
    for line in behind(contest, &rows) {
        println!("{line}");
    }
    Ok(rows)
}

/// The cases that are wanted, in the program's order, without those that nobody takes part in.
fn cases(
    contest: Contest,
    programs: &Programs,
    options: &Options,
    contestants: &[String],
) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for subject in contestants {
        let list = programs::run(programs.command(contest.program).args([
            "--subject",
            subject,
            "--case",
            "list",
        ]))?;
        let all = !options.quick || !options.cases.is_empty();
        let wanted = list
            .lines()
            .filter(|name| all || (contest.is_quick)(name))
            .filter(|name| name.contains(&options.cases));
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

fn run(
    contest: Contest,
    programs: &Programs,
    options: &Options,
    subject: &str,
    case: &str,
) -> Result<CaseReport> {
    let output = programs::run(
        programs
            .command(contest.program)
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
    for (metric, value) in [(ALLOCATIONS, report.allocations), (KEPT, report.kept)] {
        if let Some(value) = value {
            record.note(&report.case, subject, round, metric, value);
        }
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

/// What home is behind the best peer in, the worst first.
fn behind(contest: Contest, rows: &[Row]) -> Vec<String> {
    let mut behind: Vec<(&Row, f64)> = rows
        .iter()
        .filter(|row| row.subject == contest.home && row.metric == TIME.name)
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
    use super::{ALLOCATIONS, Case, CaseReport, SYNC, TIME, behind, enter, note, tabulate};
    use crate::bench::record::Record;

    const HOME: &str = SYNC.home;

    fn record(values: &[(&str, &str, f64)]) -> Record {
        let mut record = Record::new("sync", SYNC.reference(), 1);
        for (case, subject, value) in values {
            let report = CaseReport {
                case: (*case).to_owned(),
                samples: vec![*value],
                allocations: (*case == "wait").then_some(2.0),
                kept: None,
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
            behind(SYNC, &rows),
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
