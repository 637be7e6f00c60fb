//! The samples of a race, by case, subject, metric and round.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::bench::results::{self, RaceResults, Role};
use crate::bench::row::Row;
use crate::bench::stats::{self, Spread};

/// What is measured, and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) better: Better,
}

/// Which of two values is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Better {
    Less,
    More,
}

/// Stands for the measurement itself in the row of a subject that gave none.
const FAILED: Metric = Metric {
    name: "failed",
    unit: "",
    better: Better::Less,
};

/// Whom ratios are taken to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reference {
    /// One subject, in every case.
    Subject(&'static str),
    /// `first` in the cases it takes part in, elsewhere whoever has the best median, bare loops (`raw-...`), the epoll runtime of this
    /// workspace, `home` and its variants (`home (...)`, `home:...`) excepted.
    Best {
        first: Option<&'static str>,
        home: &'static str,
    },
}

/// A race's samples.
pub(super) struct Record {
    bench: &'static str,
    reference: Reference,
    /// What the race is about; all metrics if none is named.
    decisive: Vec<Metric>,
    rounds: usize,
    series: Vec<Series>,
    failures: Vec<Failure>,
}

struct Series {
    case: String,
    subject: String,
    metric: Metric,
    /// By round.
    samples: Vec<Option<f64>>,
}

struct Failure {
    case: String,
    subject: String,
    reason: String,
}

/// What the names of bare loops begin with.
const BARE: &str = "raw-";

/// Home's elder brother, whom it is not measured by.
const ELDER: &str = "net-epoll-legacy";

/// Whom a race is about that compares with one subject.
const HOME: &str = "corio";

/// Whether a subject is `home`, or a variant of it.
fn is_of(home: &str, subject: &str) -> bool {
    let variant = subject.strip_prefix(home);
    variant.is_some_and(|rest| rest.is_empty() || rest.starts_with(" (") || rest.starts_with(':'))
}

impl Record {
    pub(super) fn new(bench: &'static str, reference: Reference, rounds: usize) -> Record {
        Record {
            bench,
            reference,
            decisive: Vec::new(),
            rounds,
            series: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Says which metrics the race is about: the others are told beside them.
    pub(super) fn decided_by(mut self, metrics: &[Metric]) -> Record {
        self.decisive = metrics.to_vec();
        self
    }

    /// What the race is called.
    pub(super) fn bench(&self) -> &'static str {
        self.bench
    }

    /// Notes one sample.
    pub(super) fn note(
        &mut self,
        case: &str,
        subject: &str,
        round: usize,
        metric: Metric,
        value: f64,
    ) {
        let position = self.series.iter().position(|series| {
            series.case == case && series.subject == subject && series.metric == metric
        });
        let position = position.unwrap_or_else(|| {
            self.series.push(Series {
                case: case.to_owned(),
                subject: subject.to_owned(),
                metric,
                samples: vec![None; self.rounds],
            });
            self.series.len() - 1
        });
        self.series[position].samples[round] = Some(value);
    }

    /// Notes that a subject gave no sample; the first reason of each case and subject is kept.
    pub(super) fn fail(&mut self, case: &str, subject: &str, reason: String) {
        if self.reason(case, subject).is_none() {
            self.failures.push(Failure {
                case: case.to_owned(),
                subject: subject.to_owned(),
                reason,
            });
        }
    }

    /// Every series as a row, then a row for each subject that gave no sample at all in a case.
    pub(super) fn rows(&self) -> Vec<Row> {
        let measured = self.series.iter().map(|series| {
            let spread = stats::spread(series.samples.iter().flatten().copied());
            let ratio = self
                .reference_of(series)
                .and_then(|reference| stats::paired_ratio(&series.samples, &reference.samples));
            let rounds = series.samples.iter().flatten().count();
            self.row(
                &series.case,
                &series.subject,
                series.metric,
                spread,
                rounds,
                ratio,
            )
        });
        let failed = self
            .failures
            .iter()
            .filter(|failure| !self.measured(&failure.case, &failure.subject))
            .map(|failure| self.row(&failure.case, &failure.subject, FAILED, None, 0, None));
        measured.chain(failed).collect()
    }

    /// Everything that was measured, as result files have it.
    pub(super) fn results(&self) -> RaceResults {
        let home = match self.reference {
            Reference::Best { home, .. } => home,
            Reference::Subject(_) => HOME,
        };
        let series = self.series.iter().map(|series| results::Series {
            case: series.case.clone(),
            subject: series.subject.clone(),
            role: role(home, &series.subject),
            metric: series.metric.name.to_owned(),
            unit: series.metric.unit.to_owned(),
            better: series.metric.better,
            reference: self
                .reference_of(series)
                .map(|reference| reference.subject.clone()),
            samples: series.samples.clone(),
        });
        let failures = self.failures.iter().map(|failure| results::Failure {
            case: failure.case.clone(),
            subject: failure.subject.clone(),
            reason: failure.reason.clone(),
        });
        let decisive = self.decisive.iter().map(|metric| metric.name.to_owned());
        RaceResults {
            name: self.bench.to_owned(),
            rounds: self.rounds,
            decisive: decisive.collect(),
            series: series.collect(),
            failures: failures.collect(),
        }
    }

    fn row(
        &self,
        case: &str,
        subject: &str,
        metric: Metric,
        spread: Option<Spread>,
        rounds: usize,
        ratio_to_reference: Option<f64>,
    ) -> Row {
        Row {
            bench: self.bench,
            case: case.to_owned(),
            subject: subject.to_owned(),
            metric: metric.name,
            unit: metric.unit,
            median: spread.map(|spread| spread.median),
            min: spread.map(|spread| spread.min),
            max: spread.map(|spread| spread.max),
            rounds,
            ratio_to_reference,
            reason: self.reason(case, subject).map(str::to_owned),
        }
    }

    fn measured(&self, case: &str, subject: &str) -> bool {
        self.series
            .iter()
            .any(|series| series.case == case && series.subject == subject)
    }

    fn reason(&self, case: &str, subject: &str) -> Option<&str> {
        self.failures
            .iter()
            .find(|failure| failure.case == case && failure.subject == subject)
            .map(|failure| failure.reason.as_str())
    }

    /// The series that `series` is compared with.
    fn reference_of(&self, series: &Series) -> Option<&Series> {
        let mut rivals = self
            .series
            .iter()
            .filter(|other| other.case == series.case && other.metric == series.metric);
        match self.reference {
            Reference::Subject(name) => rivals.find(|rival| rival.subject == name),
            Reference::Best { first, home } => rivals
                .clone()
                .find(|rival| first.is_some_and(|first| rival.subject == first))
                .or_else(|| {
                    rivals
                        .filter(|rival| role(home, &rival.subject) == Role::Peer)
                        .min_by(|left, right| order(series.metric, left, right))
                }),
        }
    }
}

fn role(home: &str, subject: &str) -> Role {
    match subject {
        _ if subject == home => Role::Home,
        _ if is_of(home, subject) || subject == ELDER => Role::Kin,
        _ if subject.starts_with(BARE) => Role::Bare,
        _ => Role::Peer,
    }
}

/// The better one first; last, one without samples.
fn order(metric: Metric, left: &Series, right: &Series) -> Ordering {
    let [left, right] = [left, right].map(|series| {
        let median = stats::spread(series.samples.iter().flatten().copied())?.median;
        Some(match metric.better {
            Better::Less => median,
            Better::More => -median,
        })
    });
    let [left, right] = [left, right].map(|value| value.unwrap_or(f64::INFINITY));
    left.total_cmp(&right)
}

#[cfg(test)]
mod tests {
    use super::{Better, Metric, Record, Reference};
    use crate::bench::results::Role;

    const TIME: Metric = Metric {
        name: "time",
        unit: "ns",
        better: Better::Less,
    };

    fn ratio(record: &Record, case: &str, subject: &str) -> Option<f64> {
        record
            .rows()
            .into_iter()
            .find(|row| row.case == case && row.subject == subject)
            .and_then(|row| row.ratio_to_reference)
    }

    #[test]
    fn the_best_rival_is_the_reference_and_home_is_no_rival() {
        let reference = Reference::Best {
            first: Some("bare"),
            home: "ours",
        };
        let mut record = Record::new("runtime", reference, 1);
        for (subject, value) in [("ours", 5.0), ("fast", 10.0), ("slow", 20.0)] {
            record.note("yield", subject, 0, TIME, value);
        }
        assert_eq!(ratio(&record, "yield", "ours"), Some(0.5));
        assert_eq!(ratio(&record, "yield", "slow"), Some(2.0));

        record.note("nop", "bare", 0, TIME, 40.0);
        record.note("nop", "fast", 0, TIME, 10.0);
        assert_eq!(ratio(&record, "nop", "fast"), Some(0.25));
    }

    #[test]
    fn the_best_rate_is_the_greatest_and_bare_loops_and_variants_are_no_rivals() {
        let reference = Reference::Best {
            first: None,
            home: "ours",
        };
        let rate = Metric {
            name: "rate",
            unit: "1/s",
            better: Better::More,
        };
        let mut record = Record::new("net", reference, 1);
        let values = [("ours", 20.0), ("ours:read", 60.0), ("raw-epoll", 50.0)];
        for (subject, value) in values.into_iter().chain([("fast", 40.0), ("slow", 10.0)]) {
            record.note("echo", subject, 0, rate, value);
        }
        assert_eq!(ratio(&record, "echo", "ours"), Some(0.5));
        assert_eq!(ratio(&record, "echo", "slow"), Some(0.25));
    }

    #[test]
    fn a_round_that_failed_leaves_a_gap_and_a_reason() {
        let mut record = Record::new("echo", Reference::Subject("bare"), 3);
        record.note("c", "bare", 0, TIME, 10.0);
        record.note("c", "bare", 2, TIME, 10.0);
        record.fail("c", "bare", "first".to_owned());
        record.fail("c", "bare", "second".to_owned());
        let rows = record.rows();
        assert_eq!(
            rows.len(),
            1,
            "it gave samples, so it did not fail outright"
        );
        assert_eq!(rows[0].rounds, 2);
        assert_eq!(rows[0].reason.as_deref(), Some("first"));
    }

    #[test]
    fn a_subject_without_samples_has_a_row_that_says_why() {
        let mut record = Record::new("echo", Reference::Subject("bare"), 1);
        record.fail("c", "glommio", "no locked memory".to_owned());
        let rows = record.rows();
        assert_eq!((rows[0].metric, rows[0].median), ("failed", None));
        assert_eq!(rows[0].reason.as_deref(), Some("no locked memory"));
    }

    #[test]
    fn results_have_every_sample_and_say_who_is_who() {
        let mut record =
            Record::new("echo", Reference::Subject("raw-uring"), 2).decided_by(&[TIME]);
        for (round, value) in [(0, 3.0), (1, 4.0)] {
            record.note("c", "corio", round, TIME, value);
        }
        for subject in ["corio:read", "net-epoll-legacy", "raw-uring", "corioli"] {
            record.note("c", subject, 1, TIME, 1.0);
        }
        record.fail("c", "smol", "no".to_owned());
        let results = record.results();
        let roles: Vec<Role> = results.series.iter().map(|series| series.role).collect();
        assert_eq!(
            roles,
            [Role::Home, Role::Kin, Role::Kin, Role::Bare, Role::Peer]
        );
        assert_eq!(results.series[0].samples, [Some(3.0), Some(4.0)]);
        assert_eq!(results.series[1].samples, [None, Some(1.0)]);
        assert_eq!(results.series[4].reference.as_deref(), Some("raw-uring"));
        assert_eq!(results.decisive, ["time"]);
        assert_eq!(results.failures.len(), 1);
    }
}
