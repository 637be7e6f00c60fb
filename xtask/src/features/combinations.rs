//! Which sets of features are worth a check: none, the default, all, and those chosen one or more at a time.

use std::collections::{BTreeMap, BTreeSet};

/// Features of one package.
pub(super) type Set = BTreeSet<String>;

/// Every set to check, each once, the smallest first. At most `depth` features are chosen together (`None`: any number);
/// none, the default and all are always among them.
///
/// Two choices that switch on the same features are one: `codec` alone and `bytes` with `codec`, if the one takes in the other.
pub(super) fn sets(features: &BTreeMap<String, Vec<String>>, depth: Option<usize>) -> Vec<Set> {
    let names: Vec<&str> = features
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "default")
        .collect();
    let mut found = BTreeSet::new();
    found.insert(Set::new());
    let mut last = found.clone();
    for _ in 0..depth.unwrap_or(names.len()) {
        let mut next = BTreeSet::new();
        for set in &last {
            for name in names.iter().filter(|name| !set.contains(**name)) {
                let mut larger = set.clone();
                larger.extend(switched_on(features, name));
                next.insert(larger);
            }
        }
        next.retain(|set| found.insert(set.clone()));
        last = next;
    }
    found.insert(switched_on(features, "default"));
    found.insert(names.iter().map(|name| (*name).to_owned()).collect());
    let mut sets: Vec<Set> = found.into_iter().collect();
    sets.sort_by_key(Set::len);
    sets
}

/// The features of the same package that one feature switches on, itself included; `default` is a list, not a member.
pub(super) fn switched_on(features: &BTreeMap<String, Vec<String>>, name: &str) -> Set {
    let mut set = Set::new();
    let mut waiting = vec![name];
    while let Some(name) = waiting.pop() {
        let Some(lines) = features.get(name) else {
            continue;
        };
        if name == "default" || set.insert(name.to_owned()) {
            waiting.extend(lines.iter().map(String::as_str));
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(lines: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        lines
            .iter()
            .map(|(name, on)| {
                let on = on.iter().map(|line| (*line).to_owned()).collect();
                ((*name).to_owned(), on)
            })
            .collect()
    }

    fn shown(sets: &[Set]) -> Vec<String> {
        let join = |set: &Set| set.iter().cloned().collect::<Vec<_>>().join("+");
        let mut shown: Vec<String> = sets.iter().map(join).collect();
        shown.sort();
        shown
    }

    #[test]
    fn a_package_without_features_has_one_set() {
        assert_eq!(sets(&features(&[]), Some(2)), [Set::new()]);
        assert_eq!(sets(&features(&[("default", &[])]), None), [Set::new()]);
    }

    #[test]
    fn depth_bounds_what_is_chosen_together_and_all_is_there_anyway() {
        let four = features(&[("a", &[]), ("b", &[]), ("c", &[]), ("d", &["dep:x", "y/z"])]);
        let one = sets(&four, Some(1));
        assert_eq!(shown(&one), ["", "a", "a+b+c+d", "b", "c", "d"]);
        assert_eq!(sets(&four, Some(2)).len(), 1 + 4 + 6 + 1);
        assert_eq!(sets(&four, None).len(), 16);
    }

    #[test]
    fn choices_that_come_to_the_same_are_one() {
        let chained = features(&[("a", &["b"]), ("b", &["c"]), ("c", &[])]);
        assert_eq!(shown(&sets(&chained, None)), ["", "a+b+c", "b+c", "c"]);
    }

    #[test]
    fn the_default_is_a_set_like_any_other() {
        let package = features(&[
            ("default", &["a", "b", "c"]),
            ("a", &[]),
            ("b", &[]),
            ("c", &[]),
            ("d", &[]),
        ]);
        let found = shown(&sets(&package, Some(1)));
        assert!(found.contains(&"a+b+c".to_owned()), "{found:?}");
        assert!(
            found.iter().all(|set| !set.contains("default")),
            "{found:?}"
        );
    }
}
