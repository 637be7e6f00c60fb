//! Which subjects take part in a race.

use crate::Result;

/// Refuses names that no race knows.
pub(super) fn check(wanted: &[String], known: &[String]) -> Result {
    let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) else {
        return Ok(());
    };
    let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    Err(format!(
        "no subject is called `{unknown}`; choose from: {}",
        names.join(", ")
    )
    .into())
}

/// The subjects of one race: those of `known` that are `wanted`, or all but the variants (`name:variant`).
pub(super) fn choose(wanted: &[String], known: Vec<String>) -> Vec<String> {
    known
        .into_iter()
        .filter(|name| match wanted {
            [] => !name.contains(':'),
            wanted => wanted.contains(name),
        })
        .collect()
}

/// The order of one round: everyone moves up by one place a round, and the first goes last.
pub(super) fn rotated(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |place| (place + round) % count)
}

#[cfg(test)]
mod tests {
    use super::{check, choose, rotated};

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known() {
        let known = names(&["b", "a", "b"]);
        assert!(check(&names(&["a"]), &known).is_ok());
        let error = check(&names(&["a", "x"]), &known).expect_err("x is unknown");
        assert_eq!(
            error.to_string(),
            "no subject is called `x`; choose from: a, b"
        );
    }

    #[test]
    fn variants_take_part_only_when_named() {
        let known = names(&["a", "a:slow", "b"]);
        assert_eq!(choose(&[], known.clone()), ["a", "b"]);
        assert_eq!(choose(&names(&["a:slow", "elsewhere"]), known), ["a:slow"]);
    }

    #[test]
    fn each_round_begins_with_another() {
        assert_eq!(rotated(3, 0).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(rotated(3, 4).collect::<Vec<_>>(), [1, 2, 0]);
        assert_eq!(rotated(0, 1).count(), 0);
    }
}
