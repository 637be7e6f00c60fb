//! The arguments of `cargo xtask bench`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::Result;
use crate::bench::results::Results;

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// The race to run; all of them when none is named
    #[command(subcommand)]
    race: Option<Race>,
    #[command(flatten)]
    pub(super) options: Options,
}

/// A race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(super) enum Race {
    /// TCP echo over the loopback device, server and load generator in processes of their own
    Echo,
    /// Spawning, yielding, timers, wake-ups and joins
    Runtime,
    /// The primitives of sync-prims
    Sync,
    /// Channels, under tokio, on contexts and between threads
    Channel,
    /// Unix and UDP echo, one-way streams, accepting, and thousands of connections that say little
    Net,
    /// hyper on corio and on tokio, over connections that are kept alive
    Http,
    /// Reads and writes of files, through the page cache and past it
    File,
    /// Stores that speak the protocol of Redis, on corio and on tokio, under redis-benchmark
    Kv,
}

impl Race {
    /// Every race.
    const ALL: [Race; 8] = [
        Race::Echo,
        Race::Runtime,
        Race::Sync,
        Race::Channel,
        Race::Net,
        Race::Http,
        Race::File,
        Race::Kv,
    ];

    /// What the command line and the result files call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Race::Echo => "echo",
            Race::Runtime => "runtime",
            Race::Sync => "sync",
            Race::Channel => "channel",
            Race::Net => "net",
            Race::Http => "http",
            Race::File => "file",
            Race::Kv => "kv",
        }
    }
}

/// What every race takes.
#[derive(Args)]
pub(super) struct Options {
    /// Short windows and few cells: everything in a few minutes
    #[arg(long, global = true)]
    pub(super) quick: bool,
    /// Rounds, each of which runs every subject once
    #[arg(long, global = true, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Payloads of echo, in bytes [default: 128,1024,16384, quick 1024]
    #[arg(long, global = true, value_name = "BYTES", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    sizes: Vec<u32>,
    /// Connections of echo [default: 1,10,100,1000, quick 1,100]
    #[arg(long, global = true, value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=20_000))]
    conns: Vec<u32>,
    /// Who takes part [default: everyone]
    #[arg(long, global = true, value_name = "NAME", value_delimiter = ',')]
    pub(super) subjects: Vec<String>,
    /// Cases of sync, channel, net, http, file and kv, by a part of their names [default: all]
    #[arg(long, global = true, value_name = "TEXT", default_value = "")]
    pub(super) cases: String,
    /// Where file makes its files, up to 1 GiB [default: target/bench]
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) directory: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// What becomes of the results, beside the tables.
#[derive(Args)]
#[command(next_help_heading = "Results")]
pub(super) struct Output {
    /// Draw the results on one page, which needs no network [default: target/bench/report.html]
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = DEFAULT_REPORT)]
    pub(super) report: Option<PathBuf>,
    /// Write every sample as JSON; `-` is the standard output
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write every sample as lines of CSV; `-` is the standard output
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Compare with an earlier --json, and mark what has changed beyond noise
    #[arg(long, global = true, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Take the results from an earlier --json instead of running anything
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["quick", "rounds", "sizes", "conns", "subjects", "cases", "directory"])]
    pub(super) from: Option<PathBuf>,
}

/// Stands for the page's usual place, which is known only when the target folder is.
const DEFAULT_REPORT: &str = "target/bench/report.html";

/// Stands for the standard output.
const STDOUT: &str = "-";

impl Output {
    /// Where the page goes, in the `folder` of results unless something else was said.
    ///
    /// # Errors
    ///
    /// The folder is needed and cannot be told.
    pub(super) fn page(&self, folder: impl FnOnce() -> Result<PathBuf>) -> Result<Option<PathBuf>> {
        Ok(match &self.report {
            Some(path) if path.as_os_str() == DEFAULT_REPORT => Some(folder()?.join("report.html")),
            path => path.clone(),
        })
    }

    /// The earlier results to compare with, if any.
    ///
    /// # Errors
    ///
    /// The file is none.
    pub(super) fn baseline(&self) -> Result<Option<Results>> {
        self.baseline.as_deref().map(Results::read).transpose()
    }

    /// Prints text for people: to the standard error if results go to the standard output.
    pub(super) fn say(&self, text: &str) {
        match self.takes_stdout() {
            true => eprintln!("{text}"),
            false => println!("{text}"),
        }
    }

    /// Whether results go to the standard output, so that nothing else may.
    fn takes_stdout(&self) -> bool {
        [&self.json, &self.csv]
            .into_iter()
            .flatten()
            .any(|path| is_stdout(path))
    }
}

/// Whether a path stands for the standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == STDOUT
}

impl BenchArgs {
    /// Refuses what would be pointless or mixed up.
    ///
    /// # Errors
    ///
    /// The arguments contradict each other.
    pub(super) fn check(&self) -> Result {
        let Output {
            report,
            json,
            csv,
            baseline,
            from,
        } = &self.options.output;
        if [json, csv]
            .into_iter()
            .flatten()
            .filter(|path| is_stdout(path))
            .count()
            > 1
        {
            return Err("--json and --csv cannot both go to the standard output".into());
        }
        let is_used = [report, json, csv, baseline]
            .into_iter()
            .any(Option::is_some);
        if from.is_some() && !is_used {
            return Err("--from runs nothing: say what to do with the file, with --report, --json, --csv or --baseline".into());
        }
        Ok(())
    }

    /// The race that is named.
    pub(super) fn race(&self) -> Option<Race> {
        self.race
    }

    /// The races to run.
    pub(super) fn races(&self) -> Vec<Race> {
        match self.race {
            Some(race) => vec![race],
            None => Race::ALL.to_vec(),
        }
    }
}

impl Options {
    /// Prints a table, or a line.
    pub(super) fn say(&self, text: &str) {
        self.output.say(text);
    }

    pub(super) fn rounds(&self) -> usize {
        self.rounds as usize
    }

    pub(super) fn sizes(&self) -> Vec<u32> {
        or_default(&self.sizes, self.quick, &[1024], &[128, 1024, 16_384])
    }

    pub(super) fn connections(&self) -> Vec<u32> {
        or_default(&self.conns, self.quick, &[1, 100], &[1, 10, 100, 1000])
    }

    /// Load before the measured window of echo, net and http.
    pub(super) fn warm_up(&self) -> Duration {
        Duration::from_millis(if self.quick { 100 } else { 200 })
    }

    /// The measured window of echo, net and http.
    pub(super) fn window(&self) -> Duration {
        Duration::from_millis(if self.quick { 300 } else { 1000 })
    }

    /// How long one sample of a runtime case is to take.
    pub(super) fn sample(&self) -> Duration {
        Duration::from_millis(if self.quick { 10 } else { 30 })
    }
}

fn or_default(given: &[u32], quick: bool, short: &[u32], long: &[u32]) -> Vec<u32> {
    match (given, quick) {
        ([], true) => short.to_vec(),
        ([], false) => long.to_vec(),
        (given, _) => given.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use std::path::PathBuf;

    use super::{BenchArgs, Race};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        bench: BenchArgs,
    }

    fn parse(line: &str) -> std::result::Result<BenchArgs, String> {
        Command::try_parse_from(["bench"].into_iter().chain(line.split_whitespace()))
            .map(|command| command.bench)
            .map_err(|error| error.to_string())
    }

    fn parsed(line: &str) -> BenchArgs {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn no_race_is_all_races() {
        assert_eq!(parsed("").races(), Race::ALL);
        assert_eq!(parsed("runtime").races(), [Race::Runtime]);
    }

    #[test]
    fn quick_changes_defaults_only() {
        let quick = parsed("--quick").options;
        assert_eq!(quick.sizes(), [1024]);
        assert_eq!(quick.connections(), [1, 100]);
        assert_eq!(quick.rounds(), 5);
        let named = parsed("--quick --rounds 7 --sizes 1,2 --conns 3").options;
        assert_eq!((named.sizes(), named.connections()), (vec![1, 2], vec![3]));
        assert_eq!(named.rounds(), 7);
    }

    #[test]
    fn options_may_stand_on_either_side_of_the_race() {
        for line in ["echo --quick --subjects a,b", "--quick --subjects a,b echo"] {
            let args = parsed(line);
            assert!(args.options.quick);
            assert_eq!(args.options.subjects, ["a", "b"]);
            assert_eq!(args.races(), [Race::Echo]);
        }
    }

    #[test]
    fn the_page_has_a_usual_place() {
        let page = |line: &str| {
            let output = parsed(line).options.output;
            output
                .page(|| Ok(PathBuf::from("bench")))
                .expect("the folder is known")
        };
        assert_eq!(page(""), None);
        assert_eq!(
            page("--report echo"),
            Some(PathBuf::from("bench/report.html"))
        );
        assert_eq!(page("--report=x.html"), Some(PathBuf::from("x.html")));
    }

    #[test]
    fn results_that_cannot_be_had_so_are_refused() {
        let refused = |line: &str| {
            let error = parsed(line).check().err().map(|error| error.to_string());
            error.unwrap_or_default()
        };
        assert_eq!(refused("--json - --csv a --report"), "");
        assert!(refused("--json - --csv -").contains("both"));
        assert!(refused("--from a").contains("--report, --json"));
        let mixed = parse("--from a --json b --quick").err().unwrap_or_default();
        assert!(mixed.contains("cannot be used with"), "{mixed}");
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        for (line, named) in [
            ("--rounds 0", "--rounds"),
            ("--sizes 0", "--sizes"),
            ("--sizes many", "--sizes"),
            ("--conns 99999999", "--conns"),
            ("fastest", "fastest"),
        ] {
            let error = parse(line).err().unwrap_or_default();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
