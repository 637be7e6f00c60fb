//! `cargo xtask loom`: explores the interleavings of the protocols' models.
//!
//! A package has models if it depends on loom under `cfg(loom)`. Its models are unit tests named `loom_*`. They are
//! built with `--cfg loom` into `target/loom`, in release mode (exploration is pure computing) but with debug assertions.
//!
//! The quick tier allows 2 preemptions per execution and stops each model after 60 s; loom passes a model that it
//! stopped, so the quick tier finds the likely errors and proves nothing about a model that large. The full tier allows 3
//! preemptions and has no time limit. A model may set its own bounds, which then win.

use std::time::Instant;

use crate::flags::LoomArgs;
use crate::tally::Tally;
use crate::workspace::{Package, Workspace};
use crate::{Result, child};

const QUICK_PREEMPTIONS: &str = "2";
const QUICK_SECONDS_PER_MODEL: &str = "60";
const FULL_PREEMPTIONS: &str = "3";

/// Runs the models and prints a summary.
pub(crate) fn run(args: &LoomArgs) -> Result {
    let reports = check(args)?;
    println!("\n== cargo xtask loom ({})", tier_name(args.full));
    reports.iter().for_each(|report| println!("   {report}"));
    let failed: Vec<&str> = reports
        .iter()
        .filter(|r| r.problem().is_some())
        .map(|r| r.package.as_str())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("the loom models of {} failed", failed.join(", ")).into())
}

/// Runs the models of every selected package; one report each.
pub(crate) fn check(args: &LoomArgs) -> Result<Vec<Report>> {
    let shell = child::shell()?;
    let workspace = Workspace::load(&shell)?;
    let packages = workspace.select(
        &args.package,
        "has no `cfg(loom)` dependency",
        Package::has_loom,
    )?;
    let mut reports = Vec::new();
    for package in packages {
        let started = Instant::now();
        let mut command = child::cargo(&shell)
            .args([
                "test",
                "--release",
                "--lib",
                "--no-fail-fast",
                "--package",
                package,
                "--target-dir",
            ])
            .arg(workspace.target_directory.join("loom"))
            .arg(&args.filter)
            .env("RUSTFLAGS", child::rustflags("--cfg loom"))
            // The workspace's release profile trades build time for speed that a model has no use for.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
        for (name, value) in bounds(args.full) {
            command = command.env(name, value);
        }
        let tally = child::run_suites(command)?;
        reports.push(Report {
            package: package.to_owned(),
            tally,
            seconds: started.elapsed().as_secs(),
        });
    }
    Ok(reports)
}

/// "quick tier" or "full tier".
pub(crate) fn tier_name(full: bool) -> &'static str {
    if full { "full tier" } else { "quick tier" }
}

/// The bounds of a tier, as loom reads them; what the caller has set already wins.
fn bounds(full: bool) -> Vec<(&'static str, &'static str)> {
    let tier = if full {
        vec![("LOOM_MAX_PREEMPTIONS", FULL_PREEMPTIONS)]
    } else {
        vec![
            ("LOOM_MAX_PREEMPTIONS", QUICK_PREEMPTIONS),
            ("LOOM_MAX_DURATION", QUICK_SECONDS_PER_MODEL),
        ]
    };
    tier.into_iter()
        .filter(|(name, _)| std::env::var_os(name).is_none())
        .collect()
}

/// What became of one package's models.
pub(crate) struct Report {
    pub(crate) package: String,
    pub(crate) tally: Tally,
    seconds: u64,
}

impl Report {
    /// Why this package counts as failed, if it does.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if !self.tally.success() {
            return Some("failed");
        }
        if self.tally.passed == 0 {
            return Some(
                "no model ran: name the models `loom_*`, in a module under `cfg(all(test, loom))`",
            );
        }
        None
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} models passed, {} failed",
            self.package, self.tally.passed, self.tally.failed
        )?;
        write!(f, " ({} s)", self.seconds)?;
        if let Some(problem) = self.problem() {
            write!(f, ": {problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(passed: usize, failed: usize, exited_well: bool) -> Report {
        let tally = Tally {
            suites: 1,
            passed,
            failed,
            exited_well,
            ..Tally::default()
        };
        Report {
            package: "context".to_owned(),
            tally,
            seconds: 4,
        }
    }

    #[test]
    fn a_package_whose_models_pass_has_no_problem() {
        assert_eq!(report(3, 0, true).problem(), None);
    }

    #[test]
    fn a_package_that_ran_no_model_has_failed() {
        assert!(report(0, 0, true).to_string().contains("no model ran"));
    }

    #[test]
    fn a_failed_or_unbuilt_model_is_a_problem() {
        assert_eq!(report(3, 1, false).problem(), Some("failed"));
        assert_eq!(report(0, 0, false).problem(), Some("failed"));
    }

    #[test]
    fn only_the_quick_tier_has_a_time_limit() {
        assert!(
            bounds(false)
                .iter()
                .any(|(name, _)| *name == "LOOM_MAX_DURATION")
        );
        assert!(
            bounds(true)
                .iter()
                .all(|(name, _)| *name != "LOOM_MAX_DURATION")
        );
    }
}
