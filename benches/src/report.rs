//! The report of one case of one subject.

use serde::Serialize;

#[cfg(feature = "sync")]
use crate::memory;

/// What a case of a subject measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CaseReport {
    /// The case's name.
    pub case: String,
    /// Nanoseconds an operation: of time, or of processor time, as the race has it.
    pub samples: Vec<f64>,
    /// Operations a second, if that is not what the samples say.
    pub rate: Option<f64>,
    /// Allocations an operation, if the case counts them.
    pub allocations: Option<f64>,
    /// Bytes that are kept, if the case counts them.
    pub kept: Option<f64>,
}

impl CaseReport {
    pub(crate) fn new(case: String, samples: Vec<f64>) -> Self {
        Self {
            case,
            samples,
            ..Self::default()
        }
    }
}

/// Allocations an operation, counted over so many iterations of so many `operations`.
///
/// What a run allocates once does not count: it is in both terms of a difference.
#[cfg(feature = "sync")]
pub(crate) fn allocations(iterations: u64, operations: u64, run: impl Fn(u64)) -> f64 {
    let count = |iterations| memory::allocations_during(|| run(iterations));
    let (few, many) = (count(iterations), count(2 * iterations));
    // A run of twice the iterations has warmed up for an eighth more of them.
    let difference = iterations + iterations / 8;
    many.saturating_sub(few) as f64 / (difference * operations) as f64
}
