//! The waker of a traced poll: it wakes the same task as the task's own, but is not the same waker, so whoever is to wake the
//! task clones it. The clone is the task's own waker; making it takes note of the call stack. See
//! [`trace`](crate::inspect).
//!
//! It exists for the length of one poll, on the home thread, and nobody owns it: what lasts longer is a clone.

use std::task::{RawWaker, RawWakerVTable, Waker};

use super::header::{ABORT, COMPLETE, QUEUED, RUNNING, TaskPtr};
use super::waker;
use crate::core::Local;
use crate::inspect::Stack;

static TRACING: RawWakerVTable =
    RawWakerVTable::new(clone, waker::wake, waker::wake_by_ref, waker::drop_waker);

/// Which waker a task is polled with.
#[derive(Clone, Copy)]
pub(crate) struct Wakers(&'static RawWakerVTable);

impl Wakers {
    /// The task's own.
    pub(crate) const ORDINARY: Self = Self(&waker::VTABLE);
    const TRACING: Self = Self(&TRACING);

    #[inline]
    pub(super) fn vtable(self) -> &'static RawWakerVTable {
        self.0
    }
}

/// Whether it is the waker of a traced poll.
#[inline]
pub(super) fn is_tracing(waker: &Waker) -> bool {
    std::ptr::eq(waker.vtable(), &TRACING)
}

/// A frame of its own, so that the next one is that of whoever clones.
#[inline(never)]
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker being cloned is borrowed from the poll, which keeps the task.
    let header = unsafe { waker::task(data).header() };
    if let Some(core) = waker::at_home(header) {
        core.home().tracer.waker_cloned();
    }
    // SAFETY: as above.
    unsafe { waker::clone(data) }
}

/// A live task, kept by a reference of its own.
pub(crate) struct Traceable {
    task: TaskPtr,
    _reference: Waker,
}

impl Traceable {
    /// Takes hold of a task, if it waits.
    ///
    /// # Safety
    ///
    /// The task is listed, and this is its home thread.
    pub(crate) unsafe fn new(task: TaskPtr) -> Option<Self> {
        // SAFETY: listed, so alive.
        if unsafe { task.header() }.flags.has(RUNNING | QUEUED) {
            return None;
        }
        // SAFETY: as above; the clone counts.
        let borrowed = unsafe { waker::borrowed(task, Wakers::ORDINARY) };
        Some(Self {
            task,
            _reference: Waker::clone(&borrowed),
        })
    }

    /// Polls the task once more, if it still waits: its id, and where its waker was cloned.
    ///
    /// The poll counts in what the context has done, and not in what the task says of itself.
    pub(crate) fn poll(&self, core: Local<'_>) -> Option<(u64, Vec<Stack>)> {
        let task = self.task;
        // SAFETY: kept by the reference.
        let header = unsafe { task.header() };
        if header.flags.has(QUEUED | RUNNING | COMPLETE | ABORT) {
            return None;
        }
        let home = core.home();
        header.flags.insert(RUNNING);
        core.metrics.polls.add(1);
        let before = home.current.replace(Some(task));
        // SAFETY: the thread is home, which a `Traceable` does not leave; the task is alive, not complete and not being polled.
        let poll = || unsafe { (header.vtable.poll)(task, Wakers::TRACING) };
        let (finished, stacks) = home.tracer.around(poll);
        home.current.set(before);
        header.flags.remove(RUNNING);
        if finished {
            // SAFETY: the output is in place.
            unsafe { super::complete(core, task, header.flags.get()) };
            return None;
        }
        Some((header.origin.id, stacks))
    }
}
