//! Development commands of corio, run as `cargo xtask <command>`.
//!
//! One file (or folder) per command; `flags` declares every argument. The commands share three small modules: `workspace`
//! (what `cargo metadata` says), `child` (child processes with a clean environment) and `tally` (what a test run printed).

mod asan;
mod bench;
mod book;
mod child;
mod ci;
mod deny;
mod doctor;
mod features;
mod flags;
mod layers;
mod loom;
mod new;
mod package;
mod storm;
mod tally;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::flags::{Command, Xtask};

/// What a command returns: the error is printed as it stands and the exit code is 1.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let xtask = Xtask::parse();
    let result = match &xtask.command {
        Command::Asan(args) => asan::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Book(args) => book::run(args),
        Command::BookLinks { arguments } => book::links::run(arguments),
        Command::Ci(args) => ci::run(args),
        Command::Deny => deny::run(),
        Command::Doctor(args) => doctor::run(args),
        Command::Features(args) => features::run(args),
        Command::Layers => layers::run(),
        Command::Loom(args) => loom::run(args),
        Command::New(args) => new::run(args),
        Command::Package(args) => package::run(args),
        Command::Storm(args) => storm::run(args),
        Command::Test(args) => test::run(args),
        Command::Tidy(args) => tidy::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
