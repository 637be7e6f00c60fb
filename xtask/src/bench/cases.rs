//! The races of many small cases: what the primitives, the channels or the files of corio and of its peers cost.
//!
//! Each run of the program is one case of one subject; a round runs all cases, and in each all subjects that take part.

use std::process::Command;

use serde::Deserialize;

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::programs::{self, Programs};
use crate::bench::progress::Progress;
use crate::bench::record::{Better, Metric, Record, Reference};
use crate::bench::sheet::{Case, behind, enter, tabulate};
use crate::bench::subjects;

const TIME: Metric = Metric {
    name: "time",
    unit: "ns/op",
    better: Better::Less,
};

const PROCESSOR: Metric = Metric {
    name: "cpu",
    unit: "ns/op",
    better: Better::Less,
};

const RATE: Metric = Metric {
    name: "rate",
    unit: "1/s",
    better: Better::More,
};

const ALLOCATIONS: Metric = Metric {
    name: "allocations",
    unit: "1/op",
    better: Better::Less,
};

const KEPT: Metric = Metric {
    name: "kept",
    unit: "B",
    better: Better::Less,
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
    /// What the samples are of.
    decisive: Metric,
    /// What one sample is to take, in milliseconds: in a quick look, and else.
    sample_ms: [u32; 2],
    /// Which cases are worth a quick look.
    is_quick: fn(&str) -> bool,
}

/// The primitives.
pub(super) const SYNC: Contest = Contest {
    name: "sync",
    program: "sync-bench",
    home: "sync-prims",
    decisive: TIME,
    sample_ms: [2, 20],
    is_quick: |_| true,
};

/// The channels.
pub(super) const CHANNEL: Contest = Contest {
    name: "channel",
    program: "channel-bench",
    home: "corio",
    decisive: TIME,
    sample_ms: [2, 20],
    is_quick: |case| {
        let is_stream = case.contains(" cap ") || case.contains(" unbounded ");
        let is_short = case.starts_with("tokio") && case.ends_with(" 8 B") && !case.contains("4-4");
        !is_stream || is_short
    },
};

/// Files.
pub(super) const FILE: Contest = Contest {
    name: "file",
    program: "file-bench",
    home: "corio",
    decisive: PROCESSOR,
    sample_ms: [20, 100],
    is_quick: |case| !case.contains("x 32"),
};

impl Contest {
    fn reference(self) -> Reference {
        Reference::Best {
            first: None,
            home: self.home,
        }
    }
}

/// One line of the program's output.
#[derive(Debug, Deserialize)]
struct CaseReport {
    case: String,
    /// Nanoseconds an operation.
    samples: Vec<f64>,
    /// Operations a second, in the cases whose samples are not of time.
    rate: Option<f64>,
    /// Allocations an operation, in the cases that count them.
    allocations: Option<f64>,
    /// Bytes that are kept when all is done, in the cases that count them.
    kept: Option<f64>,
}

/// Runs the race, with arguments for its program, prints its tables and returns what was measured.
pub(super) fn race(
    contest: Contest,
    arguments: &[String],
    programs: &Programs,
    options: &Options,
) -> Result<Record> {
    let program = || {
        let mut command = programs.command(contest.program);
        command.args(arguments);
        command
    };
    let contestants = subjects::choose(&options.subjects, programs.subjects(contest.program)?);
    let cases = cases(contest, program, options, &contestants)?;
    let rounds = options.rounds();
    let mut record =
        Record::new(contest.name, contest.reference(), rounds).decided_by(&[contest.decisive]);
    let runs: usize = cases.iter().map(|case| case.contestants.len()).sum();
    let mut progress = Progress::new(contest.name, rounds * runs);
    for round in 0..rounds {
        for case in &cases {
            for place in subjects::rotated(case.contestants.len(), round) {
                let subject = &case.contestants[place];
                progress.begin(&format!("round {}", round + 1), subject);
                match run(contest, program(), options, subject, &case.name) {
                    Ok(report) => note(contest, &mut record, subject, round, &report),
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
        (
            "ns of processor time an operation (in brackets: times the best peer)",
            PROCESSOR,
        ),
        (
            "operations a second (in brackets: times the best peer)",
            RATE,
        ),
        ("allocations an operation", ALLOCATIONS),
        ("bytes kept", KEPT),
    ] {
        if rows.iter().any(|row| row.metric == metric.name) {
            options.say(&format!(
                "\n{}, {title}\n{}",
                contest.name,
                tabulate(&cases, &contestants, metric, &rows)
            ));
        }
    }
    for line in behind(contest.home, &[contest.decisive], &rows) {
        options.say(&line);
    }
    Ok(record)
}

/// The cases that are wanted, in the program's order, without those that nobody takes part in.
fn cases(
    contest: Contest,
    program: impl Fn() -> Command,
    options: &Options,
    contestants: &[String],
) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for subject in contestants {
        let list = programs::run(program().args(["--subject", subject, "--case", "list"]))?;
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

fn run(
    contest: Contest,
    mut program: Command,
    options: &Options,
    subject: &str,
    case: &str,
) -> Result<CaseReport> {
    let [quick, full] = contest.sample_ms;
    let sample = if options.quick { quick } else { full };
    let output = programs::run(
        program
            .args(["--subject", subject, "--case", case, "--exact"])
            .args(["--sample-ms", &sample.to_string()]),
    )?;
    Ok(serde_json::from_str(&output)?)
}

fn note(contest: Contest, record: &mut Record, subject: &str, round: usize, report: &CaseReport) {
    // What else runs on the machine only adds to a sample; between runs, the median decides.
    match report.samples.iter().copied().min_by(f64::total_cmp) {
        Some(least) => record.note(&report.case, subject, round, contest.decisive, least),
        None => record.fail(&report.case, subject, "no samples".to_owned()),
    }
    for (metric, value) in [
        (RATE, report.rate),
        (ALLOCATIONS, report.allocations),
        (KEPT, report.kept),
    ] {
        if let Some(value) = value {
            record.note(&report.case, subject, round, metric, value);
        }
    }
}
