//! The report of one case of one subject.

use super::{Case, ChannelSubject};
use crate::memory;
use crate::report::{CaseReport, allocations};
use crate::samples::{Plan, sample};

/// Iterations over which allocations are counted.
const COUNTED: u64 = 10_000;

/// Takes samples of a case; `None` if the subject cannot run it.
pub fn report(subject: &ChannelSubject, case: Case, plan: Plan) -> Option<CaseReport> {
    let time = |iterations| (subject.time)(case, iterations);
    let operations = case.operations();
    let samples = sample(plan, operations, time)?;
    Some(CaseReport {
        allocations: case.counts_allocations().then(|| {
            allocations(COUNTED, operations, |iterations| {
                time(iterations);
            })
        }),
        kept: (case == Case::Burst).then(memory::kept),
        ..CaseReport::new(case.to_string(), samples)
    })
}
