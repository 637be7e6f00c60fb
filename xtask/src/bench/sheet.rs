//! The tables of races of many cases, and what home is behind in.

use crate::bench::record::Metric;
use crate::bench::row::Row;
use crate::bench::table;

/// Beyond this, a ratio is more than what the machine does to two equals.
const BEHIND: f64 = 1.05;

/// A case, and who takes part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) contestants: Vec<String>,
}

/// Enters a subject for a case.
pub(super) fn enter(cases: &mut Vec<Case>, name: &str, subject: &str) {
    match cases.iter_mut().find(|case| case.name == name) {
        Some(case) => case.contestants.push(subject.to_owned()),
        None => cases.push(Case {
            name: name.to_owned(),
            contestants: vec![subject.to_owned()],
        }),
    }
}

/// A line for each case that has the metric, a column for each subject.
pub(super) fn tabulate(
    cases: &[Case],
    contestants: &[String],
    metric: Metric,
    rows: &[Row],
) -> String {
    let header: Vec<&str> = ["case"]
        .into_iter()
        .chain(contestants.iter().map(String::as_str))
        .collect();
    let lines: Vec<Vec<String>> = cases
        .iter()
        .filter_map(|case| {
            let of_case: Vec<&Row> = rows
                .iter()
                .filter(|row| row.case == case.name && row.metric == metric.name)
                .collect();
            let cells = contestants.iter().map(|subject| {
                of_case
                    .iter()
                    .find(|row| row.subject == *subject)
                    .map_or_else(|| table::number(None), |row| cell(row))
            });
            let line = [case.name.clone()].into_iter().chain(cells).collect();
            (!of_case.is_empty()).then_some(line)
        })
        .collect();
    table::layout(&header, &lines)
}

fn cell(row: &Row) -> String {
    let median = table::number(row.median);
    match row.ratio_to_reference {
        Some(ratio) => format!("{median} ({ratio:.2})"),
        None => median,
    }
}

/// What `home` is behind the best peer in, by what decides, the worst first.
pub(super) fn behind(home: &str, decisive: &[Metric], rows: &[Row]) -> Vec<String> {
    let is_decisive = |row: &Row| decisive.iter().any(|metric| metric.name == row.metric);
    let mut behind: Vec<(&Row, f64)> = rows
        .iter()
        .filter(|row| row.subject == home && is_decisive(row))
        .filter_map(|row| Some((row, row.ratio_to_reference?)))
        .filter(|(_, ratio)| *ratio > BEHIND)
        .collect();
    behind.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    behind
        .into_iter()
        .map(|(row, ratio)| format!("behind: {} ({ratio:.2})", row.case))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Case, behind, enter, tabulate};
    use crate::bench::record::{Better, Metric, Record, Reference};

    const HOME: &str = "home";

    const TIME: Metric = Metric {
        name: "time",
        unit: "ns/op",
        better: Better::Less,
    };

    const ALLOCATIONS: Metric = Metric {
        name: "allocations",
        unit: "1/op",
        better: Better::Less,
    };

    fn record(values: &[(&str, &str, f64)]) -> Record {
        let reference = Reference::Best {
            first: None,
            home: HOME,
        };
        let mut record = Record::new("sync", reference, 1);
        for (case, subject, value) in values {
            record.note(case, subject, 0, TIME, *value);
            if *case == "wait" {
                record.note(case, subject, 0, ALLOCATIONS, 2.0);
            }
        }
        record
    }

    #[test]
    fn a_case_has_those_who_take_part() {
        let mut cases = Vec::new();
        for (name, subject) in [("lock", "a"), ("wait", "a"), ("wait", "b")] {
            enter(&mut cases, name, subject);
        }
        let names = |case: &Case| (case.name.clone(), case.contestants.join(","));
        assert_eq!(
            cases.iter().map(names).collect::<Vec<_>>(),
            [("lock", "a"), ("wait", "a,b")].map(|(l, r)| (l.to_owned(), r.to_owned()))
        );
    }

    #[test]
    fn the_worst_row_comes_first_and_good_ones_not_at_all() {
        let rows = record(&[
            ("lock", HOME, 11.0),
            ("lock", "peer", 10.0),
            ("wait", HOME, 30.0),
            ("wait", "peer", 10.0),
            ("get", HOME, 10.0),
            ("get", "peer", 10.0),
            ("alone", HOME, 10.0),
        ])
        .rows();
        assert_eq!(
            behind(HOME, &[TIME], &rows),
            ["behind: wait (3.00)", "behind: lock (1.10)"]
        );
    }

    #[test]
    fn a_table_has_the_cases_of_its_metric() {
        let mut cases = Vec::new();
        for name in ["lock", "wait"] {
            enter(&mut cases, name, HOME);
            enter(&mut cases, name, "peer");
        }
        let rows = record(&[
            ("lock", HOME, 5.0),
            ("wait", HOME, 20.0),
            ("wait", "peer", 10.0),
        ])
        .rows();
        let names = [HOME.to_owned(), "peer".to_owned()];
        let times = tabulate(&cases, &names, TIME, &rows);
        assert_eq!(times.lines().count(), 4, "{times}");
        assert!(times.contains("20.0 (2.00)"), "{times}");
        let allocations = tabulate(&cases, &names, ALLOCATIONS, &rows);
        assert_eq!(allocations.lines().count(), 3, "{allocations}");
    }
}
