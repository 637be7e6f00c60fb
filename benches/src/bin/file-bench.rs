//! Measures how one subject uses files; one line of JSON for each case.

use std::error::Error;
use std::path::PathBuf;

use benches::command::{self, CaseArgs, Contest};
use benches::file::{Case, FileSubject, Folder, SUBJECTS, report};
use benches::report::CaseReport;
use benches::samples::Plan;
use clap::Parser;

/// Measures how a subject reads and writes files, and prints a line of JSON for each case that it takes part in.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    cases: Option<CaseArgs>,
    /// Where the files are.
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// Make them, of so many bytes, say what was found, and end.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1 << 20..), conflicts_with = "subject")]
    prepare: Option<u64>,
}

struct Files(Folder);

impl Contest for Files {
    type Subject = FileSubject;
    type Case = Case;

    fn subjects(&self) -> &'static [FileSubject] {
        SUBJECTS
    }

    fn name(&self, subject: &FileSubject) -> &'static str {
        subject.name
    }

    fn cases(&self) -> Vec<Case> {
        Case::all()
    }

    fn run(&self, subject: &FileSubject, case: Case, iterations: u64) -> bool {
        let can = !case.is_direct() || self.0.is_direct().is_ok();
        if can {
            (subject.time)(&self.0, case, iterations);
        }
        can
    }

    fn report(&self, subject: &FileSubject, case: Case, plan: Plan) -> Option<CaseReport> {
        let report = report(subject, &self.0, case, plan);
        self.0.settle(case).ok()?;
        report
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let folder = Folder::new(args.directory);
    if let Some(size) = args.prepare {
        println!("{}", folder.prepare(size)?);
        return Ok(());
    }
    let cases = args.cases.ok_or("whose files? --subject list names them")?;
    command::run(&Files(folder), &cases)
}
