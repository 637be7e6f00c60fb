//! The numbers of the charts, as tables.

use crate::bench::compare::{Change, Comparison};
use crate::bench::report::markup::Element;
use crate::bench::report::scale::{metric, short, times};
use crate::bench::report::view::{Panel, Standing, Verdict};
use crate::bench::results::Role;
use crate::bench::table;

/// What the heading of a column of numbers begins with.
const NUMBER: char = '#';

/// A table in a box of its own that scrolls sideways where the page is narrower.
fn boxed(caption: &str, header: &[&str], rows: Vec<Element>) -> Element {
    let headings = header.iter().map(|heading| {
        // Headings of numbers are marked by a sign that is not shown.
        let (class, heading) = match heading.strip_prefix(NUMBER) {
            Some(heading) => ("number", heading),
            None => ("", *heading),
        };
        let element = Element::new("th").class(class);
        element.attr("scope", "col").text(heading)
    });
    let table = Element::new("table")
        .with(Element::new("caption").text(caption))
        .with(Element::new("thead").with(Element::new("tr").with_all(headings)))
        .with(Element::new("tbody").with_all(rows));
    Element::new("div")
        .class("scroll")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", caption)
        .with(table)
}

fn cell(text: impl std::fmt::Display) -> Element {
    Element::new("td").text(text)
}

fn number(text: impl std::fmt::Display) -> Element {
    cell(text).class("number")
}

fn link(panel: &Panel<'_>) -> Element {
    let target = Element::new("a").attr("href", format!("#{}", panel.id));
    Element::new("td").with(target.text(panel.case))
}

/// Everything that the charts of one metric show.
pub(super) fn numbers(caption: &str, panels: &[&Panel<'_>]) -> Element {
    let rows = panels.iter().flat_map(|panel| {
        panel.bars.iter().map(|bar| {
            let ratio = |ratio: Option<f64>| number(ratio.map_or_else(|| "–".to_owned(), times));
            let spread = bar.spread;
            let value = |value: f64| table::number(Some(value));
            let [low, high] = spread.quartiles.map(value);
            let class = if bar.role == Role::Home { "home" } else { "" };
            Element::new("tr")
                .class(class)
                .with(link(panel))
                .with(cell(bar.subject))
                .with(number(value(spread.median)))
                .with(number(format!("{low} – {high}")))
                .with(number(format!(
                    "{} – {}",
                    value(spread.min),
                    value(spread.max)
                )))
                .with(number(bar.rounds))
                .with(ratio(bar.to_reference))
                .with(cell(panel.reference.unwrap_or("–")))
                .with(ratio(bar.to_best_peer))
                .with(cell(panel.best_peer.unwrap_or("–")))
        })
    });
    let header = [
        "case",
        "subject",
        "#median",
        "#quartiles",
        "#least – greatest",
        "#rounds",
        "#to the reference",
        "which is",
        "#to the best peer",
        "which is",
    ];
    boxed(caption, &header, rows.collect())
}

/// Every chart in which home is behind the best peer, the worst first; `None` if there is none.
pub(super) fn behind(panels: &[&Panel<'_>]) -> Option<Element> {
    let mut behind: Vec<(&Panel<'_>, Standing)> = panels
        .iter()
        .filter_map(|panel| Some((*panel, panel.standing()?)))
        .filter(|(_, standing)| standing.verdict == Verdict::Behind)
        .collect();
    behind.sort_by(|(_, left), (_, right)| right.times_worse.total_cmp(&left.times_worse));
    let rows = behind.iter().map(|(panel, standing)| {
        let home = panel.home();
        let peer = panel.best_peer.and_then(|peer| panel.bar(peer));
        let median = |bar: Option<&crate::bench::report::view::Bar<'_>>| {
            bar.map_or_else(String::new, |bar| short(bar.spread.median))
        };
        Element::new("tr")
            .with(link(panel))
            .with(number(times(standing.times_worse)))
            .with(number(median(home)))
            .with(number(median(peer)))
            .with(cell(panel.best_peer.unwrap_or_default()))
            .with(cell(panel.race))
            .with(cell(metric(panel.metric)))
    });
    let header = [
        "case",
        "#times worse",
        "#corio",
        "#best peer",
        "which is",
        "race",
        "of",
    ];
    let rows: Vec<Element> = rows.collect();
    (!rows.is_empty()).then(|| {
        boxed(
            "Where corio is behind the best peer, worst first",
            &header,
            rows,
        )
    })
}

/// What has changed since an earlier run.
pub(super) fn changes(comparison: &Comparison) -> Option<Element> {
    let rows = comparison.changes.iter().map(change);
    let header = [
        "case",
        "subject",
        "#change",
        "#99 % between",
        "#was",
        "#is",
        "of",
        "race",
    ];
    let rows: Vec<Element> = rows.collect();
    (!rows.is_empty()).then(|| boxed("What has changed beyond noise, corio first", &header, rows))
}

fn change(change: &Change) -> Element {
    let [was, is] = change
        .difference
        .medians
        .map(|median| match &change.reference {
            Some(reference) => format!("{} {reference}", times(median)),
            None => table::number(Some(median)),
        });
    let [low, high] = change.difference.interval;
    let class = if change.is_gain() { "gain" } else { "loss" };
    let sign = if change.is_gain() { "▲" } else { "▼" };
    Element::new("tr")
        .with(cell(&change.case))
        .with(cell(&change.subject))
        .with(cell(format!("{sign} {}", change.describe())).class(format!("number {class}")))
        .with(number(format!("{low:.3} – {high:.3}")))
        .with(number(was))
        .with(number(is))
        .with(cell(metric(&change.metric)))
        .with(cell(&change.race))
}

/// Names on the left, what is known of them on the right.
pub(super) fn facts(facts: Vec<(&str, String)>) -> Element {
    let pairs = facts.into_iter().map(|(name, value)| {
        Element::new("div")
            .with(Element::new("dt").text(name))
            .with(Element::new("dd").text(value))
    });
    Element::new("dl").class("facts").with_all(pairs)
}
