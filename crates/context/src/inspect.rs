//! The table of a context's live tasks, as any thread can read it.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::core::Core;
use crate::task::{QUEUED, RUNNING, TaskId, TaskPtr};
use crate::timer;

/// What a live task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// In the run queue.
    Queued,
    /// Being polled.
    Running,
    /// Waiting to be woken.
    Waiting,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
        })
    }
}

/// A live task at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its id.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<Arc<str>>,
    /// Where it was spawned.
    pub location: &'static Location<'static>,
    /// What it is doing.
    pub state: TaskState,
    /// How often it was polled.
    pub polls: u32,
    /// Time since it was spawned, to the precision of one round of the worker loop.
    pub age: Duration,
    /// Time since it was last polled (since it was spawned, if never), to the same precision.
    pub since_poll: Duration,
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "task {} ({}), spawned at {}, {} for {:.1?}, polled {} times",
            self.id,
            self.name.as_deref().unwrap_or("unnamed"),
            self.location,
            self.state,
            self.since_poll,
            self.polls,
        )
    }
}

impl Core {
    /// The live tasks, oldest first.
    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        let now = timer::now_ns();
        let mut tasks = Vec::new();
        self.table.for_each(|task| tasks.push(describe(task, now)));
        tasks.reverse();
        tasks
    }
}

fn describe(task: TaskPtr, now: u64) -> TaskInfo {
    // SAFETY: listed, so alive while the table is locked.
    let header = unsafe { task.header() };
    let state = if header.flags.has(RUNNING) {
        TaskState::Running
    } else if header.flags.has(QUEUED) {
        TaskState::Queued
    } else {
        TaskState::Waiting
    };
    TaskInfo {
        id: TaskId(header.origin.id),
        name: header.origin.name().cloned(),
        location: header.origin.location,
        state,
        polls: header.polls.get(),
        age: Duration::from_nanos(now.saturating_sub(header.spawned_at.get())),
        since_poll: Duration::from_nanos(now.saturating_sub(header.polled_at.get())),
    }
}
