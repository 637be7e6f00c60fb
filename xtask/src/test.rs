//! `cargo xtask test`: every suite of the workspace except the benchmarks, then the quick tier of the loom models.
//!
//! `benches` is left out because it builds the runtimes that corio is raced against; nothing else does.

use std::time::{Duration, Instant};

use crate::flags::{LoomArgs, TestArgs};
use crate::tally::Tally;
use crate::workspace::{Package, Workspace};
use crate::{Result, child, loom};

/// Runs the suites and the models, all of them even if some fail, and prints a summary.
pub(crate) fn run(args: &TestArgs) -> Result {
    let started = Instant::now();
    let suites = run_suites(args)?;
    let suites_took = started.elapsed();
    let models = if args.no_loom {
        Vec::new()
    } else {
        run_models(&args.package)?
    };

    println!("\n== cargo xtask test");
    println!("   tests: {suites} ({})", seconds(suites_took));
    models
        .iter()
        .for_each(|report| println!("   loom, quick tier: {report}"));
    if args.no_loom {
        println!("   loom, quick tier: left out (--no-loom)");
    }
    suites
        .failures
        .iter()
        .for_each(|name| println!("   failed: {name}"));
    models
        .iter()
        .flat_map(|report| &report.tally.failures)
        .for_each(|name| println!("   failed: {name}"));
    let success = suites.success() && models.iter().all(|report| report.problem().is_none());
    println!(
        "   {} in {}",
        if success { "all passed" } else { "FAILED" },
        seconds(started.elapsed())
    );
    if success {
        Ok(())
    } else {
        Err("there are failures".into())
    }
}

/// Unit, integration and doc tests; cargo compiles the examples on the way.
fn run_suites(args: &TestArgs) -> Result<Tally> {
    let shell = child::shell()?;
    let mut command = child::cargo(&shell).args(["test", "--no-fail-fast", "--all-features"]);
    if args.package.is_empty() {
        command = command.args(["--workspace", "--exclude", "benches"]);
    }
    for package in &args.package {
        command = command.args(["--package", package]);
    }
    if !args.test_args.is_empty() {
        command = command.arg("--").args(&args.test_args);
    }
    child::run_suites(command)
}

/// The models of the packages named, or of all; a package without models has none to run.
fn run_models(packages: &[String]) -> Result<Vec<loom::Report>> {
    let workspace = Workspace::load(&child::shell()?)?;
    let with_models = workspace.select(&[], "", Package::has_loom)?;
    let package: Vec<String> = packages
        .iter()
        .filter(|name| with_models.contains(&name.as_str()))
        .cloned()
        .collect();
    if package.is_empty() && !packages.is_empty() {
        return Ok(Vec::new());
    }
    loom::check(&LoomArgs {
        package,
        full: false,
        filter: None,
    })
}

/// A duration as people read it: "48 s", "3 min 02 s".
pub(crate) fn seconds(duration: Duration) -> String {
    let total = duration.as_secs();
    if total < 60 {
        format!("{total} s")
    } else {
        format!("{} min {:02} s", total / 60, total % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_readable() {
        assert_eq!(seconds(Duration::from_millis(48_900)), "48 s");
        assert_eq!(seconds(Duration::from_secs(182)), "3 min 02 s");
    }
}
