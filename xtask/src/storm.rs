//! `cargo xtask storm`: drops pending operations at random moments, a million in each part, and checks that nothing is lost.
//!
//! The storm is a program of `uring-io`'s tests, `crates/uring-io/tests/storms`. Each part (a kind of stream, accepting,
//! connecting, files) runs in a process of its own, as descriptors and memory are compared before and after. A part
//! that fails does not keep the others from running; its output has the seed with which it can be repeated.

use std::io::{BufRead, BufReader, IsTerminal, stderr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};

use crate::flags::StormArgs;
use crate::workspace::Workspace;
use crate::{Result, child};

/// The program says how far it has come in lines that begin so.
const PROGRESS: &str = "progress ";

/// Builds the program, runs every part and prints what each came to.
pub(crate) fn run(args: &StormArgs) -> Result {
    let program = build()?;
    let parts = parts(&program, args.only.as_deref())?;
    let seed = args.seed.unwrap_or_else(now);
    let cancellations = args
        .cancellations
        .unwrap_or(if args.quick { 20_000 } else { 1_000_000 });
    println!("seed {seed}");
    let mut failed = Vec::new();
    for part in &parts {
        let started = Instant::now();
        let mut command = Command::new(&program);
        command
            .arg(part)
            .args([seed, cancellations, args.connections].map(|number| number.to_string()));
        let outcome = storm(&mut command, part, cancellations)?;
        println!(
            "{part}: {} in {:.1} s",
            if outcome.passed {
                "nothing lost"
            } else {
                "FAILED"
            },
            started.elapsed().as_secs_f64()
        );
        outcome.said.iter().for_each(|line| println!("   {line}"));
        if !outcome.passed {
            failed.push(part.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the storm over {} failed; repeat it with `cargo xtask storm --seed {seed} --only <part>`",
        failed.join(", ")
    )
    .into())
}

struct Outcome {
    passed: bool,
    said: Vec<String>,
}

fn build() -> Result<PathBuf> {
    let shell = child::shell()?;
    let build = child::cargo(&shell)
        .args(["build", "--release", "--package", "uring-io"])
        .args(["--example", "storm"]);
    child::announce(&build);
    build.quiet().run()?;
    let target = Workspace::load(&shell)?.target_directory;
    Ok(target.join("release/examples/storm"))
}

/// The parts to run: all that the program has, or the one that was asked for.
fn parts(program: &PathBuf, only: Option<&str>) -> Result<Vec<String>> {
    let list = Command::new(program).arg("list").output()?;
    let known = String::from_utf8(list.stdout)?;
    choose(known.lines().map(str::to_owned).collect(), only)
}

fn choose(known: Vec<String>, only: Option<&str>) -> Result<Vec<String>> {
    match only {
        None => Ok(known),
        Some(only) if known.iter().any(|part| part == only) => Ok(vec![only.to_owned()]),
        Some(only) => {
            Err(format!("there is no part {only}; there are {}", known.join(", ")).into())
        }
    }
}

/// Runs one part with a bar on a terminal. Its errors go to where ours go.
fn storm(command: &mut Command, part: &str, cancellations: u64) -> Result<Outcome> {
    // A tenth comes first, as a warm-up.
    let bar = bar(part, cancellations + cancellations / 10)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the storm cannot be started: {error}"))?;
    let mut said = Vec::new();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            match line.strip_prefix(PROGRESS).map(str::parse) {
                Some(Ok(position)) => bar.set_position(position),
                _ => said.push(line),
            }
        }
    }
    let status = child.wait()?;
    bar.finish_and_clear();
    if !status.success() {
        said.push(format!("it ended with {status}"));
    }
    Ok(Outcome {
        passed: status.success(),
        said,
    })
}

fn bar(part: &str, total: u64) -> Result<ProgressBar> {
    let template =
        "{prefix} [{elapsed}] {wide_bar} {human_pos}/{human_len} cancellations, {eta} left";
    if !stderr().is_terminal() {
        eprintln!("{part}");
    }
    Ok(ProgressBar::new(total)
        .with_style(ProgressStyle::with_template(template)?)
        .with_prefix(part.to_owned()))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{choose, storm};

    fn known() -> Vec<String> {
        vec!["tcp".to_owned(), "files".to_owned()]
    }

    #[test]
    fn one_part_or_all() {
        assert_eq!(choose(known(), None).unwrap(), known());
        assert_eq!(choose(known(), Some("files")).unwrap(), ["files"]);
        let error = choose(known(), Some("seas")).unwrap_err().to_string();
        assert!(
            error.contains("seas") && error.contains("tcp, files"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_progress_is_kept_and_a_failure_noticed() {
        let script = "echo progress 5; echo done; exit 3";
        let outcome = storm(Command::new("sh").args(["-c", script]), "part", 10).unwrap();
        assert!(!outcome.passed);
        assert_eq!(outcome.said, ["done", "it ended with exit status: 3"]);
    }
}
