//! `cargo xtask ci`: what continuous integration runs, and what to run before a push.
//!
//! Every step is a command that can be run by hand; it is printed before it runs. A failed step does not keep the later
//! ones from running. The plain form stays under 40 minutes on 2 cores, from a fresh clone.

use std::time::{Duration, Instant};

use xshell::Shell;

use crate::flags::CiArgs;
use crate::test::seconds;
use crate::{Result, child};

/// Cheap steps first, so that a slip shows early. A step may begin with a variable of its environment.
const STEPS: [&[&str]; 10] = [
    &["xtask", "layers"],
    &["xtask", "tidy", "--if-available"],
    &["xtask", "book"],
    &["xtask", "deny"],
    &["xtask", "doctor"],
    &["xtask", "features"],
    &["xtask", "package"],
    &["xtask", "test"],
    // What does I/O once more, without a ring.
    &[
        "CORIO_DRIVER=epoll",
        "xtask",
        "test",
        "--no-loom",
        "--package",
        "context",
        "--package",
        "uring-io",
        "--package",
        "corio",
    ],
    &["xtask", "asan", "--if-available"],
];

/// What `--full` adds.
const FULL_STEPS: [&[&str]; 2] = [
    &["check", "--package", "benches", "--all-targets"],
    &["xtask", "loom", "--full"],
];

/// Runs the steps and prints what each took.
pub(crate) fn run(args: &CiArgs) -> Result {
    let shell = child::shell()?;
    let started = Instant::now();
    let mut steps: Vec<&[&str]> = STEPS.to_vec();
    if args.full {
        steps.extend(FULL_STEPS);
    }
    let outcomes: Vec<Outcome> = steps.iter().map(|step| run_step(&shell, step)).collect();

    println!("\n== cargo xtask ci");
    outcomes.iter().for_each(|outcome| println!("   {outcome}"));
    println!("   total {}", seconds(started.elapsed()));
    if outcomes.iter().all(|outcome| outcome.passed) {
        Ok(())
    } else {
        Err("a step failed".into())
    }
}

fn run_step(shell: &Shell, step: &[&str]) -> Outcome {
    let started = Instant::now();
    let (variable, arguments) = match step {
        [first, rest @ ..] if first.contains('=') => (first.split_once('='), rest),
        _ => (None, step),
    };
    let name = match variable {
        Some((variable, value)) => format!("{} ({variable}={value})", arguments.join(" ")),
        None => arguments.join(" "),
    };
    println!("\n== cargo {name}");
    let mut command = child::cargo(shell).args(arguments).quiet();
    if let Some((variable, value)) = variable {
        command = command.env(variable, value);
    }
    let passed = command.run().is_ok();
    Outcome {
        name,
        passed,
        took: started.elapsed(),
    }
}

struct Outcome {
    name: String,
    passed: bool,
    took: Duration,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.passed { "passed" } else { "FAILED" };
        write!(f, "{verdict}  cargo {} ({})", self.name, seconds(self.took))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_that_the_readme_promises_are_run() {
        assert!(STEPS.contains(&&["xtask", "test"][..]));
    }

    #[test]
    fn a_failed_step_stands_out() {
        let outcome = Outcome {
            name: "xtask test".to_owned(),
            passed: false,
            took: Duration::from_secs(61),
        };
        assert_eq!(outcome.to_string(), "FAILED  cargo xtask test (1 min 01 s)");
    }
}
