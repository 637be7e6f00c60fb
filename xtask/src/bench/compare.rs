//! Two runs compared: what has changed beyond noise.
//!
//! Values drift with the machine from hour to hour, and only what stood next to each other in a round can be compared. So a
//! series is compared by its ratios to its reference, round by round, if both runs have the reference; else, and then for
//! what it is worth, by its values. A change is told if `bootstrap` finds a difference. With fewer than [`ROUNDS`] nothing is said.

use crate::bench::bootstrap::{Difference, difference};
use crate::bench::facts::Facts;
use crate::bench::record::Better;
use crate::bench::results::{Results, Role, Series};
use crate::bench::{stats, table};

/// Rounds that each run must have.
const ROUNDS: usize = 5;

/// What has changed from one run to another.
pub(super) struct Comparison {
    /// Of the earlier run.
    pub(super) earlier: Facts,
    /// What makes the runs differ beside the code.
    pub(super) warnings: Vec<String>,
    /// Home's first, then the kin's, then the others', the greatest first.
    pub(super) changes: Vec<Change>,
    /// Series that were compared.
    pub(super) compared: usize,
    /// Series with too few rounds.
    pub(super) too_few: usize,
    /// Series that only one of the runs has: the earlier, the later.
    pub(super) alone: [usize; 2],
}

/// A series that has changed.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) race: String,
    pub(super) case: String,
    pub(super) subject: String,
    pub(super) role: Role,
    pub(super) metric: String,
    pub(super) better: Better,
    /// The subject that both medians are ratios to; without one, they are values.
    pub(super) reference: Option<String>,
    pub(super) difference: Difference,
}

impl Change {
    /// Whether it has become better.
    pub(super) fn is_gain(&self) -> bool {
        (self.difference.factor < 1.0) == (self.better == Better::Less)
    }

    /// As in "12 % better".
    pub(super) fn describe(&self) -> String {
        let verdict = if self.is_gain() { "better" } else { "worse" };
        match self.difference.factor {
            factor if factor >= 10.0 => format!("{} times, {verdict}", table::number(Some(factor))),
            factor => format!("{:.0} % {verdict}", (factor - 1.0).abs() * 100.0),
        }
    }
}

impl Comparison {
    pub(super) fn new(earlier: &Results, later: &Results) -> Comparison {
        let mut comparison = Comparison {
            earlier: earlier.run.clone(),
            warnings: warnings(&earlier.run, &later.run),
            changes: Vec::new(),
            compared: 0,
            too_few: 0,
            alone: [0, 0],
        };
        for race in &later.races {
            let before = earlier.races.iter().find(|other| other.name == race.name);
            let before = before.map_or(&[][..], |race| &race.series[..]);
            for series in &race.series {
                let Some(old) = before.iter().find(|old| same(old, series)) else {
                    comparison.alone[1] += 1;
                    continue;
                };
                if series.reference.as_ref() == Some(&series.subject) {
                    // It is what the others are measured by.
                    continue;
                }
                comparison.compare(&race.name, (before, old), (&race.series, series));
            }
        }
        let gone = earlier.races.iter().map(|race| {
            let now = later.races.iter().find(|other| other.name == race.name);
            let now = now.map_or(&[][..], |race| &race.series[..]);
            let is_gone = |old: &&Series| !now.iter().any(|series| same(old, series));
            race.series.iter().filter(is_gone).count()
        });
        comparison.alone[0] = gone.sum();
        comparison.changes.sort_by(|left, right| {
            let rank = |change: &Change| (change.role != Role::Home, change.role != Role::Kin);
            let size = |change: &Change| change.difference.factor.ln().abs();
            rank(left)
                .cmp(&rank(right))
                .then(size(right).total_cmp(&size(left)))
        });
        comparison
    }

    fn compare(&mut self, race: &str, earlier: (&[Series], &Series), later: (&[Series], &Series)) {
        let series = later.1;
        let ratios = series.reference.as_deref().and_then(|reference| {
            let pair = [ratios(earlier, reference)?, ratios(later, reference)?];
            Some((Some(reference.to_owned()), pair))
        });
        let (reference, samples) = ratios.unwrap_or_else(|| {
            let values = [earlier.1.values().collect(), series.values().collect()];
            (None, values)
        });
        if samples.iter().any(|samples| samples.len() < ROUNDS) {
            self.too_few += 1;
            return;
        }
        self.compared += 1;
        if let Some(difference) = difference(&samples) {
            self.changes.push(Change {
                race: race.to_owned(),
                case: series.case.clone(),
                subject: series.subject.clone(),
                role: series.role,
                metric: series.metric.clone(),
                better: series.better,
                reference,
                difference,
            });
        }
    }

    /// The change of a series, if it has changed.
    pub(super) fn of(
        &self,
        race: &str,
        case: &str,
        subject: &str,
        metric: &str,
    ) -> Option<&Change> {
        self.changes.iter().find(|change| {
            change.race == race
                && change.case == case
                && change.subject == subject
                && change.metric == metric
        })
    }

    /// What was compared, in one sentence.
    pub(super) fn summary(&self) -> String {
        let [gone, new] = self.alone;
        let commit = match &self.earlier.commit {
            Some(commit) => format!(", commit {}", commit.short()),
            None => String::new(),
        };
        let mut text = format!(
            "Compared with the run of {}{commit}: {} of {} series changed beyond noise",
            self.earlier.date,
            self.changes.len(),
            self.compared
        );
        for (count, what) in [
            (self.too_few, "have too few rounds to say"),
            (new, "are new"),
            (gone, "are gone"),
        ] {
            if count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        text + "."
    }

    /// The comparison for a terminal.
    pub(super) fn text(&self) -> String {
        let mut text = format!("\n{}\n", self.summary());
        for warning in &self.warnings {
            text += &format!("warning: {warning}\n");
        }
        if self.changes.is_empty() {
            return text;
        }
        let rows: Vec<Vec<String>> = self.changes.iter().map(row).collect();
        let header = [
            "race, case",
            "subject",
            "metric",
            "was",
            "is",
            "change",
            "99 % between",
        ];
        text + &table::layout(&header, &rows)
    }
}

fn row(change: &Change) -> Vec<String> {
    let [was, is] = change
        .difference
        .medians
        .map(|median| match &change.reference {
            Some(reference) => format!("{median:.2} x {reference}"),
            None => table::number(Some(median)),
        });
    let [low, high] = change.difference.interval;
    vec![
        format!("{}, {}", change.race, change.case),
        change.subject.clone(),
        change.metric.clone(),
        was,
        is,
        change.describe(),
        format!("{low:.3} and {high:.3}"),
    ]
}

fn same(left: &Series, right: &Series) -> bool {
    left.case == right.case
        && left.subject == right.subject
        && left.metric == right.metric
        && left.unit == right.unit
}

/// The ratios of a series to `reference` in its own run; `None` if there are none.
fn ratios((all, series): (&[Series], &Series), reference: &str) -> Option<Vec<f64>> {
    let reference = all.iter().find(|other| {
        other.subject == reference && other.case == series.case && other.metric == series.metric
    })?;
    let ratios: Vec<f64> = stats::ratios(&series.samples, &reference.samples).collect();
    (!ratios.is_empty()).then_some(ratios)
}

/// What else differs between the runs.
fn warnings(earlier: &Facts, later: &Facts) -> Vec<String> {
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let [old, new] = [&earlier.machine, &later.machine];
    let mut warnings: Vec<String> = [
        (
            "processor",
            or_unknown(&old.processor),
            or_unknown(&new.processor),
        ),
        (
            "number of cores",
            old.cores.to_string(),
            new.cores.to_string(),
        ),
        (
            "frequency governor",
            or_unknown(&old.governor),
            or_unknown(&new.governor),
        ),
        ("kernel", old.kernel.clone(), new.kernel.clone()),
        ("driver", earlier.driver.clone(), later.driver.clone()),
        ("compiler", earlier.rustc.clone(), later.rustc.clone()),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(what, old, new)| format!("the {what} is another: {old} then, {new} now"))
    .collect();
    for peer in &later.peers {
        let versions = |facts: &Facts| -> Vec<String> {
            let same = facts.peers.iter().filter(|other| other.name == peer.name);
            same.map(|other| other.version.clone()).collect()
        };
        let [old, new] = [earlier, later].map(versions);
        let warning = format!(
            "{} was {} and is {}",
            peer.name,
            old.join(", "),
            new.join(", ")
        );
        if !old.is_empty() && old != new && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::Comparison;
    use crate::bench::facts::{Facts, Peer};
    use crate::bench::record::{Better, Metric, Record, Reference};
    use crate::bench::results::Results;

    const TIME: Metric = Metric {
        name: "time",
        unit: "ns/op",
        better: Better::Less,
    };

    /// A run in which round `n` is `drift[n]` times as slow for all, and corio takes `time`.
    fn run(time: f64, drift: &[f64]) -> Results {
        let mut record = Record::new("echo", Reference::Subject("raw-uring"), drift.len());
        for (round, drift) in drift.iter().enumerate() {
            let wobble = 1.0 + 0.002 * round as f64;
            record.note("c", "raw-uring", round, TIME, 10.0 * drift);
            record.note("c", "corio", round, TIME, time * drift * wobble);
        }
        Results::new(Facts::default(), vec![record.results()])
    }

    const STEADY: [f64; 5] = [1.0; 5];

    #[test]
    fn a_machine_that_drifts_is_no_change() {
        let comparison =
            Comparison::new(&run(10.0, &STEADY), &run(10.0, &[2.0, 1.4, 1.6, 1.5, 3.0]));
        assert_eq!(
            comparison.compared, 1,
            "the reference is no series of its own"
        );
        assert!(comparison.changes.is_empty(), "{}", comparison.text());
    }

    #[test]
    fn a_change_under_drift_is_found_with_its_direction() {
        let slow = [2.0, 1.4, 1.6, 1.5, 3.0];
        let worse = Comparison::new(&run(10.0, &STEADY), &run(11.0, &slow));
        assert!(!worse.changes[0].is_gain());
        assert_eq!(worse.changes[0].describe(), "10 % worse");
        assert_eq!(worse.changes[0].reference.as_deref(), Some("raw-uring"));
        let better = Comparison::new(&run(10.0, &slow), &run(8.0, &STEADY));
        assert_eq!(better.changes[0].describe(), "20 % better");
        assert!(
            better.text().contains("1 of 1 series changed"),
            "{}",
            better.text()
        );
    }

    #[test]
    fn four_rounds_say_nothing_and_series_without_a_partner_are_counted() {
        let comparison = Comparison::new(&run(10.0, &STEADY), &run(20.0, &[1.0; 4]));
        assert_eq!((comparison.too_few, comparison.compared), (1, 0));
        let mut other = run(20.0, &STEADY);
        other.races[0].name = "net".to_owned();
        let comparison = Comparison::new(&run(10.0, &STEADY), &other);
        assert_eq!(comparison.alone, [2, 2]);
    }

    #[test]
    fn other_machines_and_versions_are_warned_of() {
        let peer = |version: &str| Peer {
            name: "tokio".to_owned(),
            version: version.to_owned(),
        };
        let mut earlier = run(10.0, &STEADY);
        earlier.run.machine.kernel = "Linux 5.4".to_owned();
        earlier.run.peers.push(peer("1.0"));
        let mut later = run(10.0, &STEADY);
        later.run.machine.kernel = "Linux 6.18".to_owned();
        later.run.peers.push(peer("1.1"));
        assert_eq!(
            Comparison::new(&earlier, &later).warnings,
            [
                "the kernel is another: Linux 5.4 then, Linux 6.18 now",
                "tokio was 1.0 and is 1.1"
            ]
        );
        assert!(Comparison::new(&later, &later).warnings.is_empty());
    }
}
