//! `cargo xtask features`: each package alone, with each set of its features, without an error or a warning.
//!
//! The quick form chooses up to two features at a time, beside none, the default and all; `--full` chooses any number of them,
//! and also runs the doc tests without and with the default features and checks each test with exactly what it requires. Both
//! check each example with exactly what it requires.
//!
//! All of it is `cargo check` in the one target folder, so dependencies are checked once for each set of features they get.

mod combinations;
mod described;

use std::time::Instant;

use xshell::{Cmd, Shell};

use crate::features::combinations::Set;
use crate::flags::FeaturesArgs;
use crate::test::seconds;
use crate::workspace::{Package, Target, Workspace};
use crate::{Result, child};

/// How many features the quick form chooses together.
const QUICK_DEPTH: usize = 2;

/// Runs every check, all of them even if some fail, and prints a summary.
pub(crate) fn run(args: &FeaturesArgs) -> Result {
    let started = Instant::now();
    let shell = child::shell()?;
    let workspace = Workspace::load(&shell)?;
    let why = "is a tool, which nobody depends on";
    let names = workspace.select(&args.package, why, Package::is_published)?;
    let packages: Vec<&Package> = workspace
        .packages
        .iter()
        .filter(|package| names.contains(&package.name.as_str()))
        .collect();

    let mut problems = Vec::new();
    for package in &packages {
        let page = shell.read_file(package.folder().join("src/lib.rs"))?;
        let manifest = shell.read_file(&package.manifest_path)?;
        problems.extend(described::check(
            &package.name,
            &package.features,
            &page,
            &manifest,
        ));
    }
    let checks: Vec<Check> = packages
        .iter()
        .flat_map(|package| checks(package, args.full))
        .collect();
    for (index, check) in checks.iter().enumerate() {
        println!(
            "[{}/{}] cargo {}",
            index + 1,
            checks.len(),
            check.arguments.join(" ")
        );
        problems.extend(run_check(&shell, check)?);
    }

    println!(
        "\n== cargo xtask features: {} checks of {} packages in {}",
        checks.len(),
        packages.len(),
        seconds(started.elapsed())
    );
    problems.iter().for_each(|problem| println!("   {problem}"));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{} problems with features", problems.len()).into())
    }
}

/// One command.
struct Check {
    arguments: Vec<String>,
}

impl Check {
    fn new(subcommand: &[&str], package: &Package, set: &Set) -> Check {
        let mut arguments: Vec<String> = subcommand.iter().map(|a| (*a).to_owned()).collect();
        arguments.extend(["--package", &package.name, "--no-default-features"].map(str::to_owned));
        if !set.is_empty() {
            let list = set.iter().cloned().collect::<Vec<_>>().join(",");
            arguments.extend(["--features".to_owned(), list]);
        }
        Check { arguments }
    }
}

/// What is run for one package.
fn checks(package: &Package, full: bool) -> Vec<Check> {
    let depth = (!full).then_some(QUICK_DEPTH);
    let mut checks: Vec<Check> = combinations::sets(&package.features, depth)
        .iter()
        .map(|set| Check::new(&["check", "--lib"], package, set))
        .collect();
    let kinds: &[&str] = if full {
        &["example", "test"]
    } else {
        &["example"]
    };
    for kind in kinds {
        let of_kind = |target: &&Target| target.kind.iter().any(|k| k == kind);
        for target in package.targets.iter().filter(of_kind) {
            let option = format!("--{kind}");
            let required = target.required_features.iter().cloned().collect();
            checks.push(Check::new(
                &["check", &option, &target.name],
                package,
                &required,
            ));
        }
    }
    if full {
        checks.push(Check::new(&["test", "--doc"], package, &Set::new()));
        let default = combinations::switched_on(&package.features, "default");
        checks.push(Check::new(&["test", "--doc"], package, &default));
    }
    checks
}

/// `None` if it succeeded without a warning; what it printed goes to the terminal otherwise.
fn run_check(shell: &Shell, check: &Check) -> Result<Option<String>> {
    let output = command(shell, check).output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let verdict = if !output.status.success() {
        "failed"
    } else if has_warning(&printed) {
        "has warnings"
    } else {
        return Ok(None);
    };
    println!("{}", String::from_utf8_lossy(&output.stdout));
    println!("{printed}");
    Ok(Some(format!(
        "{verdict}: cargo {}",
        check.arguments.join(" ")
    )))
}

fn command<'a>(shell: &'a Shell, check: &Check) -> Cmd<'a> {
    child::cargo(shell)
        .args(&check.arguments)
        .env("CARGO_TERM_COLOR", "never")
        .quiet()
        .ignore_status()
}

/// Cargo repeats the warnings of what it has checked before, so a second run finds them too.
fn has_warning(printed: &str) -> bool {
    printed.lines().any(|line| line.starts_with("warning"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(json: &str) -> Package {
        serde_json::from_str(json).expect("the test's metadata is valid")
    }

    fn shown(package: &Package, full: bool) -> Vec<String> {
        checks(package, full)
            .iter()
            .map(|check| check.arguments.join(" "))
            .collect()
    }

    const ONE: &str = r#"{
        "name": "p", "features": {"default": ["a"], "a": []},
        "targets": [
            {"name": "e", "kind": ["example"], "required-features": ["a"]},
            {"name": "t", "kind": ["test"]}
        ]
    }"#;

    #[test]
    fn every_set_and_every_example_is_checked() {
        assert_eq!(
            shown(&package(ONE), false),
            [
                "check --lib --package p --no-default-features",
                "check --lib --package p --no-default-features --features a",
                "check --example e --package p --no-default-features --features a",
            ]
        );
    }

    #[test]
    fn the_full_form_adds_tests_and_doc_tests() {
        let full = shown(&package(ONE), true);
        for line in [
            "check --test t --package p --no-default-features",
            "test --doc --package p --no-default-features",
            "test --doc --package p --no-default-features --features a",
        ] {
            assert!(full.iter().any(|check| check == line), "{full:?}");
        }
    }

    #[test]
    fn a_warning_is_seen_and_a_mention_is_not() {
        assert!(has_warning("    Checking p\nwarning: unused import: `x`\n"));
        assert!(has_warning("warning[W1]: odd\n"));
        assert!(!has_warning("    Checking warning v1.0.0\n"));
    }
}
