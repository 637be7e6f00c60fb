//! `cargo xtask bench`: races corio against its peers and against bare loops.
//!
//! The competitors live in the `benches` package, which nothing depends on; this command builds it in release mode and
//! drives its programs. Every round runs all subjects one after the other, in an order that rotates, and a ratio is the
//! median of the ratios of the rounds: what the machine does to one subject it does to its neighbour too.
//!
//! `echo`, `net`, `http`, `runtime`, `file`, `kv`, and `sync` and `channel` (in `cases`) are the races; `pair` runs a server and a load
//! generator for three of them. `record` collects what they measure, `row` is what becomes of it, `table`, `sheet` and `progress`
//! are for people, `programs` and `machine` for what runs and where.
//!
//! `results` is the form of a result file, with the `facts` of the run; `output` hands a file on to whom it was asked for: as
//! JSON and CSV, to `compare` with an earlier one, and as a page by `report`.

mod bootstrap;
mod cases;
mod compare;
mod echo;
mod facts;
mod file;
mod flags;
mod http;
mod kv;
mod load;
mod machine;
mod net;
mod output;
mod pair;
mod programs;
mod progress;
mod record;
mod report;
mod results;
mod row;
mod runtime;
mod sheet;
mod stats;
mod subjects;
mod table;

use std::fs;
use std::path::Path;

use facts::Facts;
pub(crate) use flags::BenchArgs;
use flags::Race;
use programs::Programs;
use results::Results;
use row::Row;

use crate::Result;

/// The name of the file with everything that the last run measured.
const SAVED: &str = "results";

/// Runs the races that `args` name, or takes those of a file, and hands on what was measured.
pub(crate) fn run(args: &BenchArgs) -> Result {
    args.check()?;
    let baseline = args.options.output.baseline()?;
    let output = &args.options.output;
    let results = match &output.from {
        Some(path) => {
            let results = Results::read(path)?;
            match args.race() {
                Some(race) => results.only(race.name())?,
                None => results,
            }
        }
        None => {
            let facts = Facts::gather();
            race(args, facts, &Programs::build(&args.races())?)?
        }
    };
    output::hand_on(output, &results, baseline.as_ref())
}

/// Runs the races that `args` name, prints a table of each, and writes its rows and the samples of all so far.
fn race(args: &BenchArgs, facts: Facts, programs: &Programs) -> Result<Results> {
    let options = &args.options;
    let races = args.races();
    let mut connections = options.connections().into_iter().max().unwrap_or(0);
    if races.contains(&Race::Net) {
        connections = connections.max(net::MOST_CONNECTIONS);
    }
    machine::raise_limits(connections);
    let mut known = Vec::new();
    for race in &races {
        known.extend(match race {
            Race::Echo | Race::Net => programs.servers("tcp")?,
            Race::Http => programs.servers("http")?,
            Race::Runtime => programs.subjects("runtime-bench")?,
            Race::Sync => programs.subjects(cases::SYNC.program)?,
            Race::Channel => programs.subjects(cases::CHANNEL.program)?,
            Race::File => programs.subjects(cases::FILE.program)?,
            Race::Kv => kv::SUBJECTS.map(|(name, _)| name.to_owned()).to_vec(),
        });
    }
    subjects::check(&options.subjects, &known)?;
    let saved = programs.output(SAVED);
    let mut results = Results::new(facts, Vec::new());
    for race in races {
        let record = match race {
            Race::Echo => echo::race(programs, options)?,
            Race::Runtime => runtime::race(programs, options)?,
            Race::Sync => cases::race(cases::SYNC, &[], programs, options)?,
            Race::Channel => cases::race(cases::CHANNEL, &[], programs, options)?,
            Race::Net => net::race(programs, options)?,
            Race::Http => http::race(programs, options)?,
            Race::File => file::race(programs, options)?,
            Race::Kv => kv::race(programs, options)?,
        };
        write(&programs.output(record.bench()), &record.rows())?;
        results.races.push(record.results());
        output::write(&saved, &results.to_json()?, "every sample so far")?;
    }
    Ok(results)
}

fn write(path: &Path, rows: &[Row]) -> Result {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, serde_json::to_string_pretty(rows)? + "\n")?;
    eprintln!("{} rows in {}", rows.len(), path.display());
    Ok(())
}
