//! The last lines are shown, and what is added, wherever it is.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use crate::support::{Running, example, succeeded};

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn the_last_lines_are_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let long = "x".repeat(100_000);
    let cases = [
        ("", "3", ""),
        ("a\n", "0", ""),
        ("a\n", "3", "a\n"),
        ("a\nb\nc\nd\n", "2", "c\nd\n"),
        ("a\nb\nc\nd", "2", "c\nd"),
        ("\n\n\n", "2", "\n\n"),
        // A line over several of the blocks that are looked at.
        (&format!("a\nb{long}\nc\n"), "2", &format!("b{long}\nc\n")),
        (&format!("{long}{long}"), "1", &format!("{long}{long}")),
    ];
    for (text, lines, shown) in cases {
        std::fs::write(&path, text).unwrap();
        let output = example("tail").args(["-n", lines]).arg(&path).output();
        assert_eq!(succeeded(output.unwrap()), shown, "{lines} of {text:?}");
    }
    let text: String = (0..50).map(|number| format!("{number}\n")).collect();
    std::fs::write(&path, &text).unwrap();
    let output = example("tail").arg(&path).output();
    assert!(succeeded(output.unwrap()).starts_with("40\n"));
}

#[test]
fn what_is_added_is_shown_also_after_cuts_and_changes_of_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    std::fs::write(&path, "one\ntwo\n").unwrap();
    let mut program = example("tail");
    program
        .args(["-f", "-n", "1"])
        .arg(&path)
        .stderr(Stdio::piped());
    let mut tail = Running::start(program);
    assert_eq!(tail.line(), "two\n");
    append(&path, "three\n");
    assert_eq!(tail.line(), "three\n");
    append(&path, "fo");
    append(&path, "ur\n");
    assert_eq!(tail.line(), "four\n");
    // Shorter than it was, and written anew.
    std::fs::write(&path, "cut\n").unwrap();
    assert_eq!(tail.line(), "cut\n");
    // Rotated; the last line of the old file is not lost.
    append(&path, "last\n");
    std::fs::rename(&path, directory.path().join("log.1")).unwrap();
    assert_eq!(tail.line(), "last\n");
    std::fs::write(&path, "new\n").unwrap();
    assert_eq!(tail.line(), "new\n");
    append(&path, "newer\n");
    assert_eq!(tail.line(), "newer\n");
    let mut errors = tail.child.stderr.take().unwrap();
    assert_eq!(tail.stop(), "");
    let mut text = String::new();
    errors.read_to_string(&mut text).unwrap();
    let name = path.display();
    assert_eq!(
        text,
        format!("tail: {name} has become shorter\ntail: {name} is another file now\n")
    );
}

#[test]
fn whoever_reads_may_have_seen_enough() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    std::fs::write(&path, "x\n".repeat(1_000_000)).unwrap();
    let mut program = example("tail");
    program.args(["-n", "1000000"]).arg(&path);
    let mut tail = Running::start(program);
    assert_eq!(tail.line(), "x\n");
    tail.close_output();
    tail.ended();
}
