//! `cargo xtask bench`: races corio against its peers and against bare loops.
//!
//! The competitors live in the `benches` package, which nothing depends on; this command builds it in release mode and
//! drives its programs. Every round runs all subjects one after the other, in an order that rotates, and a ratio is the
//! median of the ratios of the rounds: what the machine does to one subject it does to its neighbour too.
//!
//! `echo`, `runtime`, and `sync` and `channel` (in `cases`) are the races; `record` collects what they measure, `row` is what becomes of it, `table` and
//! `progress` are for people, `programs` and `machine` for what runs and where.

mod cases;
mod echo;
mod flags;
mod load;
mod machine;
mod programs;
mod progress;
mod record;
mod row;
mod runtime;
mod stats;
mod subjects;
mod table;

use std::fs;
use std::path::Path;

pub(crate) use flags::BenchArgs;
use flags::Race;
use programs::Programs;
use row::Row;

use crate::Result;

/// Builds the programs, runs the races that `args` name, prints a table and writes the rows of each race.
pub(crate) fn run(args: &BenchArgs) -> Result {
    let connections = args.options.connections().into_iter().max();
    machine::raise_limits(connections.unwrap_or(0));
    let programs = Programs::build()?;
    let races = args.races();
    let mut known = Vec::new();
    for race in &races {
        known.extend(match race {
            Race::Echo => programs.subjects("echo-server")?,
            Race::Runtime => programs.subjects("runtime-bench")?,
            Race::Sync => programs.subjects(cases::SYNC.program)?,
            Race::Channel => programs.subjects(cases::CHANNEL.program)?,
        });
    }
    subjects::check(&args.options.subjects, &known)?;
    for race in races {
        let (name, rows) = match race {
            Race::Echo => ("echo", echo::race(&programs, &args.options)?),
            Race::Runtime => ("runtime", runtime::race(&programs, &args.options)?),
            Race::Sync => ("sync", cases::race(cases::SYNC, &programs, &args.options)?),
            Race::Channel => (
                "channel",
                cases::race(cases::CHANNEL, &programs, &args.options)?,
            ),
        };
        write(&programs.output(name), &rows)?;
    }
    Ok(())
}

fn write(path: &Path, rows: &[Row]) -> Result {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, serde_json::to_string_pretty(rows)? + "\n")?;
    eprintln!("{} rows in {}", rows.len(), path.display());
    Ok(())
}
