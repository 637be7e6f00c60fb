//! The page of a run: every measurement drawn, on one file that needs nothing else.
//!
//! `view` says what is on it, `chart` and `overview` draw it on the `scale` of each, `tables` have the numbers, `legend` the
//! words. All of it is built from the elements of `markup`, so no name of a subject or a case can break the page. It reads
//! without its script, which only filters the charts, and its policy forbids it to load anything.

mod chart;
mod legend;
mod markup;
mod overview;
mod scale;
mod tables;
mod view;

use crate::bench::compare::Comparison;
use crate::bench::facts::Facts;
use crate::bench::record::Better;
use crate::bench::report::markup::Element;
use crate::bench::report::scale::times;
use crate::bench::report::view::{Panel, Verdict};
use crate::bench::results::{RaceResults, Results};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing may be loaded from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A race and what is drawn of it.
struct Section<'a> {
    id: String,
    race: &'a RaceResults,
    panels: Vec<Panel<'a>>,
}

impl Section<'_> {
    /// The panels of what the race is about.
    fn decisive(&self) -> Vec<&Panel<'_>> {
        let panels = self.panels.iter();
        panels
            .filter(|panel| self.race.is_decisive(panel.metric))
            .collect()
    }
}

/// The page of `results`, with what has changed since an earlier run.
pub(super) fn page(results: &Results, comparison: Option<&Comparison>) -> String {
    let sections: Vec<Section<'_>> = results
        .races
        .iter()
        .enumerate()
        .map(|(index, race)| {
            let id = format!("race-{}", index + 1);
            let panels = view::panels(race, &id, comparison);
            Section { id, race, panels }
        })
        .collect();
    let facts = &results.run;
    let body = Element::new("body")
        .with(header(facts, &sections))
        .with(
            Element::new("main")
                .with(at_a_glance(&sections))
                .with_all(comparison.map(since))
                .with(losses(&sections))
                .with(legend::how_to_read())
                .with_all(sections.iter().map(race))
                .with(made_by(facts)),
        )
        .with(Element::new("script").verbatim(SCRIPT));
    Element::new("html")
        .attr("xmlns", "http://www.w3.org/1999/xhtml")
        .attr("lang", "en")
        .with(head())
        .with(body)
        .page()
}

fn head() -> Element {
    let meta = |name: &str, content: &str| {
        Element::new("meta")
            .attr("name", name)
            .attr("content", content)
    };
    Element::new("head")
        .with(Element::new("meta").attr("charset", "utf-8"))
        .with(
            Element::new("meta")
                .attr("http-equiv", "Content-Security-Policy")
                .attr("content", POLICY),
        )
        .with(meta("viewport", "width=device-width, initial-scale=1"))
        .with(meta("color-scheme", "light dark"))
        .with(Element::new("title").text("corio: benchmarks"))
        .with(Element::new("style").verbatim(STYLE))
}

fn header(facts: &Facts, sections: &[Section<'_>]) -> Element {
    let commit = facts.commit.as_ref().map(|commit| commit.short());
    let line = [
        Some(facts.date.clone()),
        commit.map(|commit| format!("commit {commit}")),
        facts.machine.processor.clone(),
        Some(facts.machine.kernel.clone()),
    ];
    let line: Vec<String> = line
        .into_iter()
        .flatten()
        .filter(|fact| !fact.is_empty())
        .collect();
    let link = |id: &str, text: &str| Element::new("a").attr("href", format!("#{id}")).text(text);
    Element::new("header")
        .with(
            Element::new("h1")
                .with(Element::new("span").class("brand").text("corio"))
                .text(" against its peers"),
        )
        .with(Element::new("p").class("subtitle").text(line.join(" · ")))
        .with(
            Element::new("nav")
                .attr("aria-label", "Sections")
                .with(link("losses", "where corio is behind"))
                .with(link("how", "how to read"))
                .with_all(sections.iter().map(|s| link(&s.id, &s.race.name)))
                .with(link("made", "machine and versions")),
        )
}

/// One drawing for each race with all of its cases.
fn at_a_glance(sections: &[Section<'_>]) -> Element {
    let cards = sections.iter().filter_map(|section| {
        let panels = section.decisive();
        let count = |verdict: Verdict| {
            let same = panels
                .iter()
                .filter(|panel| panel.standing().is_some_and(|s| s.verdict == verdict));
            same.count()
        };
        let counts = [Verdict::Ahead, Verdict::Level, Verdict::Behind].map(|v| (v, count(v)));
        if counts.iter().all(|(_, count)| *count == 0) {
            return None;
        }
        let badges = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(verdict, count)| badge(verdict, &format!("{count} {}", verdict.word())));
        let heading = Element::new("h3").with(
            Element::new("a")
                .attr("href", format!("#{}", section.id))
                .text(&section.race.name),
        );
        let caption = Element::new("figcaption")
            .with(heading)
            .with(Element::new("span").class("badges").with_all(badges));
        Some(
            Element::new("figure")
                .class("card glance")
                .with(caption)
                .with(overview::draw(&section.race.name, &section.id, &panels)),
        )
    });
    let cards: Vec<Element> = cards.collect();
    let text = match cards.is_empty() {
        true => "There is nothing in which corio and a peer were measured together.",
        false => {
            "A dot for each case: its cost on corio, in times that of the best peer in that case, whoever that is. Left of the \
             grey zone corio is ahead, right of it behind. Dots at the edges are beyond them."
        }
    };
    Element::new("section")
        .attr("id", "glance")
        .with(Element::new("h2").text("At a glance"))
        .with(Element::new("p").text(text))
        .with(Element::new("div").class("grid").with_all(cards))
}

fn badge(verdict: Verdict, text: &str) -> Element {
    Element::new("span")
        .class(format!("badge {}", verdict.word()))
        .text(text)
}

fn since(comparison: &Comparison) -> Element {
    let warnings = comparison.warnings.iter().map(|warning| {
        Element::new("p")
            .class("warning")
            .with(Element::new("strong").text("Careful: "))
            .text(format!("{warning}."))
    });
    Element::new("section")
        .attr("id", "since")
        .with(Element::new("h2").text("What has changed"))
        .with(Element::new("p").text(comparison.summary()))
        .with_all(warnings)
        .with_all(tables::changes(comparison))
}

fn losses(sections: &[Section<'_>]) -> Element {
    let decisive: Vec<&Panel<'_>> = sections.iter().flat_map(Section::decisive).collect();
    let table = tables::behind(&decisive);
    let text = match &table {
        Some(_) => {
            "Every case in which corio costs more than 1.05 times what the best peer of that case does. Why, as far as that is \
             known, stands in docs/benchmarks.md."
        }
        None => {
            "Nowhere in this run: in no case does corio cost more than 1.05 times what the best peer does."
        }
    };
    Element::new("section")
        .attr("id", "losses")
        .with(Element::new("h2").text("Where corio is behind"))
        .with(Element::new("p").text(text))
        .with_all(table)
}

fn race(section: &Section<'_>) -> Element {
    let mut metrics: Vec<&str> = Vec::new();
    for panel in &section.panels {
        if !metrics.contains(&panel.metric) {
            metrics.push(panel.metric);
        }
    }
    let words = legend::race(&section.race.name);
    let rounds = section.race.rounds;
    let times = if rounds == 1 { "round" } else { "rounds" };
    Element::new("section")
        .attr("id", &section.id)
        .class("race")
        .with(
            Element::new("h2")
                .text(&section.race.name)
                .with(Element::new("small").text(format!(" {rounds} {times}"))),
        )
        .with_all(words.map(|words| Element::new("p").text(words)))
        .with_all(metrics.into_iter().map(|metric| group(section, metric)))
}

/// The charts of one metric, and their numbers.
fn group(section: &Section<'_>, metric: &str) -> Element {
    let panels: Vec<&Panel<'_>> = section
        .panels
        .iter()
        .filter(|panel| panel.metric == metric)
        .collect();
    let (better, unit) = match panels.first() {
        Some(panel) => (panel.better, scale::unit(panel.unit)),
        None => (Better::Less, String::new()),
    };
    let direction = match better {
        Better::Less => "less is better",
        Better::More => "more is better",
    };
    let name = scale::metric(metric);
    let heading = format!("{name}, {unit}, {direction}");
    let cards = Element::new("div")
        .class("grid")
        .with_all(panels.iter().map(|panel| card(panel)));
    let caption = format!("{}: {heading}", section.race.name);
    let numbers = Element::new("details")
        .class("numbers")
        .with(Element::new("summary").text(format!("The numbers of {name}")))
        .with(tables::numbers(&caption, &panels));
    if section.race.is_decisive(metric) {
        let heading = Element::new("h3").text(heading);
        let group = Element::new("div").class("group");
        group.with(heading).with(cards).with(numbers)
    } else {
        let summary = Element::new("summary").text(format!("Also measured: {heading}"));
        let group = Element::new("details").class("group");
        group.with(summary).with(cards).with(numbers)
    }
}

fn card(panel: &Panel<'_>) -> Element {
    let standing = panel.standing();
    let badge = standing.map(|standing| {
        let verdict = standing.verdict;
        badge(
            verdict,
            &format!("{} {}", verdict.word(), times(standing.times_worse)),
        )
    });
    let class = standing.map_or("card", |standing| match standing.verdict {
        Verdict::Behind => "card behind",
        Verdict::Ahead | Verdict::Level => "card",
    });
    let against = [
        panel
            .reference
            .map(|reference| format!("reference: {reference}")),
        panel
            .best_peer
            .filter(|_| panel.best_peer != panel.reference)
            .map(|peer| format!("best peer: {peer}")),
    ];
    let against: Vec<String> = against.into_iter().flatten().collect();
    let change = panel.home().and_then(|home| home.change).map(|change| {
        let (class, sign) = match change.is_gain() {
            true => ("gain", "▲"),
            false => ("loss", "▼"),
        };
        Element::new("p")
            .class(format!("change {class}"))
            .text(format!("{sign} corio is {} than before", change.describe()))
    });
    let missing = panel.missing.iter().map(|(subject, reason)| {
        Element::new("p")
            .class("missing")
            .text(format!("{subject} did not take part: {reason}"))
    });
    Element::new("figure")
        .class(class)
        .attr("id", &panel.id)
        .with(
            Element::new("figcaption")
                .with(Element::new("h4").text(panel.case))
                .with_all(badge),
        )
        .with(chart::draw(panel))
        .with_all(
            (!against.is_empty())
                .then(|| Element::new("p").class("against").text(against.join(" · "))),
        )
        .with_all(change)
        .with_all(missing)
}

/// The machine, the versions and the command.
fn made_by(facts: &Facts) -> Element {
    let machine = &facts.machine;
    let unknown = || "unknown".to_owned();
    let processor = machine.processor.clone().unwrap_or_else(unknown);
    let kind = if machine.is_virtual {
        " (virtual machine)"
    } else {
        ""
    };
    let memory = machine
        .memory_bytes
        .map(|bytes| format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64));
    let governor = machine.governor.clone();
    let commit = facts.commit.as_ref().map(|commit| {
        let mark = if commit.is_changed {
            ", with changes"
        } else {
            ""
        };
        format!("{}{mark}", commit.id)
    });
    let rows = vec![
        ("processor", format!("{processor}{kind}")),
        ("cores", machine.cores.to_string()),
        ("memory", memory.unwrap_or_else(unknown)),
        (
            "frequency governor",
            governor.unwrap_or_else(|| "not to be seen".to_owned()),
        ),
        ("kernel", machine.kernel.clone()),
        ("driver of a context", facts.driver.clone()),
        ("compiler", facts.rustc.clone()),
        ("commit", commit.unwrap_or_else(unknown)),
        ("begun", facts.date.clone()),
    ];
    let peers = facts.peers.iter().map(|peer| {
        Element::new("li")
            .text(format!("{} ", peer.name))
            .with(Element::new("span").class("version").text(&peer.version))
    });
    Element::new("section")
        .attr("id", "made")
        .with(Element::new("h2").text("Machine and versions"))
        .with(Element::new("p").text("Made by"))
        .with(Element::new("pre").with(Element::new("code").text(&facts.command)))
        .with(tables::facts(rows))
        .with(Element::new("h3").text("What corio is raced against, and what that is built on"))
        .with(Element::new("ul").class("peers").with_all(peers))
}

#[cfg(test)]
mod tests;
