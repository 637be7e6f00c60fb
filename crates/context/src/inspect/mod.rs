//! What contexts and their tasks are doing: as values, as text and as JSON.
//!
//! [`of`] takes a [`Snapshot`] of the contexts whose handles it is given. It can be called on any thread, a context's own
//! included.
//!
//! ```
//! use context::{inspect, spawn_named};
//!
//! context::block_on(async {
//!     let task = spawn_named("ticker", context::sleep(std::time::Duration::from_secs(60)));
//!     context::yield_now().await;
//!     let snapshot = inspect::of(&[context::handle()]);
//!     let ticker = snapshot.tasks().find(|task| task.name.as_deref() == Some("ticker")).unwrap();
//!     assert!(matches!(ticker.waiting_on[..], [inspect::WaitingOn::Timer { .. }]));
//!     println!("{snapshot}");
//!     task.abort();
//! }).unwrap();
//! ```
//!
//! # Where it comes from, and what it costs
//!
//! Counters, and the table of live tasks, are kept all the time, in plain stores of the context's own thread, and are read
//! without its doing anything. What a task *waits on* is not kept: the context finds it out when it is asked, by looking at
//! whom its operations in flight, its timers and its join handles would wake. So a snapshot asks each context that runs, which wakes one
//! that sleeps, and gives it [`PATIENCE`] to answer. One that a task holds does not answer in time
//! ([`ContextInfo::answered`]); all else about it is there.
//!
//! A wait that is not the context's own, such as that for a channel, a lock or another thread, is not known. [`waiting_for`] gives it a
//! name, and with feature `trace-waits` `traced` finds out what it is.
//!
//! There is no list of all contexts of the process: handles are passed, like everything else.
//! [`SchedulerHandle::contexts`](crate::SchedulerHandle::contexts) has those of a scheduler, [`handle`](fn@crate::handle) the
//! current one.
//!
//! With feature `serde` all values here can be serialised, and `Snapshot::to_json` does so.

mod answer;
#[cfg(feature = "serde")]
pub(crate) mod json;
mod label;
mod task_info;
mod text;
#[cfg_attr(not(feature = "trace-waits"), path = "without_traces.rs")]
mod trace;
mod waits;

use std::sync::Arc;
use std::time::{Duration, Instant};

use answer::Answer;
pub(crate) use answer::Questions;
pub(crate) use label::Labels;
pub use label::{WaitingFor, waiting_for};
pub(crate) use task_info::describe;
pub use task_info::{TaskInfo, TaskState};
pub(crate) use text::OneLine;
use trace::Names;
#[cfg(feature = "trace-waits")]
pub use trace::{Call, TRACED_PATIENCE, TracedWait, traced, traced_within};
#[cfg(feature = "trace-waits")]
pub(crate) use trace::{Stack, Tracer};
pub use uring_engine::SetupReport;
pub use waits::WaitingOn;

use crate::core::Core;
use crate::handle::Handle;
use crate::metrics::Metrics;
use crate::stop::Look;

/// How long [`of`] waits for the contexts to say what their tasks wait on, all of them together.
pub const PATIENCE: Duration = Duration::from_millis(50);

/// Contexts and their tasks at one moment. As text it is a table.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// In the order in which they were asked for.
    pub contexts: Vec<ContextInfo>,
}

/// What a context's thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ContextState {
    /// No run is on: before the first, or after one.
    Stopped,
    /// It sleeps until I/O, a timer or another thread.
    Asleep,
    /// It runs tasks, or looks for some.
    Awake,
}

/// A context at one moment.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ContextInfo {
    /// Its id, unique in the process.
    pub id: u64,
    /// Its name.
    pub name: Arc<str>,
    /// What its thread is doing.
    pub state: ContextState,
    /// True if it has said what its tasks wait on; false if it does not run, or was held by a task for too long.
    pub answered: bool,
    /// Its counters.
    pub metrics: Metrics,
    /// How its driver was set up, what was refused and why; `None` before the first run.
    #[cfg_attr(feature = "serde", serde(serialize_with = "json::setup"))]
    pub setup: Option<Arc<SetupReport>>,
    /// Its live tasks, oldest first.
    pub tasks: Vec<TaskInfo>,
}

impl Snapshot {
    /// The tasks of all contexts.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskInfo> {
        self.contexts.iter().flat_map(|context| &context.tasks)
    }
}

/// A snapshot of these contexts, which have [`PATIENCE`] to say what their tasks wait on; see the [module](self).
///
/// Blocks the calling thread for as long. On the thread of one of the contexts, that one answers at once.
pub fn of(contexts: &[Handle]) -> Snapshot {
    within(contexts, PATIENCE)
}

/// As [`of`], with another limit. Zero asks nobody and wakes nobody: what tasks wait on is then known only of the context that
/// runs on the calling thread.
pub fn within(contexts: &[Handle], patience: Duration) -> Snapshot {
    look(contexts, patience, Look::Plain)
}

fn look(contexts: &[Handle], patience: Duration, look: Look) -> Snapshot {
    let asked: Vec<_> = contexts
        .iter()
        .map(|handle| handle.core().ask(look, !patience.is_zero()))
        .collect();
    let deadline = Instant::now().checked_add(patience);
    let answers: Vec<_> = contexts
        .iter()
        .zip(asked)
        .map(|(handle, asked)| handle.core().await_answer(asked, deadline))
        .collect();
    // After the last answer: finding names takes a lock that tracing takes, too.
    let mut names = Names::default();
    let contexts = contexts
        .iter()
        .zip(answers)
        .map(|(handle, answer)| describe_context(handle.core(), answer.as_deref(), &mut names))
        .collect();
    Snapshot { contexts }
}

fn describe_context(core: &Core, answer: Option<&Answer>, names: &mut Names) -> ContextInfo {
    let tasks = answer.map_or_else(
        || core.tasks(),
        |answer| {
            let mut tasks = answer.tasks.clone();
            answer.traces.add_to(&mut tasks, names);
            tasks
        },
    );
    ContextInfo {
        id: core.id,
        name: core.config.name.clone(),
        state: match core.is_running() {
            false => ContextState::Stopped,
            true if core.metrics.awake_since.get() == 0 => ContextState::Asleep,
            true => ContextState::Awake,
        },
        answered: answer.is_some(),
        metrics: core.snapshot(),
        setup: core.setup(),
        tasks,
    }
}
