//! The steps of `tidy` that cargo does: formatting, lints, documentation, and the facade without its features.

use xshell::{Cmd, Shell};

use crate::{Result, child};

/// Runs every step; the names of those that failed.
pub(super) fn run(if_available: bool) -> Result<Vec<&'static str>> {
    let shell = child::shell()?;
    let mut failed = Vec::new();
    for step in STEPS {
        if let Some(component) = step.component
            && child::cargo(&shell)
                .args([component, "--version"])
                .quiet()
                .ignore_stderr()
                .read()
                .is_err()
        {
            let verdict = if if_available { "skipped" } else { "error" };
            println!(
                "{}: {verdict}: `cargo {component}` is not installed: `rustup component add {}`",
                step.name, step.rustup_name
            );
            if !if_available {
                failed.push(step.name);
            }
            continue;
        }
        let command = (step.command)(&shell);
        child::announce(&command);
        if command.quiet().run().is_err() {
            failed.push(step.name);
        }
    }
    Ok(failed)
}

struct Step {
    name: &'static str,
    /// The cargo subcommand that rustup installs separately, if the step needs one.
    component: Option<&'static str>,
    /// What rustup calls that component.
    rustup_name: &'static str,
    command: fn(&Shell) -> Cmd<'_>,
}

const STEPS: [Step; 4] = [
    Step {
        name: "fmt",
        component: Some("fmt"),
        rustup_name: "rustfmt",
        command: fmt,
    },
    Step {
        name: "clippy",
        component: Some("clippy"),
        rustup_name: "clippy",
        command: clippy,
    },
    Step {
        name: "doc",
        component: None,
        rustup_name: "",
        command: doc,
    },
    Step {
        name: "facade without features",
        component: None,
        rustup_name: "",
        command: bare_facade,
    },
];

fn fmt(shell: &Shell) -> Cmd<'_> {
    child::cargo(shell).args(["fmt", "--all", "--check"])
}

fn clippy(shell: &Shell) -> Cmd<'_> {
    let scope = [
        "clippy",
        "--workspace",
        "--exclude",
        "benches",
        "--all-targets",
        "--all-features",
    ];
    child::cargo(shell)
        .args(scope)
        .args(["--", "-D", "warnings"])
}

fn doc(shell: &Shell) -> Cmd<'_> {
    let scope = [
        "doc",
        "--no-deps",
        "--workspace",
        "--exclude",
        "benches",
        "--exclude",
        "xtask",
        "--all-features",
    ];
    child::cargo(shell)
        .args(scope)
        .env("RUSTDOCFLAGS", "-D warnings")
}

fn bare_facade(shell: &Shell) -> Cmd<'_> {
    child::cargo(shell).args(["check", "--package", "corio", "--no-default-features"])
}
