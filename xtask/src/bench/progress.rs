//! Progress of a race: a bar on a terminal, a line for each case elsewhere.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of one race.
pub(super) struct Progress {
    bar: ProgressBar,
    terminal: bool,
    case: String,
}

impl Progress {
    /// Progress over `steps` runs of a program.
    pub(super) fn new(race: &'static str, steps: usize) -> Progress {
        let template = "{prefix} [{elapsed}] {wide_bar} {pos}/{len}, {eta} left  {msg}";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(steps as u64)
            .with_style(style)
            .with_prefix(race);
        Progress {
            bar,
            terminal: stderr().is_terminal(),
            case: String::new(),
        }
    }

    /// The next run is of `subject` in `case`.
    pub(super) fn begin(&mut self, case: &str, subject: &str) {
        if self.case != case {
            case.clone_into(&mut self.case);
            if !self.terminal {
                eprintln!("{} {case}", self.bar.prefix());
            }
        }
        self.bar.set_message(format!("{case} {subject}"));
    }

    /// The run is over.
    pub(super) fn step(&self) {
        self.bar.inc(1);
    }

    /// Prints a line above the bar.
    pub(super) fn note(&self, line: &str) {
        match self.terminal {
            true => self.bar.println(line),
            false => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
