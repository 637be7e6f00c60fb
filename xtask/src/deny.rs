//! `cargo xtask deny`: licences, sources and advisories of all that is depended on, by the rules of `deny.toml`.
//!
//! cargo-deny checks all of it, if it is installed. Without it, what needs no database is checked here: that every package in the
//! lock file comes from crates.io, and that each has a licence that the file allows. Of a dependency that only other
//! systems need, and that was never downloaded, the licence is not looked at.

use std::collections::BTreeSet;

use serde::Deserialize;
use xshell::Shell;

use crate::{Result, child};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The part of `deny.toml` that is read here.
#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: BTreeSet<String>,
}

/// Checks what can be checked with what is installed.
pub(crate) fn run() -> Result {
    let shell = child::shell()?;
    let installed = child::cargo(&shell)
        .args(["deny", "--version"])
        .quiet()
        .ignore_stderr()
        .read()
        .is_ok();
    if installed {
        let command = child::cargo(&shell).args(["deny", "check"]);
        child::announce(&command);
        return Ok(command.quiet().run()?);
    }
    let rules: Rules = toml::from_str(&shell.read_file("deny.toml")?)?;
    let packages = packages(&shell)?;
    let mut problems = foreign_sources(&shell.read_file("Cargo.lock")?);
    problems.extend(
        packages
            .iter()
            .filter_map(|(name, license)| judge(&rules.licenses, name, license)),
    );
    problems.iter().for_each(|problem| println!("{problem}"));
    println!(
        "== cargo xtask deny: {} packages, {} problems; advisories are not checked: `cargo install cargo-deny` for them",
        packages.len(),
        problems.len()
    );
    if problems.is_empty() {
        Ok(())
    } else {
        Err("dependencies that deny.toml does not allow".into())
    }
}

/// The name and the licence of everything that the published packages and their tests are built from.
fn packages(shell: &Shell) -> Result<BTreeSet<(String, String)>> {
    let printed = child::cargo(shell)
        .args([
            "tree",
            "--locked",
            "--workspace",
            "--exclude",
            "benches",
            "--exclude",
            "xtask",
        ])
        .args([
            "--all-features",
            "--edges",
            "normal,build,dev",
            "--prefix",
            "none",
        ])
        .args(["--no-dedupe", "--format", "{p}|{l}"])
        .quiet()
        .read()?;
    let packages: BTreeSet<(String, String)> = printed
        .lines()
        .filter_map(|line| {
            let (package, license) = line.split_once('|')?;
            let name = package.split(' ').next()?;
            // The mark is for what has been printed before.
            let license = license.trim_end_matches(" (*)");
            Some((name.to_owned(), license.to_owned()))
        })
        .collect();
    if packages.is_empty() {
        return Err("`cargo tree` named no package".into());
    }
    Ok(packages)
}

/// The packages of a lock file that are not from crates.io (or of this workspace).
fn foreign_sources(lock: &str) -> Vec<String> {
    let mut name = "";
    let mut problems = Vec::new();
    for line in lock.lines() {
        if let Some(value) = line.strip_prefix("name = ") {
            name = value;
        } else if let Some(value) = line.strip_prefix("source = ")
            && value.trim_matches('"') != REGISTRY
        {
            problems.push(format!(
                "{name} comes from {value}; only crates.io is allowed"
            ));
        }
    }
    problems
}

fn judge(licenses: &Licenses, name: &str, license: &str) -> Option<String> {
    let mut allowed = licenses.allow.clone();
    for exception in licenses.exceptions.iter().filter(|e| e.package == name) {
        allowed.extend(exception.allow.iter().cloned());
    }
    // What stood for OR before there were expressions.
    let expression = license
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let mut rest = &words[..];
    match alternatives(&mut rest, &allowed) {
        Some(true) if rest.is_empty() => None,
        Some(false) if rest.is_empty() => Some(format!(
            "{name}: deny.toml does not allow its licence, {license:?}"
        )),
        _ => Some(format!("{name}: {license:?} is no licence expression")),
    }
}

/// `a OR b`: whether one is allowed. `None`: not an expression. AND binds more tightly, as SPDX has it.
fn alternatives(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut verdict = conjunction(words, allowed)?;
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        verdict |= conjunction(words, allowed)?;
    }
    Some(verdict)
}

/// `a AND b`: whether all are allowed.
fn conjunction(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut verdict = single(words, allowed)?;
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        verdict &= single(words, allowed)?;
    }
    Some(verdict)
}

/// A licence, with its exception if it has one, or an expression in parentheses.
fn single(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    match *first {
        "(" => {
            let verdict = alternatives(words, allowed)?;
            *words = words.strip_prefix(&[")"])?;
            Some(verdict)
        }
        ")" | "AND" | "OR" | "WITH" => None,
        id => {
            if let ["WITH", exception, rest @ ..] = *words {
                *words = rest;
                return Some(allowed.contains(&format!("{id} WITH {exception}")));
            }
            Some(allowed.contains(id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(name: &str, license: &str) -> Option<String> {
        let rules: Rules = toml::from_str(
            "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\nexceptions = [{ crate = \"z\", allow = [\"Zlib\"] }]",
        )
        .expect("the test's rules are valid");
        judge(&rules.licenses, name, license)
    }

    #[test]
    fn one_allowed_alternative_suffices() {
        for license in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert_eq!(problem("p", license), None, "{license}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        for license in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "GPL-3.0 OR MIT AND Zlib",
            "(MIT OR Zlib) AND BSD-3-Clause",
            "Apache-2.0 WITH LLVM-exception",
            "mit",
        ] {
            let problem = problem("p", license).expect(license);
            assert!(problem.contains("does not allow"), "{problem}");
        }
    }

    #[test]
    fn an_exception_is_for_one_package() {
        assert_eq!(problem("z", "Zlib"), None);
        assert!(problem("p", "Zlib").is_some());
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for license in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND MIT"] {
            let problem = problem("p", license).expect(license);
            assert!(problem.contains("is no licence expression"), "{problem}");
        }
    }

    #[test]
    fn sources_beside_the_registry_are_found() {
        let lock = format!(
            "[[package]]\nname = \"a\"\nsource = \"{REGISTRY}\"\n\n[[package]]\nname = \"b\"\nsource = \"git+https://example.org/b#0\"\n\n[[package]]\nname = \"ours\"\n"
        );
        let found = foreign_sources(&lock);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("\"b\" comes from"), "{found:?}");
    }

    #[test]
    fn the_rules_of_this_workspace_can_be_read() {
        let shell = child::shell().expect("a shell");
        let text = shell.read_file("deny.toml").expect("it is there");
        let rules: Rules = toml::from_str(&text).expect("valid");
        assert!(rules.licenses.allow.contains("MIT"));
    }
}
