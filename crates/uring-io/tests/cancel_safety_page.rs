//! Every row of `docs/cancel-safety.md` names tests that exist.

use std::path::{Path, PathBuf};

#[test]
fn each_row_names_tests_that_exist() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(here.join("../../docs/cancel-safety.md")).unwrap();
    let mut rows = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let shown_by = row.split('|').nth(3).unwrap().trim();
        if matches!(
            shown_by,
            "shown by" | "there" | "the same" | "the same test"
        ) {
            continue;
        }
        let mut file: Option<(PathBuf, String)> = None;
        // What stands between backticks.
        for name in shown_by.split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") {
                let path = match name.contains('/') {
                    true => here.join("../..").join(name),
                    false => here.join("tests").join(name),
                };
                let text = std::fs::read_to_string(&path)
                    .unwrap_or_else(|error| panic!("{name}: {error} in {row}"));
                file = Some((path, text));
            } else {
                let (path, text) = file.as_ref().expect("a file comes first");
                assert!(has_test(text, name), "{name} is not in {path:?}: {row}");
            }
        }
        assert!(file.is_some(), "no test in {row}");
        rows += 1;
    }
    assert!(rows > 30, "{rows}");
}

/// Whether there is a test of this name, of which `…` may stand for a part.
fn has_test(text: &str, name: &str) -> bool {
    let (begin, end) = name.split_once('…').unwrap_or((name, ""));
    text.lines()
        .filter_map(|line| line.strip_prefix("fn ")?.split('(').next())
        .any(|test| match name.contains('…') {
            true => test.starts_with(begin) && test.ends_with(end),
            false => test == name,
        })
}
