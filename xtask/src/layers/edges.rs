//! Which package may depend on which.

use crate::workspace::{Dependency, Package};

/// Every package of the workspace, and the workspace packages its normal and build dependencies may name.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("uring-engine", &[]),
    ("sync-prims", &[]),
    ("net-epoll-legacy", &[]),
    ("corio-macros", &[]),
    (
        "context",
        &["uring-engine", "net-epoll-legacy", "sync-prims"],
    ),
    ("channel", &["sync-prims"]),
    (
        "uring-io",
        &["context", "uring-engine", "sync-prims", "channel"],
    ),
    (
        "corio",
        &[
            "uring-io",
            "context",
            "channel",
            "uring-engine",
            "sync-prims",
            "net-epoll-legacy",
            "corio-macros",
        ],
    ),
    ("xtask", &["uring-engine", "context"]),
    (
        "benches",
        &[
            "corio",
            "uring-io",
            "context",
            "channel",
            "uring-engine",
            "sync-prims",
            "net-epoll-legacy",
        ],
    ),
];

/// Edges that only tests may have, beside those of [`ALLOWED`]: each points up so that a primitive can be tested under
/// the runtime it does not name, or a macro against what it expands to.
const ALLOWED_IN_TESTS: [(&str, &str); 7] = [
    ("sync-prims", "context"),
    ("channel", "context"),
    ("channel", "uring-engine"),
    ("corio-macros", "corio"),
    // The book's code.
    ("xtask", "corio"),
    ("xtask", "channel"),
    ("xtask", "sync-prims"),
];

/// Packages from elsewhere that only some of ours may name, tests included, and the reason.
const RESERVED: [(&str, &[&str], &str); 7] = [
    (
        "io-uring",
        &["uring-engine", "benches"],
        "the ring is the engine's",
    ),
    (
        "tokio",
        &["benches", "xtask", "uring-io", "corio"],
        "its traits are `uring-io`'s, its runtime is a peer of `corio`'s tests; `xtask` compiles the pages about migrating",
    ),
    ("monoio", MIGRATED_FROM_IN, PEERS),
    ("compio", PEERS_LIVE_IN, PEERS),
    ("glommio", PEERS_LIVE_IN, PEERS),
    ("smol", PEERS_LIVE_IN, PEERS),
    ("async-std", PEERS_LIVE_IN, PEERS),
];
const PEERS_LIVE_IN: &[&str] = &["benches"];
/// The book's doc tests, in `xtask`, compile the pages about migrating.
const MIGRATED_FROM_IN: &[&str] = &["benches", "xtask"];
const PEERS: &str = "the runtimes that corio is raced against are built by `benches` alone";

/// Says for each forbidden edge what is wrong and where the rule is.
pub(super) fn check(packages: &[Package]) -> Vec<String> {
    let mut violations = Vec::new();
    for package in packages {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
            violations.push(format!(
                "{}: unknown package; give it a line in {}",
                package.name,
                file!()
            ));
            continue;
        };
        for dependency in &package.dependencies {
            violations.extend(judge(&package.name, dependency, allowed));
        }
    }
    violations
}

fn judge(from: &str, dependency: &Dependency, allowed: &[&str]) -> Option<String> {
    let to = dependency.name.as_str();
    if let Some((_, users, reason)) = RESERVED.iter().find(|(name, ..)| *name == to) {
        return (!users.contains(&from)).then(|| format!("{from} -> {to}: {reason}"));
    }
    let is_ours = ALLOWED.iter().any(|(name, _)| *name == to);
    if !is_ours || allowed.contains(&to) {
        return None;
    }
    let in_tests = dependency.kind.as_deref() == Some("dev");
    if in_tests && ALLOWED_IN_TESTS.contains(&(from, to)) {
        return None;
    }
    let kind = if in_tests {
        "dev-dependency"
    } else {
        "dependency"
    };
    Some(format!(
        "{from} -> {to}: this {kind} is not among the edges that {} allows",
        file!()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            req: String::new(),
            kind: kind.map(str::to_owned),
            target: None,
        };
        Package {
            name: name.to_owned(),
            dependencies: dependencies.iter().map(dependency).collect(),
            ..Package::default()
        }
    }

    fn violations(name: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        check(&[package(name, &[(dependency, kind)])])
    }

    #[test]
    fn edges_that_point_down_are_allowed() {
        let packages = [
            package("uring-engine", &[("io-uring", None), ("libc", None)]),
            package("context", &[("uring-engine", None)]),
            package("uring-io", &[("context", None), ("uring-engine", None)]),
            package("corio", &[("uring-io", None), ("corio-macros", None)]),
        ];
        assert_eq!(check(&packages), Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_points_up_is_named() {
        let found = violations("uring-engine", "context", None);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("uring-engine -> context: this dependency"),
            "{found:?}"
        );
    }

    #[test]
    fn a_build_dependency_counts_like_a_normal_one() {
        assert_eq!(violations("context", "uring-io", Some("build")).len(), 1);
    }

    #[test]
    fn primitives_never_name_a_runtime() {
        assert_eq!(violations("sync-prims", "context", None).len(), 1);
        assert_eq!(violations("channel", "context", None).len(), 1);
        assert_eq!(violations("channel", "tokio", None).len(), 1);
    }

    #[test]
    fn tests_may_look_up_only_where_listed() {
        assert_eq!(
            violations("channel", "context", Some("dev")),
            Vec::<String>::new()
        );
        assert_eq!(violations("uring-engine", "context", Some("dev")).len(), 1);
    }

    #[test]
    fn nobody_depends_on_the_tools() {
        for tool in ["xtask", "benches"] {
            for (name, _) in ALLOWED {
                assert_eq!(
                    violations(name, tool, Some("dev")).len(),
                    1,
                    "{name} -> {tool}"
                );
            }
        }
    }

    #[test]
    fn peers_are_built_by_the_benches_alone() {
        assert_eq!(violations("benches", "tokio", None), Vec::<String>::new());
        assert_eq!(violations("uring-io", "monoio", Some("dev")).len(), 1);
    }

    #[test]
    fn an_unknown_package_needs_a_line() {
        assert_eq!(violations("newcomer", "libc", None).len(), 1);
    }

    #[test]
    fn the_allowed_edges_have_no_cycle() {
        fn reaches(from: &str, to: &str) -> bool {
            let allowed = ALLOWED
                .iter()
                .find(|(name, _)| *name == from)
                .map_or(&[][..], |(_, allowed)| *allowed);
            allowed.iter().any(|next| *next == to || reaches(next, to))
        }
        for (name, _) in ALLOWED {
            assert!(!reaches(name, name), "{name} reaches itself");
        }
    }
}
