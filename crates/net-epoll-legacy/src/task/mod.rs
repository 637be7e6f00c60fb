//! A task: a future of its own, with a number and perhaps a name.
//!
//! `spawn` polls it at once, on the caller's stack, up to its first suspension; then `spawn` returns. From there on a waker puts the
//! task into the context's queue, and the context's loop polls it: control goes back to the loop whenever it suspends. The
//! memory is freed when the task has ended and the last waker is gone.

mod join;
mod traced;

use std::future::Future;
use std::panic::Location;
use std::sync::Weak;

pub use join::{JoinError, JoinHandle};

use crate::context::Shared;
use traced::Traced;

/// A task that can be polled once.
pub(crate) type Runnable = async_task::Runnable;

/// Makes a task of a future. It is in `shared`'s books until it ends.
pub(crate) fn new<F>(
    shared: &Weak<Shared>,
    entry: Entry,
    name: &str,
    spawned_at: &'static Location<'static>,
    future: F,
) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let id = entry.id;
    let shared = shared.clone();
    let schedule = move |runnable| {
        // The context is gone: so is the task.
        if let Some(shared) = shared.upgrade() {
            tracing::trace!(task = id, "woken: into the queue");
            shared.schedule(runnable);
        }
    };
    let future = Traced::new(future, entry, id, name, spawned_at);
    let (runnable, task) = async_task::spawn(future, schedule);
    (runnable, JoinHandle::new(task, id))
}

/// Makes a task of a future that stays on this thread; `line` is dropped with it.
pub(crate) fn new_local<F, L>(
    schedule: impl Fn(Runnable) + Send + Sync + 'static,
    line: L,
    id: u64,
    name: &str,
    spawned_at: &'static Location<'static>,
    future: F,
) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future<Output: 'static> + 'static,
    L: 'static,
{
    let future = Traced::new(future, line, id, name, spawned_at);
    let (runnable, task) = async_task::spawn_local(future, schedule);
    (runnable, JoinHandle::new(task, id))
}

/// A task's line in its context's books, which ends with it.
pub(crate) struct Entry {
    pub(crate) shared: Weak<Shared>,
    pub(crate) id: u64,
    pub(crate) key: usize,
}

impl Entry {
    /// The line with this number and key; none if the context is gone.
    pub(crate) fn new(shared: &Weak<Shared>, line: Option<(u64, usize)>) -> Self {
        let (id, key) = line.unwrap_or((0, usize::MAX));
        let shared = shared.clone();
        Self { shared, id, key }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.forget(self.key);
        }
    }
}
