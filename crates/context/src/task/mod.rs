//! Tasks: one allocation each, owned by one context, woken from anywhere.
//!
//! # The protocol
//!
//! A task is a [`Header`] followed by its future, whose place the output takes. It belongs to one
//! context for life. The thread that the context is bound to is the task's *home thread*; it alone polls, completes
//! and drops the future. What makes same-thread work cheap is that most fields belong to the home thread alone and are
//! plain cells; what other threads may do goes through one atomic word ([`state::Shared`]) and one intrusive
//! link ([`inbox`](crate::inbox)).
//!
//! | field | written by | read by |
//! |-------|-----------|---------|
//! | `vtable`, `core`, `origin` | the maker, before anybody else sees the task | any thread that holds the task |
//! | `flags`, `polls`, `polled_at`, `spawned_at` | home | any (one word each, no ordering implied) |
//! | `home_references`, `queue_next`, `joiner` | home | home |
//! | `table_previous`, `table_next` | home, under the table's lock | home; any thread under the table's lock |
//! | `shared` | any | any |
//! | `inbox_next` | the pusher, then home | home |
//! | `remote_joiner` | its own protocol (`AtomicWaker`) | |
//! | future | home, until completion | home |
//! | output | home until completion, then the one handle | the one handle |
//!
//! "Home" includes the thread that makes a task in [`submit`](crate::Handle::submit), up to the push that hands it over,
//! and a [`JoinHandle`], which cannot leave its thread.
//!
//! # States
//!
//! ```text
//!               ┌────────── wake ──────────┐
//!  (spawn)      ▼                          │
//! ──────────▶ queued ──── pop ───▶ running ┴─ pending ─▶ waiting ── wake ─▶ queued
//!  (submit)     ▲                     │
//! ──▶ arriving ─┘                     ├─ ready, panic ─▶ complete ─▶ freed
//!     (in the inbox)   pop with ABORT ┘
//! ```
//!
//! A task in the run queue needs no reference, because the context keeps every task that is not complete. The one
//! exception is a task that is woken during its last poll: its queue entry becomes a reference when it completes.
//!
//! # Who keeps a task alive
//!
//! Until completion: the context, which lists it in its table. After that: whoever holds a reference — wakers, abort
//! handles, a join handle, the inbox. Completion looks whether there is any:
//!
//! - No waker counted at home and a shared word of zero means that no other thread holds anything, nor can come to: only
//!   the home thread's own join handle may be left. Then the task stays *unmerged*; no atomic operation happens in its
//!   whole life, and it is freed at once, or by the join handle.
//! - Otherwise the home thread's count (and its join handle's) moves into the shared word, `MERGED` is set, and from then
//!   on everybody counts there.
//!
//! # Races
//!
//! - *A wake during the poll* finds the task not queued and queues it again; the poll's `Pending` then changes nothing.
//! - *A wake from another thread while the task is queued or running* puts it into the inbox as well. The home thread
//!   takes it out later and finds it queued, complete, or in need of a poll. One poll too many is possible, one too few is
//!   not.
//! - *Completion and a wake from another thread*: see [`state`].
//! - *The joiner is woken, and drops the handle, while the home thread still completes the task*: completion touches an
//!   unmerged task no more after it has woken the joiner; a merged one it holds by a reference of its own.
//! - *The output's destructor, the future's destructor and wakers run foreign code*, which may spawn, wake, abort or drop
//!   handles: no cell is borrowed while they run.

mod abort;
mod cell;
mod error;
mod extras;
mod header;
mod join;
pub(crate) mod local;
pub(crate) mod memory;
mod remote_join;
#[cfg_attr(not(feature = "tracing"), path = "without_spans.rs")]
mod span;
pub(crate) mod state;
#[cfg_attr(not(feature = "trace-waits"), path = "untraced.rs")]
mod traced;
pub(crate) mod waker;
mod yield_now;

use std::fmt;
use std::task::Waker;

pub use abort::AbortHandle;
pub(crate) use cell::{block, make, observed, take_back, take_output};
pub use error::JoinError;
pub(crate) use error::panic_message;
pub(crate) use extras::{Extras, add_extras};
pub(crate) use header::{
    ABORT, ARRIVING, COMPLETE, HANDLE, Header, MERGED, Origin, PublishedTask, QUEUED, RUNNING,
    TaskPtr, VTable,
};
pub use join::JoinHandle;
pub use local::TaskLocal;
pub use remote_join::RemoteJoinHandle;
#[cfg(feature = "trace-waits")]
pub(crate) use traced::Traceable;
use traced::Wakers;
pub(crate) use waker::schedule_at_home;
pub use yield_now::{YieldNow, yield_now};

use crate::core::{Core, Local};

/// Names a task for as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) u64);

impl TaskId {
    /// The id as a number.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// Polls a task that was just taken from the run queue, or ends it if it was asked to end.
///
/// # Safety
///
/// This is the task's home thread, and the task was just popped from the run queue.
#[inline]
pub(crate) unsafe fn run(core: Local<'_>, task: TaskPtr) {
    // SAFETY: by contract, and until completion the table keeps the task.
    let header = unsafe { task.header() };
    let home = core.home();
    let flags = header.flags.get();
    if flags & COMPLETE != 0 {
        // Woken during its last poll; the entry was a reference.
        header.flags.remove(QUEUED);
        if header.shared.release() {
            // SAFETY: the shared word says that this was the last reference.
            unsafe { free(task) };
        }
        return;
    }
    header.flags.set((flags & !QUEUED) | RUNNING);
    core.metrics.polls.add(1);
    let before = home.current.replace(Some(task));
    // SAFETY: home thread, alive, not complete.
    let finished = unsafe {
        if flags & ABORT == 0 {
            (header.vtable.poll)(task, Wakers::ORDINARY)
        } else {
            (header.vtable.cancel)(task);
            true
        }
    };
    home.current.set(before);
    header.polls.set(header.polls.get().wrapping_add(1));
    let flags = header.flags.get() & !RUNNING;
    if finished {
        // SAFETY: the output is in place, and these are its flags.
        unsafe { complete(core, task, flags) };
    } else {
        header.flags.set(flags);
        header.polled_at.set(home.now.get());
    }
}

/// Ends a task whose output is in place.
///
/// # Safety
///
/// This is the task's home thread, and the task is not complete. `flags` are its flags, but for `RUNNING`.
#[inline]
unsafe fn complete(core: Local<'_>, task: TaskPtr, flags: u32) {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    // SAFETY: a task that is not complete is in the table.
    unsafe { core.table.unlink(task) };
    let unreferenced = header.home_references.get() == 0 && header.shared.is_private();
    // A task that was woken during its last poll is in the run queue.
    if !unreferenced || flags & QUEUED != 0 {
        // SAFETY: by contract.
        unsafe { complete_merging(core, task, flags) };
        return;
    }
    let share = core.task_ended();
    header.flags.set(flags | COMPLETE);
    if flags & HANDLE != 0 {
        // SAFETY: the joiner belongs to the home thread, and no foreign code runs during the borrow.
        let joiner = unsafe { (*header.joiner.get()).take() };
        // The handle may be dropped in here, and the task with it.
        wake_joiner(core, joiner);
    } else {
        // SAFETY: complete; nobody else wants the output or holds the task.
        unsafe {
            (header.vtable.drop_output)(task);
            free(task);
        }
    }
    drop(share);
}

/// The part of [`complete`] for a task that others hold.
///
/// # Safety
///
/// As for `complete`, and the task is off the table.
#[inline(never)]
unsafe fn complete_merging(core: Local<'_>, task: TaskPtr, flags: u32) {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    let share = core.task_ended();
    header.flags.set(flags | COMPLETE | MERGED);
    // SAFETY: the joiner belongs to the home thread, and no foreign code runs during the borrow.
    let joiner = unsafe { (*header.joiner.get()).take() };
    let handle = flags & HANDLE != 0;
    // The entry in the run queue becomes a reference.
    let queued = flags & QUEUED != 0;
    let references = header
        .home_references
        .get()
        .wrapping_add(isize::from(handle))
        .wrapping_add(isize::from(queued));
    let interest = header.shared.complete(references);
    if handle {
        wake_joiner(core, joiner);
    } else if interest {
        wake_joiner(core, header.remote_joiner.take());
    } else {
        // SAFETY: complete, and nobody else wants the output.
        unsafe { (header.vtable.drop_output)(task) };
    }
    if header.shared.release() {
        // SAFETY: the shared word says that this was the last reference.
        unsafe { free(task) };
    }
    drop(share);
}

/// Ends a submitted task whose context will never run it, on whatever thread.
///
/// # Safety
///
/// The task was just taken out of the inbox, was never taken up, and its context takes up no more.
pub(crate) unsafe fn end_unrun(task: TaskPtr) {
    // SAFETY: the inbox's reference keeps the task until `take`; as no home thread ever saw it, this thread stands in for one.
    unsafe {
        let header = task.header();
        (header.vtable.cancel)(task);
        header.flags.insert(COMPLETE | MERGED);
        if header.shared.complete(0) {
            wake_foreign(header.remote_joiner.take());
        } else {
            (header.vtable.drop_output)(task);
        }
        let in_inbox = header.shared.take();
        debug_assert!(!in_inbox.last, "this function holds a reference of its own");
        if header.shared.release() {
            free(task);
        }
    }
}

/// The output of a task that has ended.
///
/// # Panics
///
/// If it has not ended.
pub(crate) fn output_of_finished<T>(mut handle: JoinHandle<T>) -> Result<T, JoinError> {
    let mut cx = std::task::Context::from_waker(Waker::noop());
    match std::pin::Pin::new(&mut handle).poll(&mut cx) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("the task has not ended"),
    }
}

/// Wakes whoever awaits a join handle: nearly always a task of the same context, which needs no detour.
#[inline]
fn wake_joiner(core: Local<'_>, joiner: Option<Waker>) {
    let Some(joiner) = joiner else { return };
    if let Err(joiner) = waker::wake_at_home(core, joiner) {
        wake_foreign(Some(joiner));
    }
}

/// Wakes whoever it may be. A waker that panics must not take the worker loop with it.
#[cold]
fn wake_foreign(joiner: Option<Waker>) {
    if let Some(joiner) = joiner {
        crate::report::guard("a waker", || joiner.wake());
    }
}

/// Frees a task.
///
/// # Safety
///
/// The caller gives up the last reference to a task whose future and output are gone.
pub(crate) unsafe fn free(task: TaskPtr) {
    // SAFETY: by contract.
    unsafe {
        let (core, block) = (task.header().core, task.header().vtable.block);
        task.0.drop_in_place();
        // Last: a task that exists may be what keeps the core.
        Core::task_freed(core, task.0.cast(), block);
    }
}
