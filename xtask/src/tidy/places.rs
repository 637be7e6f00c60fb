//! Rules about where something may stand: `unsafe` in listed files, one thread-local in the workspace.

use crate::tidy::finding::Finding;
use crate::tidy::lex::{contains_word, word_offset};
use crate::tidy::source::Source;
use crate::tidy::unsafe_list::{self, Entry};

/// The crate that may have the workspace's one thread-local, the current context.
const THREAD_LOCAL_HOME: &str = "crates/context/src/";

/// The tools and the benchmarks are not shipped, and the benchmarks' reference subjects are raw by design.
const NOT_SHIPPED: [&str; 2] = ["benches/", "xtask/"];

/// At most one `thread_local!` outside of tests, in the context crate.
pub(super) fn one_thread_local(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut home = None;
    for source in sources.iter().filter(|source| !is_not_shipped(source)) {
        for (line, code) in source.shipped_lines() {
            let is_declaration = word_offset(code, "thread_local")
                .is_some_and(|at| code[at..].starts_with("thread_local!"));
            if !is_declaration {
                continue;
            }
            if !source.path.starts_with(THREAD_LOCAL_HOME) {
                let message = "thread-local: the only one is the current context, in `context`; pass the value instead";
                findings.push(Finding::error(&source.path, line, message));
            } else if let Some(first) = home.replace(format!("{}:{line}", source.path)) {
                let message = format!(
                    "second thread-local (the first is {first}): put the value into the current context"
                );
                findings.push(Finding::error(&source.path, line, message));
            }
        }
    }
    findings
}

/// `unsafe` outside of tests stands in listed files only, and the list has no idle or unexplained entry.
pub(super) fn unsafe_where_listed(sources: &[Source], allowed: &[Entry]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_used = vec![false; allowed.len()];
    for source in sources.iter().filter(|source| !is_not_shipped(source)) {
        let Some((line, _)) = source
            .shipped_lines()
            .find(|(_, code)| contains_word(code, "unsafe"))
        else {
            continue;
        };
        match allowed.iter().position(|entry| entry.covers(&source.path)) {
            Some(index) => is_used[index] = true,
            None => {
                let message = format!(
                    "`unsafe` in a file that is not listed: use a safe interface, or add the file to {} with the reason",
                    unsafe_list::PATH
                );
                findings.push(Finding::error(&source.path, line, message));
            }
        }
    }
    for (entry, is_used) in allowed.iter().zip(is_used) {
        if !is_used {
            let message = format!("`{}` has no `unsafe`: remove the entry", entry.path);
            findings.push(Finding::error(unsafe_list::PATH, entry.line, message));
        }
        if entry.reason.is_empty() {
            let message = format!(
                "`{}` has no reason: say what needs `unsafe` there",
                entry.path
            );
            findings.push(Finding::error(unsafe_list::PATH, entry.line, message));
        }
    }
    findings
}

fn is_not_shipped(source: &Source) -> bool {
    NOT_SHIPPED
        .iter()
        .any(|folder| source.path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: &str = "crates/uring-engine/src/ring.rs";
    const CURRENT: &str = "crates/context/src/current.rs";

    #[test]
    fn the_current_context_may_be_a_thread_local() {
        assert_eq!(
            one_thread_local(&[Source::new(CURRENT, "//! C.\nthread_local! {}\n")]),
            []
        );
    }

    #[test]
    fn a_thread_local_elsewhere_or_a_second_one_is_found() {
        let elsewhere = Source::new(RING, "std::thread_local! {}\n");
        assert_eq!(one_thread_local(&[elsewhere]).len(), 1);
        let two = Source::new(CURRENT, "thread_local! {}\nthread_local! {}\n");
        assert!(
            one_thread_local(&[two])[0]
                .message
                .contains("the first is crates/context/src/current.rs:1")
        );
    }

    #[test]
    fn tests_may_have_their_own_thread_locals() {
        assert_eq!(
            one_thread_local(&[Source::new("crates/x/tests/a.rs", "thread_local! {}\n")]),
            []
        );
    }

    #[test]
    fn unsafe_needs_an_entry() {
        let source = [Source::new(
            RING,
            "// unsafe\nfn a() {}\nunsafe fn b() {}\n",
        )];
        let found = unsafe_where_listed(&source, &[]);
        assert_eq!(
            found.iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [3]
        );
        let listed = unsafe_list::parse(&format!("{RING} the ring's memory"));
        assert_eq!(unsafe_where_listed(&source, &listed), []);
    }

    #[test]
    fn idle_and_unexplained_entries_are_found() {
        let safe = [Source::new(RING, "fn a() {}\n")];
        let found = unsafe_where_listed(&safe, &unsafe_list::parse(RING));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].message.contains("remove the entry"));
        assert!(found[1].message.contains("has no reason"));
    }

    #[test]
    fn tests_and_tools_are_exempt() {
        let sources = [
            Source::new("crates/x/tests/a.rs", "unsafe fn a() {}\n"),
            Source::new("benches/src/raw.rs", "unsafe fn a() {}\n"),
            Source::new(RING, "#[cfg(test)]\nmod tests {\n    unsafe fn a() {}\n}\n"),
        ];
        assert_eq!(unsafe_where_listed(&sources, &[]), []);
    }
}
