//! Times the primitives of one crate; one line of JSON for each case.

use std::error::Error;

use benches::command::{self, CaseArgs, Contest};
use benches::memory::Counting;
use benches::report::CaseReport;
use benches::samples::Plan;
use benches::sync::{Case, SUBJECTS, SyncSubject, report};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Times the primitives of a crate and prints a line of JSON for each case that it takes part in.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    cases: CaseArgs,
}

struct Primitives;

impl Contest for Primitives {
    type Subject = SyncSubject;
    type Case = Case;

    fn subjects(&self) -> &'static [SyncSubject] {
        SUBJECTS
    }

    fn name(&self, subject: &SyncSubject) -> &'static str {
        subject.name
    }

    fn cases(&self) -> Vec<Case> {
        Case::all()
    }

    fn run(&self, subject: &SyncSubject, case: Case, iterations: u64) -> bool {
        (subject.time)(case, iterations).is_some()
    }

    fn report(&self, subject: &SyncSubject, case: Case, plan: Plan) -> Option<CaseReport> {
        report(subject, case, plan)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    command::run(&Primitives, &Args::parse().cases)
}
