//! What tasks wait on, as their context finds it out: from whom its operations, timers and tasks would wake.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use uring_engine::{Target, opcode_name};

#[cfg(feature = "trace-waits")]
use super::TracedWait;
use super::{OneLine, TaskInfo, TaskState};
use crate::core::Local;
use crate::task::TaskId;
use crate::timer;
use crate::when::task_of;

/// One thing that will wake a waiting task. A task that waits for several things at once has several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WaitingOn {
    /// A timer.
    Timer {
        /// Time until it fires.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "due_in_ns", serialize_with = "super::json::ns")
        )]
        due_in: Duration,
    },
    /// An operation that the kernel has.
    Operation {
        /// The kernel's name for it, such as `recv`.
        name: &'static str,
        /// Its descriptor, if it acts on one.
        fd: Option<i32>,
    },
    /// The end of another task of the same context.
    Join {
        /// That task.
        task: TaskId,
    },
    /// What [`waiting_for`](super::waiting_for) was told.
    Named {
        /// The name.
        what: &'static str,
    },
    /// Something that is not the context's own, as [`traced`](super::traced) has found it.
    #[cfg(feature = "trace-waits")]
    Traced(TracedWait),
}

impl fmt::Display for WaitingOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer { due_in } => write!(f, "timer in {due_in:.1?}"),
            Self::Operation { name, fd: Some(fd) } => write!(f, "{name} on fd {fd}"),
            Self::Operation { name, fd: None } => f.write_str(name),
            Self::Join { task } => write!(f, "end of task {task}"),
            Self::Named { what } => OneLine(what).fmt(f),
            #[cfg(feature = "trace-waits")]
            Self::Traced(wait) => wait.fmt(f),
        }
    }
}

/// The id of a task, and one thing of those that would wake it.
type Waits = Vec<(u64, WaitingOn)>;

impl Local<'_> {
    /// The live tasks, oldest first, and what they wait on, as far as this context knows.
    pub(crate) fn waiting_tasks(self) -> Vec<TaskInfo> {
        let mut by_task: HashMap<u64, Vec<WaitingOn>> = HashMap::new();
        for (task, on) in self.waits() {
            by_task.entry(task).or_default().push(on);
        }
        let mut tasks = self.tasks();
        for task in &mut tasks {
            // One that was woken waits no more for what is still there.
            if task.state == TaskState::Waiting {
                task.waiting_on = by_task.remove(&task.id.as_u64()).unwrap_or_default();
            }
        }
        tasks
    }

    fn waits(self) -> Waits {
        let mut waits = Vec::new();
        self.operations(&mut waits);
        self.timers(&mut waits);
        self.joins(&mut waits);
        self.home().labels.for_each(|task, what| {
            waits.push((task, WaitingOn::Named { what }));
        });
        waits
    }

    fn operations(self, waits: &mut Waits) {
        // No borrow is held while it is looked at; the clone keeps the engine.
        let driver = self.home().driver.borrow().clone();
        let Some(driver) = driver else { return };
        driver.engine().for_each_waiting(|operation, waker| {
            let on = WaitingOn::Operation {
                name: opcode_name(operation.opcode),
                fd: match operation.target {
                    Some(Target::Fd(fd)) => Some(fd),
                    Some(Target::Fixed(_)) | None => None,
                },
            };
            waits.extend(task_of(waker).map(|task| (task, on)));
        });
    }

    fn timers(self, waits: &mut Waits) {
        let now = timer::now_ns();
        self.home().timers.borrow().for_each(|deadline, waker| {
            let due_in = Duration::from_nanos(deadline.saturating_sub(now));
            let on = WaitingOn::Timer { due_in };
            waits.extend(task_of(waker).map(|task| (task, on)));
        });
    }

    fn joins(self, waits: &mut Waits) {
        self.table.for_each(|awaited| {
            // SAFETY: listed, so alive while the table is locked; the joiner belongs to the home thread, which this is, and
            // nothing foreign runs during the borrow.
            let (header, joiner) = unsafe {
                let header = awaited.header();
                (header, &*header.joiner.get())
            };
            let task = TaskId(header.origin.id);
            let joiner = joiner.as_ref().and_then(task_of);
            waits.extend(joiner.map(|joiner| (joiner, WaitingOn::Join { task })));
        });
    }
}
