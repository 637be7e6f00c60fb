//! The table of files that contain `unsafe` in `docs/unsafe-inventory.md`, made from the list that `tidy` enforces.

use std::fmt::Write;

use crate::tidy::finding::Finding;
use crate::tidy::unsafe_list::{Entry, PATH};

/// The page that holds the table.
pub(super) const PAGE: &str = "docs/unsafe-inventory.md";

/// What stands before and after the table.
const BEGIN: &str = "<!-- The table is made by `cargo xtask book --write`. -->\n";
const END: &str = "<!-- The end of the table. -->\n";

/// The page with the table as the list has it, or `None` if the page has no place for one.
pub(super) fn with_table(page: &str, entries: &[Entry]) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", table(entries)))
}

/// The page's table is that of the list.
pub(super) fn is_current(page: &str, entries: &[Entry]) -> Vec<Finding> {
    let message = match with_table(page, entries) {
        Some(current) if current == page => return Vec::new(),
        Some(_) => format!("the table is not that of {PATH}: run `cargo xtask book --write`"),
        None => "the page has lost the comments around its table".to_owned(),
    };
    vec![Finding::error(PAGE, 1, message)]
}

/// A heading and a table for each crate, in the order of the list.
fn table(entries: &[Entry]) -> String {
    let mut table = String::new();
    let mut last = "";
    for entry in entries {
        let path = entry.path.strip_prefix("crates/").unwrap_or(&entry.path);
        let (krate, file) = path.split_once('/').unwrap_or((path, ""));
        if krate != last {
            let gap = if last.is_empty() { "" } else { "\n" };
            let _ = write!(
                table,
                "{gap}## `{krate}`\n\n| file or folder | what needs `unsafe` there |\n|---|---|\n"
            );
            last = krate;
        }
        let file = file.strip_prefix("src/").unwrap_or(file);
        let _ = writeln!(
            table,
            "| [`{file}`](../{}) | {} |",
            entry.path, entry.reason
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::unsafe_list::parse;

    const LIST: &str =
        "crates/a/src/x.rs one reason\ncrates/a/src/y/ another\ncrates/b/src/z.rs a third\n";

    fn empty_page() -> String {
        format!("# Unsafe\n\n{BEGIN}{END}\nThe end.\n")
    }

    #[test]
    fn the_table_has_every_entry() {
        let page = with_table(&empty_page(), &parse(LIST)).expect("a place for the table");
        for part in [
            "## `a`\n",
            "| [`x.rs`](../crates/a/src/x.rs) | one reason |\n",
            "| [`y/`](../crates/a/src/y/) | another |\n\n## `b`\n",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(page.starts_with("# Unsafe\n") && page.ends_with("\nThe end.\n"));
    }

    #[test]
    fn a_stale_table_is_found_and_mended() {
        let entries = parse(LIST);
        let page = with_table(&empty_page(), &entries).expect("a place for the table");
        assert_eq!(is_current(&page, &entries), []);
        let stale = is_current(&page, &entries[..2]);
        assert!(stale[0].message.contains("book --write"));
        let mended = with_table(&page, &entries[..2]).expect("a place for the table");
        assert_eq!(is_current(&mended, &entries[..2]), []);
        assert_eq!(is_current("# Unsafe\n", &entries).len(), 1);
    }
}
