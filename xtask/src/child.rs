//! Child processes with a clean environment.
//!
//! `cargo run` (what `cargo xtask` is) exports variables that describe xtask itself, and rustup exports the toolchain it
//! chose. A child cargo that inherits them would build with the wrong toolchain, or rebuild because a build script
//! watches one of them.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xshell::{Cmd, Shell};

use crate::Result;
use crate::tally::Tally;

/// What cargo sets for the process it runs, beside `CARGO_PKG_*` and `CARGO_MANIFEST_*`.
const SET_BY_CARGO_RUN: [&str; 4] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "OUT_DIR",
];

/// What picks a toolchain and must go when another one is wanted.
const PICKS_TOOLCHAIN: [&str; 5] = [
    "CARGO",
    "RUSTC",
    "RUSTDOC",
    "RUSTUP_TOOLCHAIN",
    "RUST_RECURSION_COUNT",
];

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// A shell that stands in the workspace root.
pub(crate) fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(workspace_root());
    Ok(shell)
}

/// The cargo that runs this xtask.
pub(crate) fn cargo(shell: &Shell) -> Cmd<'_> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    without_run_variables(shell.cmd(program))
}

/// `cargo` of the nightly toolchain, through rustup's proxy on `PATH`.
pub(crate) fn cargo_nightly(shell: &Shell) -> Cmd<'_> {
    nightly(shell, "cargo")
}

/// `rustc` of the nightly toolchain, through rustup's proxy on `PATH`.
pub(crate) fn rustc_nightly(shell: &Shell) -> Cmd<'_> {
    nightly(shell, "rustc")
}

fn nightly<'a>(shell: &'a Shell, program: &str) -> Cmd<'a> {
    let mut command = without_run_variables(shell.cmd(program));
    for name in PICKS_TOOLCHAIN {
        command = command.env_remove(name);
    }
    command.arg("+nightly")
}

fn without_run_variables(mut command: Cmd<'_>) -> Cmd<'_> {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_run_variable) {
            command = command.env_remove(name);
        }
    }
    command
}

fn is_run_variable(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || SET_BY_CARGO_RUN.contains(&name)
}

/// `RUSTFLAGS` with `extra` added to what the caller already has.
pub(crate) fn rustflags(extra: &str) -> String {
    match std::env::var("RUSTFLAGS") {
        Ok(flags) if !flags.trim().is_empty() => format!("{flags} {extra}"),
        _ => extra.to_owned(),
    }
}

/// Prints a command before it runs, the way one would type it.
pub(crate) fn announce(command: &Cmd<'_>) {
    eprintln!(
        "$ {}",
        typed(&command.to_string(), std::env::var("CARGO").ok().as_deref())
    );
}

/// The command line with the full path of cargo, which cargo hands to its children, shortened to the name.
fn typed(command: &str, cargo: Option<&str>) -> String {
    match cargo.and_then(|path| command.strip_prefix(path)) {
        Some(arguments) => format!("cargo{arguments}"),
        None => command.to_owned(),
    }
}

/// Runs a command that runs test binaries: passes its output through line by line and counts the results in it.
///
/// `Ok` says that the command ran, not that the tests passed: see [`Tally::success`].
pub(crate) fn run_suites(command: Cmd<'_>) -> Result<Tally> {
    announce(&command);
    let mut child = Command::from(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child
        .stdout
        .take()
        .ok_or("the child's output was not piped")?;
    let mut tally = Tally::default();
    pass_through(BufReader::new(output), std::io::stdout(), &mut tally)?;
    tally.exited_well = child.wait()?.success();
    Ok(tally)
}

/// Copies every line, including one without a line break at the end, as soon as it is complete.
fn pass_through(mut from: impl BufRead, mut to: impl Write, tally: &mut Tally) -> Result {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        tally.read_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_that_describe_xtask_are_dropped() {
        for name in [
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_BIN_NAME",
            "OUT_DIR",
        ] {
            assert!(is_run_variable(name), "{name} describes xtask");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_NET_OFFLINE",
            "CARGO_BUILD_JOBS",
            "PATH",
        ] {
            assert!(!is_run_variable(name), "{name} belongs to the user");
        }
    }

    #[test]
    fn commands_are_shown_as_one_would_type_them() {
        assert_eq!(
            typed("/opt/bin/cargo test -p a", Some("/opt/bin/cargo")),
            "cargo test -p a"
        );
        assert_eq!(
            typed("cargo +nightly test", Some("/opt/bin/cargo")),
            "cargo +nightly test"
        );
        assert_eq!(typed("cargo test", None), "cargo test");
    }

    #[test]
    fn output_is_copied_as_it_is_and_counted() {
        let output =
            b"\xff\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured\nno line break";
        let (mut copy, mut tally) = (Vec::new(), Tally::default());
        pass_through(&output[..], &mut copy, &mut tally).expect("memory can be read and written");
        assert_eq!(copy, output);
        assert_eq!((tally.passed, tally.ignored), (2, 1));
    }

    #[test]
    fn the_exit_code_of_a_child_is_noted() {
        let shell = shell().expect("a shell");
        assert!(run_suites(shell.cmd("true")).expect("runs").exited_well);
        assert!(!run_suites(shell.cmd("false")).expect("runs").exited_well);
    }
}
