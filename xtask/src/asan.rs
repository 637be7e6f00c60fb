//! `cargo xtask asan`: the tests under AddressSanitizer with leak detection.
//!
//! Sanitizers need a nightly compiler, so this is the one command that leaves the pinned toolchain. `--target` keeps the
//! instrumentation away from build scripts and procedural macros. Doc tests are left out: rustdoc would need its own flags.
//!
//! Before the tests, a small program that leaks on purpose is built and run the same way; if its leak is not reported
//! (a container can forbid what the leak check needs), a clean result would mean nothing, and the command fails.

use std::path::Path;

use xshell::Shell;

use crate::flags::AsanArgs;
use crate::workspace::Workspace;
use crate::{Result, child};

/// The packages that own memory through raw pointers, or drive those that do. `corio-macros` runs in the compiler.
const PACKAGES: [&str; 7] = [
    "uring-engine",
    "sync-prims",
    "net-epoll-legacy",
    "context",
    "channel",
    "uring-io",
    "corio",
];

const SANITIZER: &str = "-Zsanitizer=address";
const OPTIONS: &str = "detect_leaks=1:detect_stack_use_after_return=1";

/// Instrumented frames are several times larger than plain ones, and deep recursion is part of some tests.
const TEST_STACK_BYTES: &str = "33554432";

const LEAKING_PROGRAM: &str = r#"//! Leaks one allocation that nothing points to any more.
#[inline(never)]
fn leak(size: usize) {
    std::mem::forget(std::hint::black_box(vec![1u8; size]));
}

fn main() {
    leak(1000);
    // Overwrites what the registers and the stack still hold of the address.
    std::hint::black_box([0u8; 4096]);
}
"#;

/// Runs the tests of the selected packages and prints a summary.
pub(crate) fn run(args: &AsanArgs) -> Result {
    let shell = child::shell()?;
    if !nightly_is_installed(&shell) {
        let missing = "no nightly toolchain is installed (`rustup toolchain install nightly --profile minimal`)";
        if args.if_available {
            println!("== cargo xtask asan: skipped: {missing}");
            return Ok(());
        }
        return Err(missing.into());
    }
    let workspace = Workspace::load(&shell)?;
    let why = "is not tested under AddressSanitizer";
    let packages = workspace.select(&args.package, why, |p| PACKAGES.contains(&p.name.as_str()))?;
    let target_dir = workspace.target_directory.join("asan");
    check_that_leaks_are_found(&shell, &target_dir)?;

    let host = host(&shell)?;
    let instrumented = |subcommand: &[&str]| {
        let mut command = child::cargo_nightly(&shell)
            .args(subcommand)
            .args(["--all-features", "--target", &host, "--target-dir"])
            .arg(&target_dir)
            .env("RUSTFLAGS", child::rustflags(SANITIZER))
            .env("ASAN_OPTIONS", OPTIONS)
            .env("RUST_MIN_STACK", TEST_STACK_BYTES);
        for package in &packages {
            command = command.args(["--package", package]);
        }
        command
    };
    // Some tests run the examples, which `cargo test --tests` does not build.
    let examples = instrumented(&["build", "--examples"]);
    child::announce(&examples);
    examples.quiet().run()?;
    let mut command = instrumented(&["test", "--tests", "--no-fail-fast"]);
    if !args.test_args.is_empty() {
        command = command.arg("--").args(&args.test_args);
    }
    let tally = child::run_suites(command)?;

    println!("\n== cargo xtask asan\n   {tally}");
    tally
        .failures
        .iter()
        .for_each(|name| println!("   failed: {name}"));
    if tally.success() {
        Ok(())
    } else {
        Err("there are failures under AddressSanitizer".into())
    }
}

fn nightly_is_installed(shell: &Shell) -> bool {
    // Without this, rustup would download a toolchain as a side effect of the question.
    let question = child::rustc_nightly(shell)
        .arg("--version")
        .env("RUSTUP_AUTO_INSTALL", "0");
    question.quiet().ignore_stderr().read().is_ok()
}

/// The triple that the nightly compiler builds for by default.
fn host(shell: &Shell) -> Result<String> {
    let version = child::rustc_nightly(shell).arg("-vV").quiet().read()?;
    host_in(&version).ok_or_else(|| "`rustc -vV` names no host".into())
}

fn host_in(version: &str) -> Option<String> {
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
}

fn check_that_leaks_are_found(shell: &Shell, target_dir: &Path) -> Result {
    let source = target_dir.join("leaking_program.rs");
    let program = target_dir.join("leaking_program");
    shell.write_file(&source, LEAKING_PROGRAM)?;
    child::rustc_nightly(shell)
        .args(["--edition", "2024", SANITIZER, "-o"])
        .arg(&program)
        .arg(&source)
        .quiet()
        .run()?;
    let output = shell
        .cmd(&program)
        .env("ASAN_OPTIONS", OPTIONS)
        .quiet()
        .ignore_status()
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !report.contains("detected memory leaks") {
        return Err(format!("leak detection does not work here: a program that leaks ended with {} and printed:\n{report}", output.status).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_read_from_the_compilers_version() {
        let version = "rustc 1.97.0-nightly\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.97.0\n";
        assert_eq!(
            host_in(version).as_deref(),
            Some("x86_64-unknown-linux-gnu")
        );
        assert_eq!(host_in("rustc 1.97.0"), None);
    }
}
