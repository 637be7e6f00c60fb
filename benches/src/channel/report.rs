//! The report of one case of one subject.

use serde::Serialize;

use super::{Case, ChannelSubject};
use crate::memory;
use crate::samples::{Plan, sample};

/// Iterations over which allocations are counted.
const COUNTED: u64 = 10_000;

/// One case of one subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseReport {
    /// The case's name.
    pub case: String,
    /// Nanoseconds an operation.
    pub samples: Vec<f64>,
    /// Allocations an operation, if the case counts them.
    pub allocations: Option<f64>,
    /// Bytes that the channel keeps, if the case counts them.
    pub kept: Option<f64>,
}

/// Takes samples of a case; `None` if the subject cannot run it.
pub fn report(subject: &ChannelSubject, case: Case, plan: Plan) -> Option<CaseReport> {
    let time = |iterations| (subject.time)(case, iterations);
    Some(CaseReport {
        case: case.to_string(),
        samples: sample(plan, case.operations(), time)?,
        allocations: case
            .counts_allocations()
            .then(|| allocations_of(subject, case)),
        kept: (case == Case::Burst).then(memory::kept),
    })
}

/// Allocations an operation. What a run allocates once does not count: it is in both terms of the difference.
fn allocations_of(subject: &ChannelSubject, case: Case) -> f64 {
    let run = |iterations| {
        memory::allocations_during(|| {
            (subject.time)(case, iterations);
        })
    };
    let (few, many) = (run(COUNTED), run(2 * COUNTED));
    // A run of twice the iterations has warmed up for an eighth more of them.
    let iterations = COUNTED + COUNTED / 8;
    many.saturating_sub(few) as f64 / (iterations * case.operations()) as f64
}
