//! What reading and writing files costs.
//!
//! The [cases](Case) are written once, over a small trait ([`FileSystem`](work::FileSystem)) whose methods are a call of the
//! crate's own each. All read the same file, whose blocks say where they belong, and write over files that are there already.
//! Processor time is that of the whole process: the kernel's workers that act for a ring and the threads of a pool are in it.

mod block;
mod case;
mod folder;
mod random;
mod subjects;
mod work;

use std::cell::RefCell;
use std::time::Duration;

use crate::report::CaseReport;
use crate::samples::sample;

pub use crate::samples::Plan;
pub use case::Case;
pub use folder::Folder;
pub use subjects::SUBJECTS;

/// A way to use files, by name.
#[derive(Clone, Copy, Debug)]
pub struct FileSubject {
    /// What the command line calls it.
    pub name: &'static str,
    /// Runs so many iterations of a case on the files of a folder.
    pub time: fn(&Folder, Case, u64) -> Cost,
}

/// What some iterations took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Time that passed.
    pub elapsed: Duration,
    /// Processor time of the process.
    pub processor: Duration,
}

/// Takes samples of a case: of processor time, and the best rate.
pub fn report(
    subject: &FileSubject,
    folder: &Folder,
    case: Case,
    plan: Plan,
) -> Option<CaseReport> {
    folder.warm(case).ok()?;
    let costs = RefCell::new(Vec::new());
    let operations = case.operations();
    let elapsed = sample(plan, operations, |iterations| {
        let cost = (subject.time)(folder, case, iterations);
        let per_operation = (iterations * operations) as f64;
        costs
            .borrow_mut()
            .push(cost.processor.as_nanos() as f64 / per_operation);
        Some(cost.elapsed)
    })?;
    let mut costs = costs.into_inner();
    let least = elapsed.iter().copied().min_by(f64::total_cmp)?;
    // Those before the samples were taken to find how many iterations fill one.
    let samples = costs.split_off(costs.len() - elapsed.len());
    Some(CaseReport {
        rate: Some(1e9 / least),
        ..CaseReport::new(case.to_string(), samples)
    })
}
