//! What is on the page: panels of bars, and where home stands in each.

use crate::bench::compare::{Change, Comparison};
use crate::bench::record::Better;
use crate::bench::results::{RaceResults, Role, Series};
use crate::bench::stats::{self, Spread};

/// Between this and its inverse, two subjects are level: that much the machine does to two equals.
pub(super) const LEVEL: f64 = 1.05;

/// One metric of one case: one chart.
pub(super) struct Panel<'a> {
    /// Unique on the page.
    pub(super) id: String,
    pub(super) race: &'a str,
    pub(super) case: &'a str,
    pub(super) metric: &'a str,
    pub(super) unit: &'a str,
    pub(super) better: Better,
    /// The best first.
    pub(super) bars: Vec<Bar<'a>>,
    /// The subject that ratios are taken to.
    pub(super) reference: Option<&'a str>,
    pub(super) best_peer: Option<&'a str>,
    /// Who gave no sample, and why.
    pub(super) missing: Vec<(&'a str, &'a str)>,
}

/// One subject in a panel.
pub(super) struct Bar<'a> {
    pub(super) subject: &'a str,
    pub(super) role: Role,
    pub(super) spread: Spread,
    pub(super) rounds: usize,
    pub(super) to_reference: Option<f64>,
    pub(super) to_best_peer: Option<f64>,
    /// Since the run that this one is compared with.
    pub(super) change: Option<&'a Change>,
}

/// Where home stands to the best peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// How many times worse than the best peer; below 1, better.
    pub(super) times_worse: f64,
    pub(super) verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ahead,
    Level,
    Behind,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Verdict::Ahead => "ahead",
            Verdict::Level => "level",
            Verdict::Behind => "behind",
        }
    }
}

impl Panel<'_> {
    pub(super) fn is_reference(&self, bar: &Bar<'_>) -> bool {
        self.reference == Some(bar.subject)
    }

    pub(super) fn bar(&self, subject: &str) -> Option<&Bar<'_>> {
        self.bars.iter().find(|bar| bar.subject == subject)
    }

    pub(super) fn home(&self) -> Option<&Bar<'_>> {
        self.bars.iter().find(|bar| bar.role == Role::Home)
    }

    /// `None` if home or its peers did not take part.
    pub(super) fn standing(&self) -> Option<Standing> {
        let ratio = self.home()?.to_best_peer?;
        let times_worse = match self.better {
            Better::Less => ratio,
            Better::More => 1.0 / ratio,
        };
        let verdict = match times_worse {
            times if times > LEVEL => Verdict::Behind,
            times if times < 1.0 / LEVEL => Verdict::Ahead,
            _ => Verdict::Level,
        };
        Some(Standing {
            times_worse,
            verdict,
        })
    }
}

/// The panels of a race, the metrics that it is about first, otherwise in the order of the results.
pub(super) fn panels<'a>(
    race: &'a RaceResults,
    prefix: &str,
    comparison: Option<&'a Comparison>,
) -> Vec<Panel<'a>> {
    let mut groups: Vec<Vec<&Series>> = Vec::new();
    for series in &race.series {
        let same = |group: &&mut Vec<&Series>| {
            group[0].case == series.case && group[0].metric == series.metric
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(series),
            None => groups.push(vec![series]),
        }
    }
    groups.sort_by_key(|group| !race.is_decisive(&group[0].metric));
    let number = |(index, group): (usize, Vec<&'a Series>)| {
        panel(race, format!("{prefix}-{}", index + 1), &group, comparison)
    };
    groups.into_iter().enumerate().map(number).collect()
}

fn panel<'a>(
    race: &'a RaceResults,
    id: String,
    group: &[&'a Series],
    comparison: Option<&'a Comparison>,
) -> Panel<'a> {
    let first = group[0];
    let cost = |spread: &Spread| match first.better {
        Better::Less => spread.median,
        Better::More => -spread.median,
    };
    let mut measured: Vec<(&Series, Spread)> = group
        .iter()
        .filter_map(|series| Some((*series, stats::spread(series.values())?)))
        .collect();
    measured.sort_by(|(_, left), (_, right)| cost(left).total_cmp(&cost(right)));
    let best_peer = measured.iter().map(|(series, _)| *series);
    let best_peer = best_peer.clone().find(|series| series.role == Role::Peer);
    let reference = first.reference.as_deref();
    let reference = group
        .iter()
        .find(|series| Some(series.subject.as_str()) == reference)
        .copied();
    let ratio = |series: &Series, other: Option<&Series>| {
        stats::paired_ratio(&series.samples, &other?.samples)
    };
    let bars = measured.iter().map(|(series, spread)| Bar {
        subject: &series.subject,
        role: series.role,
        spread: *spread,
        rounds: series.values().count(),
        to_reference: ratio(series, reference),
        to_best_peer: ratio(series, best_peer),
        change: comparison
            .and_then(|c| c.of(&race.name, &series.case, &series.subject, &series.metric)),
    });
    let failures = race.failures.iter().filter(|failure| {
        (failure.case == first.case || failure.case == ALL_CASES)
            && !measured
                .iter()
                .any(|(series, _)| series.subject == failure.subject)
    });
    Panel {
        id,
        race: &race.name,
        case: &first.case,
        metric: &first.metric,
        unit: &first.unit,
        better: first.better,
        bars: bars.collect(),
        reference: reference.map(|series| series.subject.as_str()),
        best_peer: best_peer.map(|series| series.subject.as_str()),
        missing: failures
            .map(|failure| (failure.subject.as_str(), failure.reason.as_str()))
            .collect(),
    }
}

/// The case of a failure that is one in every case.
const ALL_CASES: &str = "all";

#[cfg(test)]
pub(super) mod tests {
    use super::{Verdict, panels};
    use crate::bench::record::{Better, Metric, Record, Reference};

    pub(crate) const COST: Metric = Metric {
        name: "server_cpu",
        unit: "us/request",
        better: Better::Less,
    };

    pub(crate) const RATE: Metric = Metric {
        name: "throughput",
        unit: "1/s",
        better: Better::More,
    };

    #[test]
    fn bars_go_from_best_to_worst_and_home_is_set_against_the_best_peer() {
        let mut record =
            Record::new("echo", Reference::Subject("raw-uring"), 1).decided_by(&[COST]);
        let subjects = [
            ("corio", 12.0),
            ("raw-uring", 5.0),
            ("slow", 20.0),
            ("fast", 10.0),
        ];
        for (subject, value) in subjects {
            record.note("c", subject, 0, RATE, value);
            record.note("c", subject, 0, COST, value);
        }
        record.fail("c", "broken", "no ring".to_owned());
        record.fail("all", "corio", "a round of it".to_owned());
        let results = record.results();
        let panels = panels(&results, "r", None);
        let names = |index: usize| -> Vec<&str> {
            let panel: &super::Panel<'_> = &panels[index];
            panel.bars.iter().map(|bar| bar.subject).collect()
        };
        assert_eq!(panels[0].metric, "server_cpu", "what decides comes first");
        assert_eq!(names(0), ["raw-uring", "fast", "corio", "slow"]);
        assert_eq!(names(1), ["slow", "corio", "fast", "raw-uring"]);
        assert_eq!(panels[0].best_peer, Some("fast"));
        assert_eq!(panels[1].best_peer, Some("slow"));
        let standing = |index: usize| panels[index].standing().expect("home took part");
        assert_eq!(standing(0).verdict, Verdict::Behind);
        assert!((standing(0).times_worse - 1.2).abs() < 1e-9);
        assert!((standing(1).times_worse - 20.0 / 12.0).abs() < 1e-9);
        let home = panels[0].home().expect("home took part");
        assert_eq!(home.to_reference, Some(2.4));
        assert_eq!(panels[0].missing, [("broken", "no ring")]);
        assert_eq!(panels[0].id, "r-1");
    }

    #[test]
    fn series_without_samples_have_no_bar() {
        let mut record = Record::new("echo", Reference::Subject("raw-uring"), 1);
        record.note("c", "corio", 0, COST, 1.0);
        let mut results = record.results();
        results.series[0].samples = vec![None];
        let panels = panels(&results, "r", None);
        assert!(panels[0].bars.is_empty());
        assert!(panels[0].standing().is_none());
    }
}
