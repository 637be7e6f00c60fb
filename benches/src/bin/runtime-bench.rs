//! Times what one runtime charges for its services; one line of JSON for each case.

use std::error::Error;
use std::time::Duration;

use benches::runtime::{Case, Plan, RuntimeSubject, SUBJECTS, report};
use clap::Parser;

/// Times the services of a runtime and prints a line of JSON for each case.
#[derive(Parser)]
struct Args {
    /// Whose; `list` names all subjects, one a line.
    #[arg(long)]
    subject: String,
    /// Only the cases whose name contains this.
    #[arg(long, default_value = "")]
    case: String,
    /// What one sample is to take, in milliseconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    sample_ms: u64,
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
    let plan = Plan {
        sample: Duration::from_millis(args.sample_ms),
    };
    for case in cases(&args.case)? {
        println!("{}", serde_json::to_string(&report(subject, case, plan))?);
    }
    Ok(())
}

fn find(name: &str) -> Result<&'static RuntimeSubject, String> {
    SUBJECTS
        .iter()
        .find(|subject| subject.name == name)
        .ok_or_else(|| format!("no subject is called {name:?}; --subject list names them"))
}

fn cases(part: &str) -> Result<Vec<Case>, String> {
    let chosen: Vec<Case> = Case::ALL
        .into_iter()
        .filter(|case| case.name().contains(part))
        .collect();
    if chosen.is_empty() {
        let names = Case::ALL.map(Case::name).join(", ");
        return Err(format!("no case contains {part:?}; there are: {names}"));
    }
    Ok(chosen)
}
