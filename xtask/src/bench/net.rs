//! The race of sockets other than plain TCP echo: Unix streams, datagrams, one way only, many that say little, and coming and
//! going.

use crate::Result;
use crate::bench::flags::Options;
use crate::bench::load::{LoadReport, PROCESSOR, RESIDENT, THROUGHPUT};
use crate::bench::pair::{self, Task};
use crate::bench::programs::Programs;
use crate::bench::progress::Progress;
use crate::bench::record::{Record, Reference};
use crate::bench::sheet::{Case, behind, enter, tabulate};
use crate::bench::subjects;

/// Who is compared with the best of the others.
const HOME: &str = "corio";

/// The most connections of any case.
pub(super) const MOST_CONNECTIONS: u32 = 10_100;

/// Connections of the cases of many, in full and in a quick look.
const MANY: [u32; 2] = [10_000, 1000];

/// The cases that a quick look takes, beside those of many connections.
const QUICK: [&str; 5] = [
    "unix 1024 B x 100",
    "udp 1024 B x 100",
    "receive 65536 B x 1",
    "send 65536 B x 1",
    "accept+close x 16",
];

/// Runs the race, prints its tables and returns what was measured.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Record> {
    let tasks = tasks(options)?;
    let mut cases = Vec::new();
    let mut contestants = Vec::new();
    for (name, task) in &tasks {
        for subject in subjects::choose(&options.subjects, programs.servers(task.service)?) {
            enter(&mut cases, name, &subject);
            if !contestants.contains(&subject) {
                contestants.push(subject);
            }
        }
    }
    let reference = Reference::Best {
        first: None,
        home: HOME,
    };
    let rounds = options.rounds();
    let mut record = Record::new("net", reference, rounds).decided_by(&[PROCESSOR, RESIDENT]);
    run_all(programs, options, &tasks, &cases, &mut record);

    let rows = record.rows();
    for (title, metric) in [
        (
            "us of the server's processor time an operation (in brackets: times the best peer)",
            PROCESSOR,
        ),
        (
            "operations a second (in brackets: times the best peer)",
            THROUGHPUT,
        ),
        (
            "bytes that an idle connection makes resident (in brackets: times the best peer)",
            RESIDENT,
        ),
    ] {
        if rows.iter().any(|row| row.metric == metric.name) {
            options.say(&format!(
                "\nnet, {title}\n{}",
                tabulate(&cases, &contestants, metric, &rows)
            ));
        }
    }
    for line in behind(HOME, &[PROCESSOR, RESIDENT], &rows) {
        options.say(&line);
    }
    Ok(record)
}

/// Every round runs all cases, and in each all who take part, in an order that rotates.
fn run_all(
    programs: &Programs,
    options: &Options,
    tasks: &[(String, Task)],
    cases: &[Case],
    record: &mut Record,
) {
    let cores = pair::cores();
    let runs: usize = cases.iter().map(|case| case.contestants.len()).sum();
    let mut progress = Progress::new("net", options.rounds() * runs);
    for round in 0..options.rounds() {
        for case in cases {
            let Some((_, task)) = tasks.iter().find(|(name, _)| *name == case.name) else {
                continue;
            };
            for place in subjects::rotated(case.contestants.len(), round) {
                let subject = &case.contestants[place];
                progress.begin(&format!("round {}, {}", round + 1, case.name), subject);
                match pair::run(programs, options, cores, subject, *task) {
                    Ok(report) => note(record, &case.name, subject, round, &report),
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
}

fn note(record: &mut Record, case: &str, subject: &str, round: usize, report: &LoadReport) {
    match report.resident() {
        Some(resident) => record.note(case, subject, round, RESIDENT, resident),
        None => {
            record.note(case, subject, round, PROCESSOR, report.processor());
            record.note(case, subject, round, THROUGHPUT, report.throughput());
        }
    }
}

/// The cases that are wanted, by name.
fn tasks(options: &Options) -> Result<Vec<(String, Task)>> {
    let many = MANY[usize::from(options.quick)];
    let wanted: Vec<(String, Task)> = all(many)
        .into_iter()
        .filter(|(name, task)| {
            !options.quick
                || !options.cases.is_empty()
                || task.connections == many
                || QUICK.contains(&name.as_str())
        })
        .filter(|(name, _)| name.contains(&options.cases))
        .collect();
    if wanted.is_empty() {
        let names: Vec<String> = all(many).into_iter().map(|(name, _)| name).collect();
        return Err(format!(
            "no case of net has `{}` in its name; there are: {}",
            options.cases,
            names.join(", ")
        )
        .into());
    }
    Ok(wanted)
}

fn all(many: u32) -> Vec<(String, Task)> {
    let mut tasks = Vec::new();
    let mut add = |name: &str, service, size, connections, active| {
        let task = Task {
            service,
            size,
            connections,
            active,
        };
        tasks.push((name.to_owned(), task));
    };
    for (service, sizes) in [("unix", [128, 1024, 16_384]), ("udp", [128, 1024, 16_384])] {
        for size in sizes {
            for sockets in [1, 100] {
                let name = format!("{service} {size} B x {sockets}");
                add(&name, service, size, sockets, sockets);
            }
        }
    }
    for service in ["receive", "send"] {
        add(&format!("{service} 65536 B x 1"), service, 65_536, 1, 1);
        add(&format!("{service} 65536 B x 10"), service, 65_536, 10, 10);
    }
    add("accept+close x 16", "accept", 1024, 16, 16);
    let name = format!("tcp 1024 B, {} of {many}", many / 100);
    add(&name, "tcp", 1024, many, many / 100);
    add(&format!("idle x {many}"), "tcp", 1024, many, 0);
    let name = format!("idle x {many}, frugal");
    add(&name, "sparse", 1024, many, 0);
    tasks
}

#[cfg(test)]
mod tests {
    use super::{MANY, MOST_CONNECTIONS, QUICK, all};

    #[test]
    fn the_quick_cases_are_among_all_and_the_limit_covers_them() {
        let names: Vec<String> = all(MANY[1]).into_iter().map(|(name, _)| name).collect();
        assert!(
            QUICK
                .iter()
                .all(|quick| names.iter().any(|name| name == quick))
        );
        let most = all(MANY[0])
            .into_iter()
            .map(|(_, task)| task.connections)
            .max();
        assert!(most.is_some_and(|most| most <= MOST_CONNECTIONS));
    }
}
