//! The waker of a task.
//!
//! On the home thread a clone, a drop and a wake are plain loads and stores; on any other thread they go through
//! the task's shared word, and a wake through the inbox of the context.

use std::mem::ManuallyDrop;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::header::{ABORT, ARRIVING, COMPLETE, Header, MERGED, QUEUED, TaskPtr};
use super::state::Notify;
use super::traced::{self, Wakers};
use crate::core::Local;
use crate::current;

pub(super) static VTABLE: RawWakerVTable =
    RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker that borrows the caller's hold on `task`: it is not counted, and must not be dropped.
///
/// # Safety
///
/// The task outlives the waker.
#[inline]
pub(super) unsafe fn borrowed(task: TaskPtr, wakers: Wakers) -> ManuallyDrop<Waker> {
    let raw = RawWaker::new(task.0.as_ptr().cast(), wakers.vtable());
    // SAFETY: the functions of both tables keep the contract of `RawWaker` for a live task.
    ManuallyDrop::new(unsafe { Waker::from_raw(raw) })
}

/// The task behind a waker's pointer.
///
/// # Safety
///
/// `data` comes from a waker of this module that has not been dropped.
#[inline]
pub(super) unsafe fn task(data: *const ()) -> TaskPtr {
    // SAFETY: a waker's pointer is that of a header, never null.
    TaskPtr(unsafe { std::ptr::NonNull::new_unchecked(data.cast_mut().cast::<Header>()) })
}

/// The task's core, if this is its home thread.
#[inline]
pub(super) fn at_home(header: &Header) -> Option<Local<'_>> {
    // SAFETY: a core that is bound to this thread is alive, and stays so for as long as it is bound.
    current::is(header.core).then(|| unsafe { Local::new(header.core.as_ref()) })
}

pub(super) unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker being cloned holds a reference or is borrowed from somebody who does.
    unsafe { retain(task(data)) };
    RawWaker::new(data, &VTABLE)
}

/// Counts one more reference.
///
/// # Safety
///
/// The task is alive.
#[inline]
pub(crate) unsafe fn retain(task: TaskPtr) {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    if at_home(header).is_some() && !header.flags.has(MERGED) {
        header
            .home_references
            .set(header.home_references.get().wrapping_add(1));
    } else {
        header.shared.retain();
    }
}

/// Counts one reference less and frees the task with the last.
///
/// # Safety
///
/// The caller owns a reference and gives it up.
#[inline]
pub(crate) unsafe fn release(task: TaskPtr) {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    if at_home(header).is_some() && !header.flags.has(MERGED) {
        // Not complete, so the task stays; see `state`.
        header
            .home_references
            .set(header.home_references.get().wrapping_sub(1));
    } else if header.shared.release() {
        // SAFETY: the shared word says that this was the last reference.
        unsafe { super::free(task) };
    }
}

pub(super) unsafe fn wake(data: *const ()) {
    // SAFETY: the waker owns a reference, which keeps the task for the call and is given up after it.
    unsafe {
        wake_by_ref(data);
        release(task(data));
    }
}

pub(super) unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker keeps the task.
    let task = unsafe { task(data) };
    // SAFETY: as above.
    let header = unsafe { task.header() };
    match at_home(header) {
        Some(core) => {
            // SAFETY: the task is alive, and this is its home thread.
            unsafe { schedule_at_home(core, task) };
        }
        None => {
            if header.shared.notify() == Notify::Push {
                // SAFETY: `notify` gave the inbox a reference.
                unsafe { push_to_inbox(task) };
            }
        }
    }
}

/// Whether `waker` is a task's own, or that of a traced poll: of both the data is the task.
#[inline]
fn is_of_task(waker: &Waker) -> bool {
    std::ptr::eq(waker.vtable(), &VTABLE) || traced::is_tracing(waker)
}

/// A clone of `waker`, without a detour if it is that of a task which is at home on this thread. Nothing is traced: for waits that
/// a context knows by itself.
#[inline]
pub(crate) fn clone_waker(waker: &Waker) -> Waker {
    if !is_of_task(waker) {
        return waker.clone();
    }
    // SAFETY: a waker of a task keeps it; the count is that of the new waker.
    unsafe {
        retain(task(waker.data()));
        Waker::new(waker.data(), &VTABLE)
    }
}

/// The id of the task that a waker wakes, if it is a task's.
pub(crate) fn task_of(waker: &Waker) -> Option<u64> {
    if !is_of_task(waker) {
        return None;
    }
    // SAFETY: a waker of a task keeps it.
    Some(unsafe { task(waker.data()).header() }.origin.id)
}

/// Wakes a task of this context, if that is what `waker` wakes; otherwise the waker comes back.
#[inline]
pub(crate) fn wake_at_home(core: Local<'_>, waker: Waker) -> Result<(), Waker> {
    if !std::ptr::eq(waker.vtable(), &VTABLE) {
        return Err(waker);
    }
    // SAFETY: a waker with this vtable is one of this module's, and owns a reference.
    let (task, header) = unsafe {
        let task = task(waker.data());
        (task, task.header())
    };
    if !std::ptr::eq(header.core.as_ptr(), &raw const *core) || header.flags.has(MERGED) {
        return Err(waker);
    }
    // Its reference is given up below.
    std::mem::forget(waker);
    header
        .home_references
        .set(header.home_references.get().wrapping_sub(1));
    // SAFETY: not merged, so not complete, or kept by its join handle; this is its home thread.
    unsafe { schedule_at_home(core, task) };
    Ok(())
}

/// Puts a task into the run queue unless it is there, or complete.
///
/// # Safety
///
/// This is the home thread, and the task is alive and has been taken up.
#[inline]
pub(crate) unsafe fn schedule_at_home(core: Local<'_>, task: TaskPtr) {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    if !header.flags.has(QUEUED | COMPLETE) {
        header.flags.insert(QUEUED);
        // SAFETY: not complete, so alive; not queued.
        unsafe { core.home().run_queue.push(task) };
    }
}

/// Asks for the end of a task from any thread.
///
/// # Safety
///
/// The caller holds the task.
pub(crate) unsafe fn abort(task: TaskPtr) {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    match at_home(header) {
        Some(core) => {
            header.flags.insert(ABORT);
            // A task that is still in the inbox is not listed yet: it is queued when it arrives.
            if !header.flags.has(ARRIVING) {
                // SAFETY: the caller holds the task; this is its home thread.
                unsafe { schedule_at_home(core, task) };
            }
        }
        None => {
            if header.shared.abort() == Notify::Push {
                // SAFETY: `abort` gave the inbox a reference.
                unsafe { push_to_inbox(task) };
            }
        }
    }
}

/// Hands a task to the inbox of its context, and wakes the context if it sleeps.
///
/// # Safety
///
/// The caller holds the task throughout, and owns one reference more, which passes to the inbox.
#[inline]
pub(crate) unsafe fn push_to_inbox(task: TaskPtr) {
    // SAFETY: the caller's hold keeps the task, and a task that is held keeps its core.
    let (header, core) = unsafe { (task.header(), task.header().core.as_ref()) };
    // SAFETY: the inbox now owns the second reference, so the task stays until it is taken out.
    if unsafe { core.inbox.push(task.0) } {
        core.unpark();
    } else {
        // The run is over and its tasks are complete: nobody would take this one out. Taking it out here balances the
        // `notify`; the caller's hold means that it is not the last reference.
        let taken = header.shared.take();
        debug_assert!(!taken.last);
    }
}

pub(super) unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker owned a reference.
    unsafe { release(task(data)) };
}
