//! What a package holds: its licences and README, nothing of the tests, and no source that needs a file outside of it.

use std::path::{Component, Path, PathBuf};

const REQUIRED: [&str; 5] = [
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "src/lib.rs",
];

/// What names another file by a path in a literal.
const NAMES_A_FILE: [&str; 4] = [
    "#[path = \"",
    "include_str!(\"",
    "include_bytes!(\"",
    "include!(\"",
];

/// What is wrong with the files of a package, one line each. `read` returns the text of one of them.
pub(super) fn check(
    package: &str,
    files: &[String],
    mut read: impl FnMut(&str) -> std::io::Result<String>,
) -> std::io::Result<Vec<String>> {
    let mut problems = Vec::new();
    for name in REQUIRED {
        if !files.iter().any(|file| file == name) {
            problems.push(format!("{package}: the package has no {name}"));
        }
    }
    for file in files {
        if file.starts_with("tests/") {
            problems.push(format!(
                "{package}: the package holds {file}; tests stay in the repository, where those they share files with are"
            ));
        }
        if file.ends_with(".rs") {
            for named in named_files(&read(file)?) {
                let path = beside(file, &named);
                if !path.as_ref().is_some_and(|path| files.contains(path)) {
                    problems.push(format!(
                        "{package}: {file} needs {named}, which is not in the package"
                    ));
                }
            }
        }
    }
    Ok(problems)
}

fn named_files(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    for marker in NAMES_A_FILE {
        for part in text.split(marker).skip(1) {
            if let Some((path, _)) = part.split_once('"') {
                named.push(path.to_owned());
            }
        }
    }
    named
}

/// The path of a file that another one names, from the package's root; `None` if it is outside.
///
/// A `#[path]` inside of an inline module would start elsewhere; there is none in what is packaged.
fn beside(file: &str, named: &str) -> Option<String> {
    let folder = Path::new(file).parent()?;
    let mut path = PathBuf::new();
    for component in folder.join(named).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    path.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let names: Vec<String> = REQUIRED
            .iter()
            .copied()
            .chain(files.iter().map(|(name, _)| *name))
            .map(str::to_owned)
            .collect();
        let read = |wanted: &str| {
            let text = files.iter().find(|(name, _)| *name == wanted);
            Ok(text.map_or(String::new(), |(_, text)| (*text).to_owned()))
        };
        check("p", &names, read).expect("nothing is read from a disk")
    }

    #[test]
    fn files_that_are_in_the_package_may_be_named() {
        let files = [
            (
                "src/a.rs",
                "#[path = \"b_tests.rs\"]\nmod tests;\n#[doc = include_str!(\"../README.md\")]",
            ),
            ("src/b_tests.rs", ""),
            (
                "examples/x/main.rs",
                "#[path = \"../shared/mod.rs\"]\nmod shared;",
            ),
            ("examples/shared/mod.rs", ""),
        ];
        assert_eq!(found(&files), Vec::<String>::new());
    }

    #[test]
    fn files_of_other_packages_may_not() {
        let files = [("src/a.rs", "include_str!(\"../../other/README.md\")")];
        assert_eq!(
            found(&files),
            ["p: src/a.rs needs ../../other/README.md, which is not in the package"]
        );
        let files = [("examples/e.rs", "#[path = \"../tests/support.rs\"]")];
        assert_eq!(found(&files).len(), 1);
    }

    #[test]
    fn tests_stay_out() {
        assert_eq!(found(&[("tests/a.rs", "")]).len(), 1);
    }

    #[test]
    fn a_licence_is_missed() {
        let found = check("p", &["src/lib.rs".to_owned()], |_| Ok(String::new()));
        assert_eq!(found.expect("nothing is read from a disk").len(), 4);
    }
}
