//! A live task, as any thread can read it out of its context's table.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::{OneLine, WaitingOn};
use crate::core::Core;
use crate::task::{QUEUED, RUNNING, TaskId, TaskPtr};
use crate::timer;

/// What a live task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
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
        f.pad(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
        })
    }
}

/// A live task at one moment.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its id.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<Arc<str>>,
    /// The id of its context.
    pub context: u64,
    /// Where it was spawned.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::json::text"))]
    pub location: &'static Location<'static>,
    /// The type of its future, as the compiler names it.
    pub future: &'static str,
    /// What it is doing.
    pub state: TaskState,
    /// What will wake it, as far as its context knows; empty if it does not wait, and where nobody asked (see
    /// [`inspect`](crate::inspect)). In a traced snapshot also what was found by polling it.
    pub waiting_on: Vec<WaitingOn>,
    /// How often it was polled.
    pub polls: u32,
    /// Time spent in its polls, the current one included, if the context [keeps it](crate::ContextBuilder::task_times).
    #[cfg_attr(
        feature = "serde",
        serde(rename = "busy_ns", serialize_with = "super::json::optional_ns")
    )]
    pub busy: Option<Duration>,
    /// Time since it was spawned, to the precision of one round of the worker loop.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "age_ns", serialize_with = "super::json::ns")
    )]
    pub age: Duration,
    /// Time since it was last polled (since it was spawned, if never), to the same precision.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "since_poll_ns", serialize_with = "super::json::ns")
    )]
    pub since_poll: Duration,
}

impl TaskInfo {
    /// What it waits on, as text.
    pub(super) fn waits(&self) -> Option<String> {
        let mut waits = self.waiting_on.iter().map(ToString::to_string);
        let first = waits.next()?;
        Some(waits.fold(first, |all, one| all + ", " + &one))
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "task {} ({}), spawned at {}, {} for {:.1?}, polled {} times",
            self.id,
            OneLine(self.name.as_deref().unwrap_or("unnamed")),
            self.location,
            self.state,
            self.since_poll,
            self.polls,
        )?;
        match self.waits() {
            Some(waits) => write!(f, ", waits on {waits}"),
            None => Ok(()),
        }
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

pub(crate) fn describe(task: TaskPtr, now: u64) -> TaskInfo {
    // SAFETY: listed, so alive while the table is locked.
    let header = unsafe { task.header() };
    let state = if header.flags.has(RUNNING) {
        TaskState::Running
    } else if header.flags.has(QUEUED) {
        TaskState::Queued
    } else {
        TaskState::Waiting
    };
    // SAFETY: a task's core lives at least as long as the task.
    let core = unsafe { header.core.as_ref() };
    TaskInfo {
        id: TaskId(header.origin.id),
        name: header.origin.name().cloned(),
        context: core.id,
        location: header.origin.location,
        future: (header.vtable.future)(),
        state,
        waiting_on: Vec::new(),
        polls: header.polls.get(),
        busy: header.origin.extras().and_then(|extras| extras.busy(now)),
        age: Duration::from_nanos(now.saturating_sub(header.spawned_at.get())),
        since_poll: Duration::from_nanos(now.saturating_sub(header.polled_at.get())),
    }
}
