//! Times the channels of one crate; one line of JSON for each case.

use std::error::Error;

use benches::channel::{Case, ChannelSubject, SUBJECTS, report};
use benches::command::{self, CaseArgs, Contest};
use benches::memory::Counting;
use benches::report::CaseReport;
use benches::samples::Plan;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Times the channels of a crate and prints a line of JSON for each case that it takes part in.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    cases: CaseArgs,
}

struct Channels;

impl Contest for Channels {
    type Subject = ChannelSubject;
    type Case = Case;

    fn subjects(&self) -> &'static [ChannelSubject] {
        SUBJECTS
    }

    fn name(&self, subject: &ChannelSubject) -> &'static str {
        subject.name
    }

    fn cases(&self) -> Vec<Case> {
        Case::all()
    }

    fn run(&self, subject: &ChannelSubject, case: Case, iterations: u64) -> bool {
        (subject.time)(case, iterations).is_some()
    }

    fn report(&self, subject: &ChannelSubject, case: Case, plan: Plan) -> Option<CaseReport> {
        report(subject, case, plan)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    command::run(&Channels, &Args::parse().cases)
}
