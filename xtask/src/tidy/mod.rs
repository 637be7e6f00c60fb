//! `cargo xtask tidy`: what the architecture and the style forbid, and that formatting, lints and documentation are clean.
//!
//! The rules about source text are pure functions from a [`Source`] to [`Finding`]s: `shape` (length, opening comment,
//! whitespace), `words` (markers, `unwrap`, glob imports) and `places` (where `unsafe` and the thread-local may stand). Those about
//! the pages of the book are with [`book`].

mod cargo_steps;
pub(crate) mod finding;
pub(crate) mod lex;
mod places;
mod shape;
pub(crate) mod source;
pub(crate) mod unsafe_list;
mod words;

use std::path::Path;

use crate::flags::TidyArgs;
use crate::tidy::finding::{Finding, Severity};
use crate::tidy::source::Source;
use crate::{Result, book, child};

/// Runs every rule and every step, and prints all that is found.
pub(crate) fn run(args: &TidyArgs) -> Result {
    let findings = check_tree(&child::workspace_root())?;
    findings.iter().for_each(|finding| println!("{finding}"));
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count();
    let mut failed = Vec::new();
    if errors > 0 {
        failed.push("source rules");
    }
    if !args.rules_only {
        failed.extend(cargo_steps::run(args.if_available)?);
    }
    println!(
        "== cargo xtask tidy: {errors} errors, {} warnings from the source rules",
        findings.len() - errors
    );
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not tidy: {}", failed.join(", ")).into())
    }
}

fn check_tree(root: &Path) -> Result<Vec<Finding>> {
    let sources = source::read_all(root)?;
    let allowed = unsafe_list::parse(&std::fs::read_to_string(root.join(unsafe_list::PATH))?);
    let mut findings: Vec<Finding> = sources.iter().flat_map(check_source).collect();
    findings.extend(places::one_thread_local(&sources));
    findings.extend(places::unsafe_where_listed(&sources, &allowed));
    findings.extend(shape::whitespace_in_other_files(root)?);
    findings.extend(book::check(root)?);
    Ok(findings)
}

/// The rules that need to see one file only.
fn check_source(source: &Source) -> Vec<Finding> {
    let rules = [
        shape::length,
        shape::opening_comment,
        shape::whitespace_in_source,
        words::no_markers,
        words::no_unwrap,
        words::no_globs,
    ];
    rules.iter().flat_map(|rule| rule(source)).collect()
}
