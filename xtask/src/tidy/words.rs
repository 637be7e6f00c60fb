//! Rules about words: notes of unfinished work, `unwrap` in libraries, glob imports.

use crate::tidy::finding::Finding;
use crate::tidy::lex::{contains_word, word_offset};
use crate::tidy::source::Source;

/// In code: macros that stand for code that is not there, or print what a debugging session wanted to see.
const UNFINISHED_MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// In comments: notes that outlive their author.
const MARKERS: [&str; 3] = ["TODO", "FIXME", "XXX"];

pub(super) fn no_markers(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, (code, comment)) in source.code.lines().zip(source.comments.lines()).enumerate() {
        let line = index + 1;
        for name in UNFINISHED_MACROS {
            if word_offset(code, name).is_some_and(|at| code[at + name.len()..].starts_with('!')) {
                findings.push(Finding::error(
                    &source.path,
                    line,
                    format!("`{name}!` may not be committed: write the code"),
                ));
            }
        }
        for marker in MARKERS {
            if contains_word(comment, marker) {
                let message = format!(
                    "`{marker}` may not be committed: do it, open an issue, or say what is missing and why"
                );
                findings.push(Finding::error(&source.path, line, message));
            }
        }
    }
    findings
}

pub(super) fn no_unwrap(source: &Source) -> Vec<Finding> {
    if !is_library(&source.path) {
        return Vec::new();
    }
    let unwraps = source
        .shipped_lines()
        .filter(|(_, code)| code.contains(".unwrap()"));
    let message = "`unwrap` in a library: return the error, or `expect` with the invariant that makes it impossible";
    unwraps
        .map(|(line, _)| Finding::error(&source.path, line, message))
        .collect()
}

/// Imports like `use a::*`. A test module may say `use super::*`.
pub(super) fn no_globs(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut from = 0;
    while let Some(at) = word_offset(&source.code[from..], "use").map(|at| from + at) {
        let end = source.code[at..]
            .find(';')
            .map_or(source.code.len(), |length| at + length);
        from = end;
        let import = &source.code[at..end];
        if !import.ends_with('*') && !import.contains("::*") && !has_star_in_braces(import) {
            continue;
        }
        let line = source.line_at(at);
        let is_parent = import.split_whitespace().eq(["use", "super::*"]);
        if !(is_parent && source.is_test_line(line)) {
            findings.push(Finding::error(
                &source.path,
                line,
                "import names, not `*` (only a test module may `use super::*`)",
            ));
        }
    }
    findings
}

fn has_star_in_braces(import: &str) -> bool {
    import.split(['{', '}', ',']).any(|part| part.trim() == "*")
}

/// True for the sources of the crates themselves, not their tests, benches and examples.
fn is_library(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Source {
        Source::new("crates/x/src/lib.rs", text)
    }

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn unfinished_macros_are_found_in_code_only() {
        let text = "fn a() { todo!() }\nfn b() { dbg!(x); }\n// dbg!(x)\nlet s = \"todo!\";\nfn todo() {}\n";
        assert_eq!(lines(&no_markers(&file(text))), [1, 2]);
    }

    #[test]
    fn markers_are_found_in_comments_only() {
        let text = "// TODO later\n/// FIXME: wrong\nlet s = \"TODO\";\n/* XXX */\n// mastodon\n";
        assert_eq!(lines(&no_markers(&file(text))), [1, 2, 4]);
    }

    #[test]
    fn unwrap_is_for_tests() {
        let text = "fn a() { b().unwrap(); }\n// c.unwrap()\nfn d() { e.unwrap_or(1); }\n#[cfg(test)]\nmod t {\n    fn f() { g().unwrap() }\n}\n";
        assert_eq!(lines(&no_unwrap(&file(text))), [1]);
        assert_eq!(
            no_unwrap(&Source::new(
                "xtask/src/main.rs",
                "fn a() { b().unwrap(); }\n"
            )),
            []
        );
        assert_eq!(
            no_unwrap(&Source::new(
                "crates/x/tests/a.rs",
                "fn a() { b().unwrap(); }\n"
            )),
            []
        );
    }

    #[test]
    fn globs_are_found_in_every_form() {
        let text = "use a::*;\nuse b::{c::*, d};\npub use e::{\n    f,\n    *,\n};\nuse g::h;\nlet i = j * k;\n";
        assert_eq!(lines(&no_globs(&file(text))), [1, 2, 3]);
    }

    #[test]
    fn a_test_module_may_import_its_parent() {
        assert_eq!(
            no_globs(&file("#[cfg(test)]\nmod tests {\n    use super::*;\n}\n")),
            []
        );
        assert_eq!(
            lines(&no_globs(&file("mod tests {\n    use super::*;\n}\n"))),
            [2]
        );
        assert_eq!(
            lines(&no_globs(&file(
                "#[cfg(test)]\nmod tests {\n    use crate::ring::*;\n}\n"
            ))),
            [3]
        );
    }
}
