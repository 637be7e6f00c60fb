//! Snapshots as text for people.

use std::fmt::{self, Write};
use std::time::Duration;

use super::{ContextInfo, ContextState, Snapshot, TaskInfo, TaskState};

/// Text that somebody else has chosen, on one line: its control characters are escaped, so that a name breaks no table, ends no
/// line of a log, and tells a terminal nothing.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if character.is_control() {
                write!(f, "{}", character.escape_default())
            } else {
                f.write_char(character)
            }
        })
    }
}

impl fmt::Display for ContextState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stopped => "stopped",
            Self::Asleep => "asleep",
            Self::Awake => "awake",
        })
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, context) in self.contexts.iter().enumerate() {
            if at != 0 {
                writeln!(f)?;
            }
            context.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for ContextInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = OneLine(&self.name);
        writeln!(f, "context {} ({name}), {}", self.id, self.state)?;
        if let Some(setup) = &self.setup {
            for line in setup.to_string().lines() {
                writeln!(f, "  {line}")?;
            }
        }
        for line in self.metrics.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        if self.state != ContextState::Stopped && !self.answered {
            writeln!(
                f,
                "  did not say what its tasks wait on: a task holds it, or it is very busy"
            )?;
        }
        tasks(f, &self.tasks, self.answered)
    }
}

const HEADINGS: [&str; 9] = [
    "ID",
    "NAME",
    "STATE",
    "POLLS",
    "BUSY",
    "AGE",
    "SINCE POLL",
    "WAITING ON",
    "SPAWNED AT",
];

/// A table, whose columns are as wide as what is in them.
fn tasks(f: &mut fmt::Formatter<'_>, tasks: &[TaskInfo], answered: bool) -> fmt::Result {
    if tasks.is_empty() {
        return Ok(());
    }
    let mut rows = vec![HEADINGS.map(String::from)];
    rows.extend(tasks.iter().map(|task| row(task, answered)));
    let mut widths = [0; HEADINGS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!(" {cell:width$}"));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn row(task: &TaskInfo, answered: bool) -> [String; HEADINGS.len()] {
    [
        task.id.to_string(),
        OneLine(task.name.as_deref().unwrap_or("-")).to_string(),
        task.state.to_string(),
        task.polls.to_string(),
        task.busy.map_or_else(|| "-".into(), time),
        time(task.age),
        time(task.since_poll),
        waiting_on(task, answered),
        task.location.to_string(),
    ]
}

fn time(time: Duration) -> String {
    format!("{time:.1?}")
}

fn waiting_on(task: &TaskInfo, answered: bool) -> String {
    if task.state != TaskState::Waiting {
        return "-".into();
    }
    task.waits().unwrap_or_else(|| {
        let unknown = if answered { "a wake-up" } else { "?" };
        unknown.into()
    })
}
