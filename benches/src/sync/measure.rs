//! The report of one case of one subject.

use crate::report::{CaseReport, allocations};
use crate::samples::{Plan, sample};
use crate::sync::{Case, SyncSubject};

/// Iterations over which allocations are counted.
const COUNTED: u64 = 1000;

/// Takes samples of a case; `None` if the subject has no such primitive.
pub fn report(subject: &SyncSubject, case: Case, plan: Plan) -> Option<CaseReport> {
    let time = |iterations| (subject.time)(case, iterations);
    let operations = case.operations();
    let samples = sample(plan, operations, time)?;
    Some(CaseReport {
        allocations: case.counts_allocations().then(|| {
            allocations(COUNTED, operations, |iterations| {
                time(iterations);
            })
        }),
        ..CaseReport::new(case.to_string(), samples)
    })
}
