//! Traced waits: what a context does not know by itself is found by polling once more, and nothing is lost or changed by it.

mod polls;
#[path = "../support/mod.rs"]
mod support;
mod told;

use std::time::Duration;

use context::inspect::{self, Snapshot, TaskInfo, TaskState, TracedWait, WaitingOn};
use context::{Context, Handle};

use support::until;

/// Long enough for any machine, for contexts that do answer.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn traced(context: &Context) -> Snapshot {
    let snapshot = inspect::traced_within(&[context.handle()], LONG);
    assert!(snapshot.contexts[0].answered);
    snapshot
}

pub(crate) fn plain(context: &Context) -> Snapshot {
    inspect::within(&[context.handle()], LONG)
}

pub(crate) fn named<'a>(snapshot: &'a Snapshot, name: &str) -> &'a TaskInfo {
    snapshot
        .tasks()
        .find(|task| task.name.as_deref() == Some(name))
        .unwrap_or_else(|| panic!("no task {name} in:\n{snapshot}"))
}

/// The waits of a task, all of which were traced.
pub(crate) fn waits(task: &TaskInfo) -> Vec<&TracedWait> {
    let mut waits = Vec::new();
    for on in &task.waiting_on {
        let WaitingOn::Traced(wait) = on else {
            panic!("{on} was not traced");
        };
        waits.push(wait);
    }
    waits
}

/// Runs `make` on the context's thread, and returns when all of the tasks that it spawned wait.
pub(crate) fn spawn_waiting<F>(context: &Handle, make: F)
where
    F: FnOnce() + Send + 'static,
{
    let making = context.submit_with(|| async { make() }).unwrap();
    making.join_blocking().unwrap();
    let waits = |task: &TaskInfo| task.state == TaskState::Waiting;
    until(|| context.tasks().iter().all(waits));
}

/// Returns when the context has so many tasks, and all of them wait.
pub(crate) fn until_waiting(context: &Handle, tasks: usize) {
    let waits = |task: &TaskInfo| task.state == TaskState::Waiting;
    until(|| {
        let seen = context.tasks();
        seen.len() == tasks && seen.iter().all(waits)
    });
}
