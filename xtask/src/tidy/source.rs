//! A source file as the rules see it: code, comments and test code told apart.
//!
//! This is not a parser: `lex` blanks out what is not code, and this module finds the lines that stand under a `cfg` that
//! names `test`.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::tidy::lex::{contains_word, matching, split};

/// The folders that hold Rust sources.
const SOURCE_FOLDERS: [&str; 3] = ["crates", "xtask", "benches"];

/// One Rust file.
pub(crate) struct Source {
    /// Relative to the workspace root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and the contents of literals blanked out; same length, same lines.
    pub(crate) code: String,
    /// The text with everything but comments blanked out; same length, same lines.
    pub(crate) comments: String,
    /// The names of modules that are declared here, live in their own file and are compiled for tests only.
    pub(crate) test_modules: Vec<String>,
    /// For each line, whether it is compiled for tests only.
    test_lines: Vec<bool>,
}

impl Source {
    /// Takes a file apart. A file under `tests/`, or with `#![cfg(test)]`, is test code as a whole.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let (code, comments) = split(text);
        let mut source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
            test_lines: vec![false; text.lines().count()],
            test_modules: Vec::new(),
            code,
            comments,
        };
        source.find_test_code();
        if path.contains("/tests/") {
            source.mark_as_test();
        }
        source
    }

    /// Makes every line test code.
    pub(crate) fn mark_as_test(&mut self) {
        self.test_lines.fill(true);
    }

    /// True if the line (counted from 1) is compiled for tests only.
    pub(crate) fn is_test_line(&self, number: usize) -> bool {
        self.test_lines.get(number - 1).copied().unwrap_or(false)
    }

    /// The lines of code, literals blanked out, that are not test code; numbers count from 1.
    pub(crate) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(number, _)| !self.is_test_line(*number))
    }

    /// The line (counted from 1) that holds a byte offset.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        1 + self.text.as_bytes()[..offset]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
    }

    /// The files (or, with a trailing slash, folders) that a module declared here may live in.
    fn module_paths(&self, name: &str) -> [String; 2] {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let stem = file.trim_end_matches(".rs");
        let base = match stem {
            "lib" | "main" | "mod" => folder.to_owned(),
            _ => format!("{folder}/{stem}"),
        };
        [format!("{base}/{name}.rs"), format!("{base}/{name}/")]
    }

    fn find_test_code(&mut self) {
        let code = self.code.clone();
        let mut from = 0;
        while let Some(found) = code[from..].find("cfg(") {
            let open = from + found + "cfg".len();
            from = open;
            let Some(close) = matching(&code, open) else {
                continue;
            };
            let attribute = code[..open].trim_end_matches("cfg").trim_end();
            let is_inner = attribute.ends_with("#![");
            if !(is_inner || attribute.ends_with("#[")) || !names_test(&code[open + 1..close]) {
                continue;
            }
            if is_inner {
                self.mark_as_test();
                return;
            }
            let after = close + 1 + code[close + 1..].find(']').map_or(0, |end| end + 1);
            let end = self.mark_item(&code, after);
            let start_line = self.line_at(open);
            let end_line = self.line_at(end.min(code.len()));
            let last = end_line.min(self.test_lines.len());
            self.test_lines[start_line - 1..last].fill(true);
            from = end.max(from);
        }
    }

    /// The end of the item that starts after an attribute; notes it if it is a module in its own file.
    fn mark_item(&mut self, code: &str, start: usize) -> usize {
        let mut at = start;
        while let Some(byte) = code.as_bytes().get(at) {
            match byte {
                b'(' | b'[' => at = matching(code, at).unwrap_or(code.len()),
                b'{' => return matching(code, at).unwrap_or(code.len()),
                b';' => {
                    let item = code[start..at].trim();
                    if let Some((_, name)) = item.rsplit_once("mod ") {
                        self.test_modules.push(name.trim().to_owned());
                    }
                    return at;
                }
                _ => {}
            }
            at += 1;
        }
        code.len()
    }
}

/// Reads every Rust file of the workspace and marks the files that are compiled for tests only.
pub(crate) fn read_all(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in SOURCE_FOLDERS {
        for path in files_under(&root.join(folder))? {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path)?;
                sources.push(Source::new(&relative(root, &path), &text));
            }
        }
    }
    mark_test_files(&mut sources);
    Ok(sources)
}

/// Marks the files of test modules, and those of modules inside them.
fn mark_test_files(sources: &mut [Source]) {
    let test_paths: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            source
                .test_modules
                .iter()
                .flat_map(|name| source.module_paths(name))
        })
        .collect();
    for source in sources {
        let is_under = |path: &String| {
            source.path == *path || (path.ends_with('/') && source.path.starts_with(path.as_str()))
        };
        if test_paths.iter().any(is_under) {
            source.mark_as_test();
        }
    }
}

/// Every file below a folder, sorted; hidden ones and build output are left out.
pub(crate) fn files_under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A path below the root, with `/`.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

/// True if a `cfg` predicate holds in tests only: it names `test` outside of `not(..)`.
fn names_test(predicate: &str) -> bool {
    let mut positive = predicate.to_owned();
    while let Some(at) = positive.find("not(") {
        let end = matching(&positive, at + "not".len()).unwrap_or(positive.len() - 1);
        positive.replace_range(at..=end, "");
    }
    contains_word(&positive, "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library_text(text: &str) -> String {
        Source::new("crates/x/src/lib.rs", text)
            .shipped_lines()
            .map(|(_, line)| line.trim_end())
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        let source = Source::new(
            "crates/x/src/lib.rs",
            "let a = \"x \\\" unsafe\"; // unsafe\nlet b = r#\"a\"b\"#; /* /* n */ unsafe */ c",
        );
        assert!(!source.code.contains("unsafe"));
        assert!(source.code.trim_end().ends_with('c'), "{:?}", source.code);
        assert_eq!(source.comments.matches("unsafe").count(), 2);
        assert_eq!(
            (source.code.len(), source.comments.len()),
            (source.text.len(), source.text.len())
        );
    }

    #[test]
    fn a_test_module_is_not_library_code() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { if x { y } }\n}\nfn c() {}\n";
        assert_eq!(library_text(text), "fn a() {}|fn c() {}");
    }

    #[test]
    fn cfg_all_counts_and_cfg_not_does_not() {
        assert_eq!(
            library_text("#[cfg(all(test, not(loom)))]\nmod t {\n}\n"),
            ""
        );
        assert_eq!(
            library_text("#[cfg(not(test))]\nfn a() {}\n"),
            "#[cfg(not(test))]|fn a() {}"
        );
        assert_eq!(
            library_text("#[cfg(loom)]\nfn a() {}\n"),
            "#[cfg(loom)]|fn a() {}"
        );
    }

    #[test]
    fn attributes_between_the_cfg_and_its_item_belong_to_it() {
        assert_eq!(
            library_text("#[cfg(test)]\n#[allow(dead_code)]\nfn t(x: [u8; 3]) {\n}\nfn a() {}"),
            "fn a() {}"
        );
    }

    #[test]
    fn an_inner_cfg_covers_the_file() {
        assert_eq!(library_text("#![cfg(test)]\nfn a() {}\n"), "");
    }

    #[test]
    fn files_of_test_modules_are_test_code() {
        let mut sources = [
            Source::new(
                "crates/x/src/ring/mod.rs",
                "#[cfg(test)]\nmod checks;\nmod real;\n",
            ),
            Source::new("crates/x/src/ring/checks.rs", "mod deep;\n"),
            Source::new("crates/x/src/ring/checks/deep.rs", "fn a() {}\n"),
            Source::new(
                "crates/x/src/ring/real.rs",
                "#[cfg(all(test, loom))]\npub(crate) mod models;\n",
            ),
            Source::new("crates/x/src/ring/real/models.rs", "fn a() {}\n"),
        ];
        mark_test_files(&mut sources);
        let is_test: Vec<bool> = sources
            .iter()
            .map(|source| source.is_test_line(source.text.lines().count()))
            .collect();
        assert_eq!(is_test, [false, true, true, true, true]);
        assert_eq!(sources[3].test_modules, ["models"]);
    }
}
