//! Every command and argument of `cargo xtask`, declared once; those of `bench` stand with it, in `bench::flags`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::bench::BenchArgs;

/// Development commands of corio.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Xtask {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the tests under AddressSanitizer with leak detection (needs a nightly toolchain)
    Asan(AsanArgs),
    /// Race corio against its peers and against bare loops (builds the peers)
    Bench(BenchArgs),
    /// Check the pages of the book (listed, links, code, unsafe inventory), and build it if mdBook is installed
    Book(BookArgs),
    /// What mdBook calls: makes links out of the book lead into the repository
    #[command(hide = true)]
    BookLinks {
        /// `supports <renderer>`, or nothing
        arguments: Vec<String>,
    },
    /// Run everything that continuous integration runs
    Ci(CiArgs),
    /// Check licences, sources and advisories of the dependencies by deny.toml (with cargo-deny, if it is installed)
    Deny,
    /// Report what this machine grants corio: kernel, ring flags, limits, fallback
    Doctor(DoctorArgs),
    /// Check each package alone with each set of its features, and that each feature is described
    Features(FeaturesArgs),
    /// Check the dependency edges between the workspace's packages
    Layers,
    /// Run the loom models, and the larger programs under shuttle
    Loom(LoomArgs),
    /// Write a small service to begin with, in a folder outside of this workspace
    New(NewArgs),
    /// Make each package as it would be published, check what is in it, and build it from that
    Package(PackageArgs),
    /// Drop a million pending operations on sockets and files, and check that nothing was lost
    Storm(StormArgs),
    /// Run all suites and doc tests, compile the examples, then run the quick tier of the loom models
    Test(TestArgs),
    /// Check the source rules, formatting, lints and documentation
    Tidy(TidyArgs),
}

#[derive(Args)]
pub(crate) struct AsanArgs {
    /// Test only these packages
    #[arg(short, long, value_name = "PACKAGE")]
    pub(crate) package: Vec<String>,
    /// Succeed without testing when no nightly toolchain is installed
    #[arg(long)]
    pub(crate) if_available: bool,
    /// Arguments for the test binaries, for example a filter
    #[arg(last = true)]
    pub(crate) test_args: Vec<String>,
}

#[derive(Args)]
pub(crate) struct BookArgs {
    /// Make the table of the unsafe inventory anew first
    #[arg(long)]
    pub(crate) write: bool,
}

#[derive(Args)]
pub(crate) struct CiArgs {
    /// Also run the full loom tier and type-check the benchmarks (builds the peers' dependencies; slow)
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct FeaturesArgs {
    /// Check only these packages
    #[arg(short, long, value_name = "PACKAGE")]
    pub(crate) package: Vec<String>,
    /// Choose any number of features together, instead of two at most; also doc tests, and tests with what they require (slow)
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Args)]
pub(crate) struct LoomArgs {
    /// Check only these packages
    #[arg(short, long, value_name = "PACKAGE")]
    pub(crate) package: Vec<String>,
    /// Explore up to 3 preemptions without a time limit, instead of 2 preemptions and 60 s per model, and 20 times as many
    /// schedules of each program
    #[arg(long)]
    pub(crate) full: bool,
    /// Run only models whose name contains this; of the programs, if it begins with `shuttle_`
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
}

#[derive(Args)]
pub(crate) struct NewArgs {
    /// The folder: empty, or not there yet
    #[arg(value_name = "PATH")]
    pub(crate) folder: PathBuf,
    /// The package's name [default: that of the folder]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Take corio from this repository
    #[arg(long, value_name = "URL", conflicts_with = "path")]
    pub(crate) git: Option<String>,
    /// Take corio from where this workspace lies (the default)
    #[arg(long)]
    pub(crate) path: bool,
}

#[derive(Args)]
pub(crate) struct PackageArgs {
    /// Do not build what was packaged
    #[arg(long)]
    pub(crate) no_verify: bool,
}

#[derive(Args)]
pub(crate) struct StormArgs {
    /// What all random choices follow from [default: the time]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Pending operations to drop in each part [default: 1000000, quick 20000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) cancellations: Option<u64>,
    /// Connections, acceptors, clients or files at a time
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=2000))]
    pub(crate) connections: u64,
    /// Only this part
    #[arg(long, value_name = "PART")]
    pub(crate) only: Option<String>,
    /// A short storm of each part
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Args)]
pub(crate) struct TestArgs {
    /// Test only these packages
    #[arg(short, long, value_name = "PACKAGE")]
    pub(crate) package: Vec<String>,
    /// Leave the loom models out
    #[arg(long)]
    pub(crate) no_loom: bool,
    /// Arguments for the test binaries, for example a filter
    #[arg(last = true)]
    pub(crate) test_args: Vec<String>,
}

#[derive(Args)]
pub(crate) struct TidyArgs {
    /// Check only the source rules: no cargo fmt, clippy or doc
    #[arg(long)]
    pub(crate) rules_only: bool,
    /// Skip, instead of failing, the steps whose rustup component is not installed
    #[arg(long)]
    pub(crate) if_available: bool,
}
