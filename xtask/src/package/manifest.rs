//! What a manifest must say before its package can be published.

use crate::workspace::{Dependency, Package};

/// The registry's categories that fit a package of this workspace; others have to be looked up there before they are used.
const CATEGORIES: [&str; 8] = [
    "asynchronous",
    "concurrency",
    "data-structures",
    "development-tools::procedural-macro-helpers",
    "filesystem",
    "network-programming",
    "no-std",
    "os::linux-apis",
];

/// The registry takes five of each.
const MOST_WORDS: usize = 5;
const LONGEST_KEYWORD: usize = 20;

/// What is missing or wrong, one line each.
pub(super) fn check(package: &Package, ours: &[&str]) -> Vec<String> {
    let mut problems = missing(package);
    problems.extend(words(package));
    if package.metadata["docs"]["rs"]["all-features"] != true {
        problems.push("[package.metadata.docs.rs] must say `all-features = true`".to_owned());
    }
    let inexact = |dependency: &&Dependency| {
        ours.contains(&dependency.name.as_str())
            && dependency.kind.as_deref() != Some("dev")
            && !dependency.req.starts_with('=')
    };
    problems.extend(package.dependencies.iter().filter(inexact).map(|dependency| {
        format!(
            "the requirement {:?} of {} is not exact: without `=` it may be met by a package of somebody else's",
            dependency.req, dependency.name
        )
    }));
    problems
        .into_iter()
        .map(|problem| format!("{}: {problem}", package.name))
        .collect()
}

fn missing(package: &Package) -> Vec<String> {
    [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("repository", package.repository.is_some()),
        ("rust-version", package.rust_version.is_some()),
        (
            "readme (README.md beside the manifest)",
            package.readme.is_some(),
        ),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
    ]
    .into_iter()
    .filter(|(_, there)| !there)
    .map(|(key, _)| format!("Cargo.toml has no {key}"))
    .collect()
}

fn words(package: &Package) -> Vec<String> {
    let mut problems = Vec::new();
    for (what, words) in [
        ("keywords", &package.keywords),
        ("categories", &package.categories),
    ] {
        if words.len() > MOST_WORDS {
            problems.push(format!(
                "{} {what}; the registry takes {MOST_WORDS}",
                words.len()
            ));
        }
    }
    for keyword in &package.keywords {
        let letters = keyword
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_+".contains(c));
        let begins = keyword.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !letters || !begins || keyword.len() > LONGEST_KEYWORD {
            problems.push(format!(
                "the registry refuses the keyword {keyword:?}: at most {LONGEST_KEYWORD} letters, digits, `-`, `_` and `+`, the first a letter or digit"
            ));
        }
    }
    for category in &package.categories {
        if !CATEGORIES.contains(&category.as_str()) {
            problems.push(format!("category {category:?} is not in {}", file!()));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = r#"{
        "name": "p", "description": "d", "license": "MIT", "repository": "r", "rust_version": "1", "readme": "README.md",
        "keywords": ["io-uring"], "categories": ["no-std"], "metadata": {"docs": {"rs": {"all-features": true}}},
        "dependencies": [
            {"name": "q", "req": "=0.1.0", "kind": null, "target": null},
            {"name": "q", "req": "*", "kind": "dev", "target": null},
            {"name": "libc", "req": "^0.2", "kind": null, "target": null}
        ]
    }"#;

    fn found(json: &str) -> Vec<String> {
        let package: Package = serde_json::from_str(json).expect("the test's metadata is valid");
        check(&package, &["p", "q"])
    }

    #[test]
    fn a_whole_manifest_is_fine() {
        assert_eq!(found(FINE), Vec::<String>::new());
    }

    #[test]
    fn each_missing_key_is_named() {
        assert_eq!(found(r#"{"name": "p"}"#).len(), 8);
        let without = FINE.replace(r#""license": "MIT","#, "");
        assert_eq!(found(&without), ["p: Cargo.toml has no license"]);
    }

    #[test]
    fn words_that_the_registry_refuses_are_found() {
        let six = FINE.replace(r#"["io-uring"]"#, r#"["a", "b", "c", "d", "e", "f"]"#);
        assert_eq!(found(&six).len(), 1);
        for keyword in ["two words", "-dash", "longer-than-twenty-letters"] {
            assert_eq!(
                found(&FINE.replace("io-uring", keyword)).len(),
                1,
                "{keyword}"
            );
        }
        assert_eq!(found(&FINE.replace("\"no-std\"", "\"runtime\"")).len(), 1);
    }

    #[test]
    fn a_package_of_ours_is_required_exactly() {
        let loose = found(&FINE.replace("=0.1.0", "^0.1.0"));
        assert_eq!(loose.len(), 1, "{loose:?}");
        assert!(loose[0].contains("of q is not exact"));
    }
}
