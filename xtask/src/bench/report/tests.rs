//! Pages as a whole: they parse, and nothing in a result can break them.

use std::collections::HashSet;

use super::page;
use super::view::tests::{COST, RATE};
use crate::bench::compare::Comparison;
use crate::bench::facts::{Commit, Facts, Peer};
use crate::bench::record::{Record, Reference};
use crate::bench::results::Results;

/// A name that would be markup if it could.
const NASTY: &str = "<script>alert(\"1\")</script> & 'x' ]]>";

/// Two races, one with nasty names, gaps, a failure, huge and zero values.
fn results() -> Results {
    let mut echo = Record::new("echo", Reference::Subject("raw-uring"), 5).decided_by(&[COST]);
    for round in 0..5 {
        let drift = 1.0 + 0.1 * round as f64;
        for (subject, value) in [
            ("raw-uring", 5.0),
            ("corio", 5.2),
            (NASTY, 9.0),
            ("tokio", 5.0),
        ] {
            echo.note(NASTY, subject, round, COST, value * drift);
            echo.note(NASTY, subject, round, RATE, 1e6 / value);
        }
    }
    echo.note("one sample", "corio", 3, COST, 1e12);
    echo.note("one sample", "tokio", 3, COST, 1e-9);
    echo.note("one sample", "smol", 3, COST, f64::NAN);
    echo.note("nothing", "corio", 0, COST, 0.0);
    echo.fail("one sample", "glommio", NASTY.to_owned());
    let best = Reference::Best {
        first: None,
        home: "corio",
    };
    let mut net = Record::new(NASTY_RACE, best, 5);
    for round in 0..5 {
        net.note("a", "corio", round, COST, 12.0 + round as f64);
        net.note("a", "tokio", round, COST, 10.0);
    }
    let run = Facts {
        command: "cargo xtask bench --cases '<b>&'".to_owned(),
        commit: Some(Commit {
            id: "0123456789abcdef".to_owned(),
            is_changed: true,
        }),
        peers: vec![Peer {
            name: "tokio".to_owned(),
            version: "1.54.0".to_owned(),
        }],
        ..Facts::default()
    };
    Results::new(run, vec![echo.results(), net.results()])
}

/// Names of races become words of the page, too.
const NASTY_RACE: &str = "\"><img src=x onerror=alert(1)>";

/// The parsed page; panics if it is not well-formed.
fn parse(page: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let document = roxmltree::Document::parse_with_options(page, options);
    document.unwrap_or_else(|error| panic!("{error} in\n{page}"))
}

#[test]
fn a_page_with_nasty_names_parses_and_has_only_its_own_elements() {
    let results = results();
    let comparison = Comparison::new(&results, &results);
    let page = page(&results, Some(&comparison));
    let document = parse(&page);
    let count = |name: &str| {
        let elements = document.descendants();
        elements
            .filter(|node| node.tag_name().name() == name)
            .count()
    };
    assert_eq!((count("script"), count("img"), count("b")), (1, 0, 0));
    let texts = document.descendants().filter_map(|node| node.text());
    assert!(texts.into_iter().any(|text| text == NASTY));
    // What a policy could let through: nothing refers to anything outside of the page.
    for attribute in document.descendants().flat_map(|node| node.attributes()) {
        let is_reference = ["href", "src", "xlink:href"].contains(&attribute.name());
        assert!(
            !is_reference || attribute.value().starts_with('#'),
            "{attribute:?}"
        );
    }
}

#[test]
fn every_id_is_one_and_every_reference_has_its_target() {
    let results = results();
    let page = page(&results, None);
    let document = parse(&page);
    let mut ids = HashSet::new();
    for id in document
        .descendants()
        .filter_map(|node| node.attribute("id"))
    {
        assert!(ids.insert(id), "{id} is there twice");
    }
    for node in document.descendants() {
        let labels = node.attribute("aria-labelledby").unwrap_or_default();
        let link = node
            .attribute("href")
            .and_then(|link| link.strip_prefix('#'));
        for id in labels.split(' ').filter(|id| !id.is_empty()).chain(link) {
            assert!(ids.contains(id), "nothing is called {id}");
        }
    }
}

#[test]
fn every_drawing_says_what_it_is_and_stays_within_itself() {
    let results = results();
    let page = page(&results, None);
    let document = parse(&page);
    let drawings: Vec<_> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "svg")
        .collect();
    // Two metrics of one case, two other cases, one of the other race; and a glance at each.
    assert_eq!(drawings.len(), 4 + 1 + 2);
    for drawing in drawings {
        let has = |name: &str| {
            drawing
                .children()
                .any(|node| node.tag_name().name() == name)
        };
        assert!(has("title") && has("desc"));
        for node in drawing.descendants() {
            for name in [
                "x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy",
            ] {
                let Some(text) = node.attribute(name) else {
                    continue;
                };
                let value: f64 = text.parse().unwrap_or(f64::NAN);
                assert!((0.0..=2000.0).contains(&value), "{name}={text}");
                assert!(
                    !name.contains('x') || value <= super::chart::WIDTH,
                    "{name}={text}"
                );
            }
        }
    }
}

#[test]
fn losses_are_listed_and_gaps_have_their_reason() {
    let text = page(&results(), None);
    let document = parse(&text);
    let find = |id: &str| {
        let mut nodes = document.descendants();
        nodes
            .find(|node| node.attribute("id") == Some(id))
            .expect(id)
    };
    let losses: String = find("losses")
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    for part in ["one sample", "a", "1.40×"] {
        assert!(losses.contains(part), "{part} is missing in {losses}");
    }
    assert!(text.contains("glommio did not take part"));
    assert!(text.contains("0123456789 with changes"));
}

#[test]
fn a_run_without_anything_is_still_a_page() {
    let empty = page(&Results::new(Facts::default(), Vec::new()), None);
    parse(&empty);
    assert!(empty.contains("nothing in which corio and a peer"));
}
