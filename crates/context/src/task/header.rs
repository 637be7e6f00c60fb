//! The part of a task that does not depend on its future, and the pointer to it.

use std::cell::{Cell, UnsafeCell};
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;

use atomic_waker::AtomicWaker;

use super::extras::Extras;
use super::memory::Block;
use super::state::Shared;
use super::traced::Wakers;
use crate::core::Core;
use crate::inbox::InboxNode;
use crate::published::{Published, PublishedWord};
use crate::sync::AtomicPtr;

/// The task is in the run queue.
pub(crate) const QUEUED: u32 = 1 << 0;
/// The task's future is being polled.
pub(crate) const RUNNING: u32 = 1 << 1;
/// The task's future is gone.
pub(crate) const COMPLETE: u32 = 1 << 2;
/// The task was asked to end.
pub(crate) const ABORT: u32 = 1 << 3;
/// A [`JoinHandle`](super::JoinHandle) on the home thread wants the output.
pub(crate) const HANDLE: u32 = 1 << 4;
/// The task was submitted and has not been taken into the table of its context.
pub(crate) const ARRIVING: u32 = 1 << 5;
/// The home thread's references have been moved into the shared word.
pub(crate) const MERGED: u32 = 1 << 6;

/// What a task says of itself; fixed when it is made.
pub(crate) struct Origin {
    pub(crate) id: u64,
    pub(crate) location: &'static Location<'static>,
    /// Boxed to take one word, as few tasks have any and every task has room for them.
    extras: Option<Box<Extras>>,
}

impl Origin {
    #[inline]
    pub(crate) fn new(id: u64, location: &'static Location<'static>) -> Self {
        Self {
            id,
            location,
            extras: None,
        }
    }

    pub(super) fn set_extras(&mut self, extras: Option<Box<Extras>>) {
        self.extras = extras;
    }

    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.extras()?.name()
    }

    #[inline]
    pub(crate) fn extras(&self) -> Option<&Extras> {
        self.extras.as_deref()
    }
}

/// A task's functions that know its future's type.
pub(crate) struct VTable {
    /// Polls the future and, if it is finished or panicked, puts the output in its place. True if finished.
    pub(crate) poll: unsafe fn(TaskPtr, Wakers) -> bool,
    /// Drops the future and puts `JoinError::Cancelled` in its place.
    pub(crate) cancel: unsafe fn(TaskPtr),
    /// Drops the output, reporting a panic that nobody will see.
    pub(crate) drop_output: unsafe fn(TaskPtr),
    /// Where the output is, counted from the header.
    pub(crate) output_offset: usize,
    /// The name of the future's type.
    pub(crate) future: fn() -> &'static str,
    /// For a task whose polls are observed, the functions that do it without.
    pub(crate) unobserved: Option<&'static VTable>,
    /// The task's memory.
    pub(crate) block: Block,
}

/// The head of every task's one allocation; future and output follow it. The page of [`task`](super) says which
/// thread may touch which field when.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) vtable: &'static VTable,
    pub(crate) core: NonNull<Core>,
    pub(crate) flags: PublishedWord,
    pub(crate) polls: PublishedWord,
    pub(crate) queue_next: Cell<Option<TaskPtr>>,
    pub(crate) joiner: UnsafeCell<Option<Waker>>,
    pub(crate) table_previous: Cell<Option<TaskPtr>>,
    pub(crate) table_next: Cell<Option<TaskPtr>>,
    pub(crate) polled_at: Published,
    /// A full word: a task that other threads wake counts one more here with each wake, and one less there.
    pub(crate) home_references: Cell<isize>,
    pub(crate) shared: Shared,
    pub(crate) inbox_next: AtomicPtr<Header>,
    pub(crate) remote_joiner: AtomicWaker,
    pub(crate) spawned_at: Published,
    pub(crate) origin: Origin,
}

// SAFETY: `inbox_next` is a field of its own that nothing else touches.
unsafe impl InboxNode for Header {
    fn inbox_link(&self) -> &AtomicPtr<Self> {
        &self.inbox_next
    }
}

impl Header {
    pub(crate) fn new(
        vtable: &'static VTable,
        core: NonNull<Core>,
        flags: u32,
        shared: Shared,
        origin: Origin,
    ) -> Self {
        Self {
            vtable,
            core,
            flags: PublishedWord::new(flags),
            polls: PublishedWord::new(0),
            queue_next: Cell::new(None),
            joiner: UnsafeCell::new(None),
            table_previous: Cell::new(None),
            table_next: Cell::new(None),
            polled_at: Published::new(0),
            home_references: Cell::new(0),
            shared,
            inbox_next: AtomicPtr::new(std::ptr::null_mut()),
            remote_joiner: AtomicWaker::new(),
            spawned_at: Published::new(0),
            origin,
        }
    }
}

/// A pointer to a task. Copying it does not count; each user says which count, queue or handle keeps the task alive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskPtr(pub(crate) NonNull<Header>);

impl TaskPtr {
    /// The task's header.
    ///
    /// # Safety
    ///
    /// The task has not been freed and is not freed while the reference is in use.
    #[inline]
    pub(crate) unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: the caller keeps the task alive.
        unsafe { self.0.as_ref() }
    }
}

/// The task that a home thread polls: written there, read by any thread.
#[derive(Default)]
pub(crate) struct PublishedTask(std::sync::atomic::AtomicPtr<Header>);

impl PublishedTask {
    /// The task. Elsewhere than on the home thread the pointer is good for nothing, unless the table is locked.
    #[inline]
    pub(crate) fn get(&self) -> Option<TaskPtr> {
        NonNull::new(self.0.load(Relaxed)).map(TaskPtr)
    }

    /// The task as a number.
    pub(crate) fn address(&self) -> Option<usize> {
        self.get().map(|task| task.0.addr().get())
    }

    #[inline]
    pub(crate) fn set(&self, task: Option<TaskPtr>) {
        let task = task.map_or(std::ptr::null_mut(), |task| task.0.as_ptr());
        self.0.store(task, Relaxed);
    }

    /// Sets it, on the home thread, and returns what it was.
    #[inline]
    pub(crate) fn replace(&self, task: Option<TaskPtr>) -> Option<TaskPtr> {
        let before = self.get();
        self.set(task);
        before
    }
}

#[cfg(all(test, not(loom), target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// A task whose future or output takes five words or fewer, such as a sleep, takes three cache lines.
    #[test]
    fn a_header_leaves_room_for_a_small_future_in_three_lines() {
        assert!(size_of::<Header>() <= 152, "{}", size_of::<Header>());
    }
}
