//! Names that a package can have.

use std::path::Path;

use crate::Result;

/// What a crate cannot be called: keywords, and crates that it would hide.
const TAKEN: [&str; 60] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "corio",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "build",
    "deps",
    "examples",
];

const LONGEST: usize = 64;

/// The name that a folder suggests.
pub(super) fn of_folder(folder: &Path) -> Result<String> {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| {
            format!(
                "{} suggests no name: give one with --name",
                folder.display()
            )
            .into()
        })
}

/// Refuses what cargo or the compiler would refuse later.
pub(super) fn check(name: &str) -> Result {
    let problem = if name.is_empty() {
        "is empty"
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        "does not begin with a letter"
    } else if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    {
        "has something else than letters, digits, `-` and `_`"
    } else if name.len() > LONGEST {
        "is longer than 64 letters"
    } else if TAKEN.contains(&name.replace('-', "_").as_str()) {
        "is taken: by a keyword, by a folder of cargo, or by a crate that the service uses"
    } else {
        return Ok(());
    };
    Err(format!("the name {name:?} {problem}; give another with --name").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_takes_are_taken() {
        for name in ["echo", "my-service", "a_1", "Echo2"] {
            assert!(check(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn others_are_refused_with_what_to_do() {
        let long = "a".repeat(65);
        for name in [
            "",
            "1st",
            "-a",
            "_a",
            "two words",
            "a/b",
            "é",
            "a\"b",
            "corio",
            "proc-macro",
            "async",
            "test",
            &long,
        ] {
            let error = check(name).expect_err(name).to_string();
            assert!(error.ends_with("; give another with --name"), "{error}");
        }
    }

    #[test]
    fn a_folder_suggests_its_last_part() {
        assert_eq!(
            of_folder(Path::new("/a/my-service")).expect("a name"),
            "my-service"
        );
        assert!(of_folder(Path::new("/")).is_err());
    }
}
