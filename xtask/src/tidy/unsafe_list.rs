//! The list of files that may contain `unsafe`: `xtask/unsafe-files.txt`, which says how it is written.

/// Where the list is, from the workspace root.
pub(crate) const PATH: &str = "xtask/unsafe-files.txt";

/// One line of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// A file, or a folder if it ends with `/`.
    pub(crate) path: String,
    pub(crate) reason: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

impl Entry {
    pub(crate) fn covers(&self, path: &str) -> bool {
        path == self.path || (self.path.ends_with('/') && path.starts_with(&self.path))
    }
}

/// Reads the list: a path and a reason per line; blank lines and lines that start with `#` do not count.
pub(crate) fn parse(text: &str) -> Vec<Entry> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let (path, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            Entry {
                path: path.to_owned(),
                reason: reason.trim().to_owned(),
                line: number,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_path_and_a_reason() {
        let entries =
            parse("# Comment\n\ncrates/a/src/slot.rs    owns raw slots\ncrates/a/src/op/\n");
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].reason, "owns raw slots");
        assert_eq!(
            (
                entries[1].path.as_str(),
                entries[1].reason.as_str(),
                entries[1].line
            ),
            ("crates/a/src/op/", "", 4)
        );
    }

    #[test]
    fn a_folder_covers_what_is_in_it() {
        let entries = parse("crates/a/src/op/ entries\ncrates/a/src/ring.rs the ring");
        assert!(entries[0].covers("crates/a/src/op/read.rs"));
        assert!(!entries[0].covers("crates/a/src/op.rs"));
        assert!(entries[1].covers("crates/a/src/ring.rs"));
        assert!(!entries[1].covers("crates/a/src/ring.rs.rs"));
    }
}
