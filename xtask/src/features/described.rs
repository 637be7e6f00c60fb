//! Whether each feature is described: a row in the table of the crate's first page, and a comment above it in the manifest.

use std::collections::BTreeMap;

use crate::features::combinations::switched_on;

/// What is missing or wrong, one line each.
///
/// `page` is the text of `lib.rs`, `manifest` that of `Cargo.toml`.
pub(super) fn check(
    package: &str,
    features: &BTreeMap<String, Vec<String>>,
    page: &str,
    manifest: &str,
) -> Vec<String> {
    let by_default = switched_on(features, "default");
    let mut problems = Vec::new();
    for name in features.keys().filter(|name| *name != "default") {
        match default_cell(page, name) {
            None => problems.push(format!(
                "{package}: feature `{name}` has no row in the table `# Features` of its lib.rs: `//! | `{name}` | | what it adds |`"
            )),
            Some(cell) if (cell == "yes") != by_default.contains(name) => problems.push(format!(
                "{package}: the row of feature `{name}` in lib.rs says {cell:?} under Default; \"yes\" is for those that `default` switches on, others are empty"
            )),
            Some(_) => {}
        }
        if !has_comment(manifest, name) {
            problems.push(format!(
                "{package}: feature `{name}` has no comment above it in Cargo.toml that says what it adds"
            ));
        }
    }
    for name in rows(page) {
        if !features.contains_key(name) {
            problems.push(format!(
                "{package}: lib.rs describes feature `{name}`, which Cargo.toml does not have"
            ));
        }
    }
    problems
}

/// The second cell of the feature's row.
fn default_cell<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    table(page).find_map(|(row, default)| (row == name).then_some(default))
}

fn rows(page: &str) -> impl Iterator<Item = &str> {
    table(page).map(|(name, _)| name)
}

/// The names and the second cells of the table under `# Features`.
fn table(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines()
        .skip_while(|line| line.trim() != "//! # Features")
        .skip(1)
        .take_while(|line| line.starts_with("//!") && !line.starts_with("//! # "))
        .filter_map(|line| {
            let mut cells = line.strip_prefix("//! |")?.split('|').map(str::trim);
            let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
            Some((name, cells.next()?))
        })
}

fn has_comment(manifest: &str, name: &str) -> bool {
    let mut previous = "";
    for line in manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1)
    {
        if line.starts_with('[') {
            break;
        }
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        if key.trim_matches('"') == name {
            return previous.trim_start().starts_with('#');
        }
        previous = line;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "//! A crate.\n//!\n//! # Features\n//!\n//! | Feature | Default | What it adds |\n//! |---|---|---|\n//! | `std` | yes | threads |\n//! | `bytes` | | buffers |\n//!\n//! # Other\n//!\n//! | `value` | | not a feature |\n";
    const MANIFEST: &str = "[features]\ndefault = [\"std\"]\n# Threads.\nstd = []\n# Buffers.\nbytes = [\n    \"dep:bytes\",\n]\n\n[dependencies]\n# A trap.\nserde = \"1\"\n";

    fn features(names: &[&str]) -> BTreeMap<String, Vec<String>> {
        let mut features: BTreeMap<String, Vec<String>> = names
            .iter()
            .map(|name| ((*name).to_owned(), Vec::new()))
            .collect();
        features.insert("default".to_owned(), vec!["std".to_owned()]);
        features
    }

    #[test]
    fn what_is_described_in_both_places_is_fine() {
        let found = check("p", &features(&["std", "bytes"]), PAGE, MANIFEST);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_feature_that_is_described_nowhere_is_named_twice() {
        let found = check("p", &features(&["std", "bytes", "serde"]), PAGE, MANIFEST);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found.iter().all(|line| line.contains("`serde`")),
            "{found:?}"
        );
    }

    #[test]
    fn a_row_must_agree_with_the_default() {
        let page = PAGE
            .replace("`std` | yes", "`std` |")
            .replace("`bytes` | |", "`bytes` | yes |");
        let found = check("p", &features(&["std", "bytes"]), &page, MANIFEST);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_row_without_a_feature_is_an_error() {
        let found = check("p", &features(&["std"]), PAGE, MANIFEST);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`bytes`, which Cargo.toml does not have"));
    }

    #[test]
    fn a_comment_counts_only_right_above() {
        let manifest = MANIFEST.replace("# Buffers.\n", "# Buffers.\n\n");
        let found = check("p", &features(&["std", "bytes"]), PAGE, &manifest);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
