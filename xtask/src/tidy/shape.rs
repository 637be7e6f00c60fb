//! Rules about the shape of a file: its length, its opening comment, its whitespace.

use std::path::Path;

use crate::Result;
use crate::tidy::finding::Finding;
use crate::tidy::source::{self, Source};

/// A file is one idea; one that grows past this is probably two.
const LONG: usize = 400;
const TOO_LONG: usize = 600;

/// The kinds of text files, beside Rust, whose whitespace is checked.
const TEXT_EXTENSIONS: [&str; 6] = ["json", "md", "sh", "toml", "txt", "yml"];

pub(super) fn length(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    let message = format!(
        "{lines} lines: split the file, one idea each (warned above {LONG}, refused above {TOO_LONG})"
    );
    if lines > TOO_LONG {
        vec![Finding::error(&source.path, TOO_LONG + 1, message)]
    } else if lines > LONG {
        vec![Finding::warning(&source.path, LONG + 1, message)]
    } else {
        Vec::new()
    }
}

pub(super) fn opening_comment(source: &Source) -> Vec<Finding> {
    if source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![Finding::error(
        &source.path,
        1,
        "open the file with a `//!` comment that says what it is for",
    )]
}

pub(super) fn whitespace_in_source(source: &Source) -> Vec<Finding> {
    whitespace(&source.path, &source.text)
}

/// The whitespace of the workspace's other text files.
pub(super) fn whitespace_in_other_files(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in source::files_under(root)? {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if TEXT_EXTENSIONS.contains(&extension.as_ref()) {
            findings.extend(whitespace(
                &source::relative(root, &path),
                &std::fs::read_to_string(&path)?,
            ));
        }
    }
    Ok(findings)
}

fn whitespace(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::error(
                path,
                index + 1,
                "remove the whitespace at the end of the line",
            ));
        }
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        findings.push(Finding::error(
            path,
            text.lines().count(),
            "end the file with exactly one line break",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::finding::Severity;

    fn file(text: &str) -> Source {
        Source::new("crates/x/src/lib.rs", text)
    }

    #[test]
    fn length_warns_then_refuses() {
        let severities = |lines: usize| -> Vec<Severity> {
            length(&file(&"//! a\n".repeat(lines)))
                .iter()
                .map(|finding| finding.severity)
                .collect()
        };
        assert_eq!(severities(400), []);
        assert_eq!(severities(401), [Severity::Warning]);
        assert_eq!(severities(600), [Severity::Warning]);
        assert_eq!(severities(601), [Severity::Error]);
    }

    #[test]
    fn a_file_opens_with_what_it_is_for() {
        assert_eq!(opening_comment(&file("//! Ring.\nfn a() {}\n")), []);
        assert_eq!(opening_comment(&file("use a::b;\n//! Ring.\n")).len(), 1);
        assert_eq!(opening_comment(&file("// Ring.\n")).len(), 1);
    }

    #[test]
    fn trailing_whitespace_is_found_on_its_line() {
        let found = whitespace("a.md", "a\nb \n\tc\r\n");
        assert_eq!(
            found.iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [2, 3]
        );
    }

    #[test]
    fn a_file_ends_with_one_line_break() {
        assert_eq!(whitespace("a.md", "a\n"), []);
        assert_eq!(whitespace("a.md", ""), []);
        assert_eq!(whitespace("a.md", "a").len(), 1);
        assert_eq!(whitespace("a.md", "a\n\n").len(), 1);
    }
}
