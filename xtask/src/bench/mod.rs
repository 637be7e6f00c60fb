//! `cargo xtask bench`: races corio against its peers and against bare loops.
//!
//! The competitors live in the `benches` package, which nothing depends on; this command builds it in release mode and
//! drives its programs. Every round runs all subjects one after the other, in an order that rotates, and a ratio is the
//! median of the ratios of the rounds: what the machine does to one subject it does to its neighbour too.
//!
//! `echo`, `net`, `runtime`, `file`, and `sync` and `channel` (in `cases`) are the races; `pair` runs a server and a load
//! generator for two of them. `record` collects what they measure, `row` is what becomes of it, `table`, `sheet` and `progress`
//! are for people, `programs` and `machine` for what runs and where.

mod cases;
mod echo;
mod file;
mod flags;
mod load;
mod machine;
mod net;
mod pair;
mod programs;
mod progress;
mod record;
mod row;
mod runtime;
mod sheet;
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
    let options = &args.options;
    let races = args.races();
    let mut connections = options.connections().into_iter().max().unwrap_or(0);
    if races.contains(&Race::Net) {
        connections = connections.max(net::MOST_CONNECTIONS);
    }
    machine::raise_limits(connections);
    let programs = Programs::build()?;
    let mut known = Vec::new();
    for race in &races {
        known.extend(match race {
            Race::Echo | Race::Net => programs.servers("tcp")?,
            Race::Runtime => programs.subjects("runtime-bench")?,
            Race::Sync => programs.subjects(cases::SYNC.program)?,
            Race::Channel => programs.subjects(cases::CHANNEL.program)?,
            Race::File => programs.subjects(cases::FILE.program)?,
        });
    }
    subjects::check(&options.subjects, &known)?;
    for race in races {
        let (name, rows) = match race {
            Race::Echo => ("echo", echo::race(&programs, options)?),
            Race::Runtime => ("runtime", runtime::race(&programs, options)?),
            Race::Sync => ("sync", cases::race(cases::SYNC, &[], &programs, options)?),
            Race::Channel => (
                "channel",
                cases::race(cases::CHANNEL, &[], &programs, options)?,
            ),
            Race::Net => ("net", net::race(&programs, options)?),
            Race::File => ("file", file::race(&programs, options)?),
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
