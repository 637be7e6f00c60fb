//! `cargo xtask loom`: explores the interleavings of the protocols' models, and takes random schedules through programs.
//!
//! A package has models if it depends on loom under `cfg(loom)`. Its models are unit tests named `loom_*`. They are
//! built with `--cfg loom` into `target/loom`, in release mode (exploration is pure computing) but with debug assertions.
//!
//! The quick tier allows 2 preemptions per execution and stops each model after 60 s; loom passes a model that it
//! stopped, so the quick tier finds the likely errors and proves nothing about a model that large. The full tier allows 3
//! preemptions and has no time limit. A model may set its own bounds, which then win.
//!
//! A package that depends on shuttle under `cfg(shuttle)` has programs too large for loom: unit tests named `shuttle_*`,
//! built with `--cfg shuttle` into `target/shuttle`. Each tier sets how many schedules a program takes.

use std::time::Instant;

use xshell::Shell;

use crate::flags::LoomArgs;
use crate::tally::Tally;
use crate::workspace::{Package, Workspace};
use crate::{Result, child};

const QUICK_PREEMPTIONS: &str = "2";
const QUICK_SECONDS_PER_MODEL: &str = "60";
const FULL_PREEMPTIONS: &str = "3";

const QUICK_SCHEDULES: &str = "1000";
const FULL_SCHEDULES: &str = "20000";

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

/// Runs the models and the programs of every selected package; one report for each of the two.
pub(crate) fn check(args: &LoomArgs) -> Result<Vec<Report>> {
    let shell = child::shell()?;
    let workspace = Workspace::load(&shell)?;
    let mut reports = Vec::new();
    for &explorer in Explorer::chosen_by(args.filter.as_deref()) {
        let mut wanted = args.package.clone();
        if explorer == Explorer::Shuttle && args.filter.is_none() {
            let with_programs = workspace.select(&[], "", Package::has_shuttle)?;
            wanted.retain(|name| with_programs.contains(&name.as_str()));
            if wanted.is_empty() && !args.package.is_empty() {
                continue;
            }
        }
        let packages = match explorer {
            Explorer::Loom => {
                workspace.select(&wanted, "has no `cfg(loom)` dependency", Package::has_loom)?
            }
            Explorer::Shuttle => workspace.select(
                &wanted,
                "has no `cfg(shuttle)` dependency",
                Package::has_shuttle,
            )?,
        };
        for package in packages {
            reports.push(explorer.check(&shell, &workspace, package, args)?);
        }
    }
    Ok(reports)
}

/// What explores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Explorer {
    Loom,
    Shuttle,
}

impl Explorer {
    /// A filter selects programs if it begins as their names do, and models otherwise; without one both run.
    fn chosen_by(filter: Option<&str>) -> &'static [Explorer] {
        match filter {
            None => &[Explorer::Loom, Explorer::Shuttle],
            Some(filter) if filter.starts_with(Explorer::Shuttle.prefix()) => &[Explorer::Shuttle],
            Some(_) => &[Explorer::Loom],
        }
    }

    /// The name of its `cfg`, and of its folder below the target directory.
    fn name(self) -> &'static str {
        match self {
            Explorer::Loom => "loom",
            Explorer::Shuttle => "shuttle",
        }
    }

    /// What the names of its tests begin with.
    fn prefix(self) -> &'static str {
        match self {
            Explorer::Loom => "loom_",
            Explorer::Shuttle => "shuttle_",
        }
    }

    /// The bounds of a tier, as it reads them.
    fn bounds(self, full: bool) -> &'static [(&'static str, &'static str)] {
        match (self, full) {
            (Explorer::Loom, false) => &[
                ("LOOM_MAX_PREEMPTIONS", QUICK_PREEMPTIONS),
                ("LOOM_MAX_DURATION", QUICK_SECONDS_PER_MODEL),
            ],
            (Explorer::Loom, true) => &[("LOOM_MAX_PREEMPTIONS", FULL_PREEMPTIONS)],
            (Explorer::Shuttle, false) => &[("SHUTTLE_ITERATIONS", QUICK_SCHEDULES)],
            (Explorer::Shuttle, true) => &[("SHUTTLE_ITERATIONS", FULL_SCHEDULES)],
        }
    }

    fn check(
        self,
        shell: &Shell,
        workspace: &Workspace,
        package: &str,
        args: &LoomArgs,
    ) -> Result<Report> {
        let started = Instant::now();
        let mut command = child::cargo(shell)
            .args([
                "test",
                "--release",
                "--lib",
                "--no-fail-fast",
                "--package",
                package,
                "--target-dir",
            ])
            .arg(workspace.target_directory.join(self.name()))
            .arg(args.filter.as_deref().unwrap_or(self.prefix()))
            .env(
                "RUSTFLAGS",
                child::rustflags(&format!("--cfg {}", self.name())),
            )
            // The workspace's release profile trades build time for speed that a model has no use for.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
        // What the caller has set already wins.
        for (name, value) in self.bounds(args.full) {
            if std::env::var_os(name).is_none() {
                command = command.env(name, value);
            }
        }
        Ok(Report {
            package: package.to_owned(),
            explorer: self,
            tally: child::run_suites(command)?,
            seconds: started.elapsed().as_secs(),
        })
    }
}

/// "quick tier" or "full tier".
pub(crate) fn tier_name(full: bool) -> &'static str {
    if full { "full tier" } else { "quick tier" }
}

/// What became of one package's models.
pub(crate) struct Report {
    pub(crate) package: String,
    explorer: Explorer,
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
            return Some(match self.explorer {
                Explorer::Loom => {
                    "no model ran: name the models `loom_*`, in a module under `cfg(all(test, loom))`"
                }
                Explorer::Shuttle => {
                    "no program ran: name them `shuttle_*`, in a module under `cfg(all(test, shuttle))`"
                }
            });
        }
        None
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} {} passed, {} failed",
            self.package,
            self.tally.passed,
            match self.explorer {
                Explorer::Loom => "models",
                Explorer::Shuttle => "programs under shuttle",
            },
            self.tally.failed
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
            explorer: Explorer::Loom,
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
        let has_limit = |full| {
            Explorer::Loom
                .bounds(full)
                .iter()
                .any(|(name, _)| *name == "LOOM_MAX_DURATION")
        };
        assert!(has_limit(false));
        assert!(!has_limit(true));
    }

    #[test]
    fn a_filter_chooses_between_models_and_programs() {
        assert_eq!(
            Explorer::chosen_by(None),
            [Explorer::Loom, Explorer::Shuttle]
        );
        assert_eq!(Explorer::chosen_by(Some("mutex")), [Explorer::Loom]);
        assert_eq!(
            Explorer::chosen_by(Some("shuttle_barrier")),
            [Explorer::Shuttle]
        );
    }
}
