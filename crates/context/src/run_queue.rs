//! A context's run queue: an intrusive list of tasks, first in, first out, touched by the home thread alone.
//!
//! The link is in the task's header, so the queue has no bound, allocates nothing and never grows.

use std::cell::Cell;

use crate::published::Published;
use crate::task::TaskPtr;

/// The queue. What is in it is not freed: a task that is not complete is kept by its context, and the entry of a complete
/// one is a reference.
#[derive(Default)]
pub(crate) struct RunQueue {
    head: Cell<Option<TaskPtr>>,
    tail: Cell<Option<TaskPtr>>,
    pushed: Published,
    taken: Published,
}

impl RunQueue {
    /// Appends `task`.
    ///
    /// # Safety
    ///
    /// `task` is not complete, and in no run queue.
    #[inline]
    pub(crate) unsafe fn push(&self, task: TaskPtr) {
        // SAFETY: the caller says that the task is alive; queued tasks are.
        unsafe {
            task.header().queue_next.set(None);
            match self.tail.replace(Some(task)) {
                Some(tail) => tail.header().queue_next.set(Some(task)),
                None => self.head.set(Some(task)),
            }
        }
        self.pushed.add(1);
    }

    /// Takes the oldest task. The caller counts with [`took`](Self::took).
    #[inline]
    pub(crate) fn pop(&self) -> Option<TaskPtr> {
        let task = self.head.get()?;
        // SAFETY: queued tasks are alive.
        let next = unsafe { task.header() }.queue_next.get();
        self.head.set(next);
        if next.is_none() {
            self.tail.set(None);
        }
        Some(task)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.get().is_none()
    }

    /// Counts tasks that were taken.
    #[inline]
    pub(crate) fn took(&self, tasks: u64) {
        self.taken.add(tasks);
    }

    /// The number of queued tasks, as of the end of the last batch; any thread may ask.
    pub(crate) fn len(&self) -> u64 {
        self.pushed.get().saturating_sub(self.taken.get())
    }
}
