//! What the programs of many small cases have in common: a subject, a case, and a line of JSON for each.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use clap::Args;

use crate::report::CaseReport;
use crate::samples::Plan;

/// Which cases of whom, and how.
#[derive(Args, Clone, Debug)]
pub struct CaseArgs {
    /// Whose; `list` names all subjects, one a line.
    #[arg(long)]
    subject: String,
    /// Only the cases whose name contains this; `list` names all cases that the subject takes part in, one a line.
    #[arg(long, default_value = "")]
    case: String,
    /// Only the case whose name is this.
    #[arg(long, default_value_t = false)]
    exact: bool,
    /// What one sample is to take, in milliseconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    sample_ms: u64,
    /// Run each case once, for so many iterations and without a report: for a profiler.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
}

/// A race of this kind.
pub trait Contest {
    /// Who takes part.
    type Subject: 'static;

    /// What is raced in.
    type Case: Copy + Display;

    /// Everybody.
    fn subjects(&self) -> &'static [Self::Subject];

    /// What the command line calls a subject.
    fn name(&self, subject: &Self::Subject) -> &'static str;

    /// Everything.
    fn cases(&self) -> Vec<Self::Case>;

    /// Runs so many iterations; false if the subject cannot.
    fn run(&self, subject: &Self::Subject, case: Self::Case, iterations: u64) -> bool;

    /// Takes samples; `None` if the subject cannot run the case.
    fn report(&self, subject: &Self::Subject, case: Self::Case, plan: Plan) -> Option<CaseReport>;
}

/// Does what the command line asks for.
///
/// # Errors
///
/// There is no such subject or case.
pub fn run(contest: &impl Contest, args: &CaseArgs) -> Result<(), Box<dyn Error>> {
    if args.subject == "list" {
        for subject in contest.subjects() {
            println!("{}", contest.name(subject));
        }
        return Ok(());
    }
    let subject = contest
        .subjects()
        .iter()
        .find(|subject| contest.name(subject) == args.subject)
        .ok_or_else(|| {
            format!(
                "no subject is called {:?}; --subject list names them",
                args.subject
            )
        })?;
    if args.case == "list" {
        for case in contest.cases() {
            if contest.run(subject, case, 1) {
                println!("{case}");
            }
        }
        return Ok(());
    }
    let plan = Plan {
        sample: Duration::from_millis(args.sample_ms),
    };
    for case in chosen(contest, args)? {
        if let Some(iterations) = args.iterations {
            contest.run(subject, case, iterations);
            continue;
        }
        if let Some(report) = contest.report(subject, case, plan) {
            println!("{}", serde_json::to_string(&report)?);
        }
    }
    Ok(())
}

fn chosen<C: Contest>(contest: &C, args: &CaseArgs) -> Result<Vec<C::Case>, String> {
    let part = &args.case;
    let all = contest.cases();
    let chosen: Vec<C::Case> = all
        .iter()
        .copied()
        .filter(|case| match args.exact {
            true => case.to_string() == *part,
            false => case.to_string().contains(part),
        })
        .collect();
    if chosen.is_empty() {
        let names: Vec<String> = all.iter().map(C::Case::to_string).collect();
        return Err(format!(
            "no case contains {part:?}; there are: {}",
            names.join(", ")
        ));
    }
    Ok(chosen)
}
