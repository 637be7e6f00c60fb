//! The axis of a chart, and numbers as people read them.

use crate::bench::table;

/// An axis from zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    /// Where it ends. Greater values are cut.
    pub(super) end: f64,
    /// From mark to mark.
    step: f64,
}

/// How far an axis goes beyond what matters most on it.
const REACH: f64 = 4.0;

/// Marks that an axis has at most, zero included.
const MARKS: f64 = 5.0;

impl Axis {
    /// An axis for `values`, which ends at `REACH` times the greatest of what `matters`, lest one great value make dots of all
    /// others; if nothing is said to matter, of the middle value.
    pub(super) fn new(values: &[f64], matters: &[f64]) -> Axis {
        let greatest = |values: &[f64]| -> f64 {
            let finite = values.iter().copied().filter(|value| value.is_finite());
            finite.fold(0.0, f64::max)
        };
        let mut important = greatest(matters);
        if important == 0.0 {
            let mut sorted = values.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            important = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
        }
        let end = match (greatest(values), important * REACH) {
            (all, limit) if limit > 0.0 && limit.is_finite() => all.min(limit),
            (all, _) => all,
        };
        let end = if end > 0.0 { end } else { 1.0 };
        Axis {
            end,
            step: step(end),
        }
    }

    /// How far along the axis a value is, from 0 to 1.
    pub(super) fn place(self, value: f64) -> f64 {
        let place = value / self.end;
        if place.is_nan() {
            0.0
        } else {
            place.clamp(0.0, 1.0)
        }
    }

    /// Whether a value is beyond the end.
    pub(super) fn cuts(self, value: f64) -> bool {
        value > self.end
    }

    /// The marks, from zero.
    pub(super) fn marks(self) -> impl Iterator<Item = f64> {
        let count = (self.end / self.step * (1.0 + 1e-9)).floor() as u32;
        (0..=count).map(move |mark| f64::from(mark) * self.step)
    }
}

/// The least step of 1, 2 or 5 times a power of ten with at most [`MARKS`] marks.
fn step(end: f64) -> f64 {
    let least = end / (MARKS - 1.0);
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let enough = steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9));
    enough.unwrap_or(steps[3])
}

/// A number in at most six characters.
pub(super) fn short(value: f64) -> String {
    let (size, suffix) = match value.abs() {
        size if size >= 0.9995e12 || (size > 0.0 && size < 0.0005) => {
            return format!("{value:.0e}");
        }
        size if size >= 0.9995e9 => (1e9, "G"),
        size if size >= 0.9995e6 => (1e6, "M"),
        size if size >= 0.9995e4 => (1e3, "k"),
        _ => return table::number(Some(value)),
    };
    table::number(Some(value / size)) + suffix
}

/// The number at a mark: round as it is, it needs no zeros after the point.
pub(super) fn mark(value: f64) -> String {
    let text = short(value);
    let (digits, suffix) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    match digits.contains('.') {
        true => format!(
            "{}{suffix}",
            digits.trim_end_matches('0').trim_end_matches('.')
        ),
        false => text,
    }
}

/// A ratio, with the sign that says that it is one.
pub(super) fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio >= 9999.5 => format!("{}×", short(ratio)),
        ratio if ratio >= 99.95 => format!("{ratio:.0}×"),
        ratio if ratio >= 9.995 => format!("{ratio:.1}×"),
        ratio => format!("{ratio:.2}×"),
    }
}

/// A unit as people write it.
pub(super) fn unit(unit: &str) -> String {
    let (counted, per) = unit.split_once('/').unwrap_or((unit, ""));
    let counted = match counted {
        "us" => "µs",
        "1" => "",
        other => other,
    };
    let per = match per {
        "s" => "second",
        "op" => "operation",
        other => other,
    };
    match (counted, per) {
        (counted, "") => counted.to_owned(),
        ("", per) => format!("per {per}"),
        (counted, per) => format!("{counted} per {per}"),
    }
}

/// A metric as people name it.
pub(super) fn metric(name: &str) -> String {
    match name {
        "cpu" => "processor time".to_owned(),
        "server_cpu" => "processor time of the server".to_owned(),
        "kept" => "memory kept".to_owned(),
        "resident" => "resident memory".to_owned(),
        "peak_resident" => "greatest resident memory".to_owned(),
        "latency_p50" => "latency, median".to_owned(),
        "latency_p99" => "latency, 99th percentile".to_owned(),
        "latency_p99_9" => "latency, 99.9th percentile".to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, mark, short, times, unit};

    #[test]
    fn an_axis_ends_at_its_greatest_value_or_is_cut() {
        assert_eq!(Axis::new(&[1.0, 3.0], &[2.0]).end, 3.0);
        let cut = Axis::new(&[1.0, 3000.0], &[2.0]);
        assert_eq!(cut.end, 8.0);
        assert!(cut.cuts(3000.0) && !cut.cuts(8.0));
        assert_eq!(cut.place(3000.0), 1.0);
        assert_eq!(cut.place(4.0), 0.5);
        assert_eq!(Axis::new(&[1.0, 1.0, 90.0], &[]).end, 4.0);
    }

    #[test]
    fn an_axis_of_nothing_zeros_or_nonsense_is_still_one() {
        for values in [&[][..], &[0.0, 0.0], &[f64::NAN], &[f64::INFINITY], &[-1.0]] {
            let axis = Axis::new(values, values);
            assert!(axis.end.is_finite() && axis.end > 0.0, "{values:?}");
            for value in [0.0, f64::NAN, f64::INFINITY, -5.0] {
                assert!((0.0..=1.0).contains(&axis.place(value)), "{values:?}");
            }
        }
    }

    #[test]
    fn marks_are_round_and_few() {
        let marks = |end: f64| Axis::new(&[end], &[end]).marks().collect::<Vec<_>>();
        assert_eq!(marks(10.0), [0.0, 5.0, 10.0]);
        assert_eq!(marks(8.0), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(marks(0.03).len(), 4);
        for exponent in -12..12 {
            let count = marks(3.7 * 10f64.powi(exponent)).len();
            assert!((2..=5).contains(&count), "{count} marks to 3.7e{exponent}");
        }
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (23.44, "23.4"),
            (9994.0, "9994"),
            (30_480.0, "30.5k"),
            (174_636.0, "175k"),
            (999_999.0, "1.00M"),
            (2.32e6, "2.32M"),
            (3e15, "3e15"),
            (1.2e-6, "1e-6"),
        ] {
            assert_eq!(short(value), text);
        }
        for (value, text) in [
            (0.0, "0"),
            (10.0, "10"),
            (0.05, "0.05"),
            (2e6, "2M"),
            (100.0, "100"),
        ] {
            assert_eq!(mark(value), text);
        }
        for (ratio, text) in [
            (0.985, "0.98×"),
            (90.614, "90.6×"),
            (123.4, "123×"),
            (1.2e7, "12.0M×"),
        ] {
            assert_eq!(times(ratio), text);
        }
    }

    #[test]
    fn units_are_written_out() {
        for (given, text) in [
            ("us/request", "µs per request"),
            ("1/s", "per second"),
            ("ns/op", "ns per operation"),
            ("KiB", "KiB"),
            ("", ""),
        ] {
            assert_eq!(unit(given), text);
        }
    }
}
