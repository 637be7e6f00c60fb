//! Times the primitives of one crate; one line of JSON for each case.

use std::error::Error;
use std::time::Duration;

use benches::memory::Counting;
use benches::sync::{Case, Plan, SUBJECTS, SyncSubject, report};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Times the primitives of a crate and prints a line of JSON for each case that it takes part in.
#[derive(Parser)]
struct Args {
    /// Whose; `list` names all subjects, one a line.
    #[arg(long)]
    subject: String,
    /// Only the cases whose name contains this; `list` names all cases, one a line.
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

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if args.subject == "list" {
        SUBJECTS
            .iter()
            .for_each(|subject| println!("{}", subject.name));
        return Ok(());
    }
    let subject = find(&args.subject)?;
    if args.case == "list" {
        Case::all()
            .into_iter()
            .filter(|case| (subject.time)(*case, 1).is_some())
            .for_each(|case| println!("{case}"));
        return Ok(());
    }
    let plan = Plan {
        sample: Duration::from_millis(args.sample_ms),
    };
    for case in cases(&args)? {
        if let Some(iterations) = args.iterations {
            (subject.time)(case, iterations);
            continue;
        }
        if let Some(report) = report(subject, case, plan) {
            println!("{}", serde_json::to_string(&report)?);
        }
    }
    Ok(())
}

fn find(name: &str) -> Result<&'static SyncSubject, String> {
    SUBJECTS
        .iter()
        .find(|subject| subject.name == name)
        .ok_or_else(|| format!("no subject is called {name:?}; --subject list names them"))
}

fn cases(args: &Args) -> Result<Vec<Case>, String> {
    let part = &args.case;
    let chosen: Vec<Case> = Case::all()
        .into_iter()
        .filter(|case| match args.exact {
            true => case.to_string() == *part,
            false => case.to_string().contains(part),
        })
        .collect();
    if chosen.is_empty() {
        let names: Vec<String> = Case::all().iter().map(Case::to_string).collect();
        return Err(format!(
            "no case contains {part:?}; there are: {}",
            names.join(", ")
        ));
    }
    Ok(chosen)
}
