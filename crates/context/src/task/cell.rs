//! A task's memory: header, then the future, whose place the output takes.

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::header::{Header, Origin, TaskPtr, VTable};
use super::join::JoinError;
use super::state::Shared;
use super::{memory, waker};
use crate::core::Core;

/// What the place behind the header holds.
enum Stage<F: Future> {
    Running(F),
    Finished(Result<F::Output, JoinError>),
    Consumed,
}

#[repr(C)]
struct TaskCell<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

/// The layout of the memory for an `F` task.
pub(crate) const fn layout<F: Future>() -> Layout {
    memory::block(Layout::new::<TaskCell<F>>())
}

/// Makes a task of `future` in `block`. Whose it is then, the flags and the shared word say.
///
/// # Safety
///
/// `block` is fresh memory of [`layout::<F>`](layout).
#[inline]
pub(crate) unsafe fn make<F: Future>(
    block: NonNull<u8>,
    future: F,
    core: NonNull<Core>,
    flags: u32,
    shared: Shared,
    origin: Origin,
) -> TaskPtr {
    let cell = block.cast::<TaskCell<F>>();
    // SAFETY: the layout of the block is at least that of a `TaskCell<F>`. Written in two parts so that the future is moved
    // straight to its place.
    unsafe {
        (&raw mut (*cell.as_ptr()).header).write(Header::new(
            Functions::<F>::VTABLE,
            core,
            flags,
            shared,
            origin,
        ));
        (&raw mut (*cell.as_ptr()).stage).write(UnsafeCell::new(Stage::Running(future)));
    }
    TaskPtr(cell.cast())
}

/// Takes the future back out of a task that was never handed to a context. The task is then free of content.
///
/// # Safety
///
/// `task` was made by [`allocate`] with this `F`, nothing else refers to it, and it was never polled.
pub(crate) unsafe fn take_back<F: Future>(task: TaskPtr) -> F {
    // SAFETY: by contract the caller is the only one to touch the task.
    unsafe {
        match std::mem::replace(stage::<F>(task), Stage::Consumed) {
            Stage::Running(future) => future,
            Stage::Finished(_) | Stage::Consumed => unreachable!("the task was never polled"),
        }
    }
}

/// The stage of a task.
///
/// # Safety
///
/// `task` is an `F` task, and the caller has the stage to itself: the home thread before completion, the owner of
/// the output after.
unsafe fn stage<'a, F: Future>(task: TaskPtr) -> &'a mut Stage<F> {
    // SAFETY: by contract.
    unsafe { &mut *task.0.cast::<TaskCell<F>>().as_ref().stage.get() }
}

struct Functions<F: Future>(F);

impl<F: Future> Functions<F> {
    const VTABLE: &'static VTable = &VTable {
        poll: poll::<F>,
        cancel: cancel::<F>,
        take_output: take_output::<F>,
        drop_output: drop_output::<F>,
        layout: layout::<F>(),
    };
}

/// See [`VTable::poll`].
///
/// # Safety
///
/// On the home thread, task alive and not complete.
unsafe fn poll<F: Future>(task: TaskPtr) -> bool {
    // SAFETY: by contract the home thread has the stage to itself until completion.
    let stage = unsafe { stage::<F>(task) };
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let Stage::Running(future) = &mut *stage else {
            unreachable!("a complete task is never polled")
        };
        // SAFETY: the future is dropped in place and never moved out of the task once it was polled.
        let future = unsafe { Pin::new_unchecked(future) };
        // SAFETY: the task outlives the poll.
        let waker = unsafe { waker::borrowed(task) };
        future.poll(&mut Context::from_waker(&waker))
    }));
    match polled {
        Ok(Poll::Pending) => false,
        Ok(Poll::Ready(output)) => {
            replace(task, stage, Ok(output));
            true
        }
        Err(payload) => {
            replace(task, stage, Err(JoinError::panicked(id(task), payload)));
            true
        }
    }
}

/// See [`VTable::cancel`].
///
/// # Safety
///
/// On the home thread, task alive, not complete, not being polled.
unsafe fn cancel<F: Future>(task: TaskPtr) {
    // SAFETY: by contract.
    let stage = unsafe { stage::<F>(task) };
    replace(task, stage, Err(JoinError::cancelled(id(task))));
}

/// Drops the future in its place and puts `result` there; a panic of the future's destructor becomes the result.
fn replace<F: Future>(task: TaskPtr, stage: &mut Stage<F>, result: Result<F::Output, JoinError>) {
    if std::mem::needs_drop::<F>() {
        // Left `Consumed` first, so that a panic does not drop the future a second time.
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            let place: *mut Stage<F> = stage;
            if let Stage::Running(future) = stage {
                let future: *mut F = future;
                // SAFETY: the future is dropped once, in place, and its stage overwritten without being dropped again.
                unsafe {
                    let guard = Overwrite(place);
                    future.drop_in_place();
                    drop(guard);
                }
            }
        }));
        if let Err(payload) = dropped {
            *stage = Stage::Finished(Err(JoinError::panicked(id(task), payload)));
            crate::report::guard("an output's destructor", || drop(result));
            return;
        }
    }
    *stage = Stage::Finished(result);
}

/// Marks a stage as consumed without dropping what it held, on unwinding too.
struct Overwrite<F: Future>(*mut Stage<F>);

impl<F: Future> Drop for Overwrite<F> {
    fn drop(&mut self) {
        // SAFETY: `replace` made this from a valid place, whose contents it has dropped itself.
        unsafe { self.0.write(Stage::Consumed) };
    }
}

fn id(task: TaskPtr) -> u64 {
    // SAFETY: called for a task that the caller holds.
    unsafe { task.header() }.origin.id
}

/// See [`VTable::take_output`].
///
/// # Safety
///
/// The task is complete, the caller owns the output, and `slot` is writable as `Option<Result<F::Output, JoinError>>`.
unsafe fn take_output<F: Future>(task: TaskPtr, slot: *mut ()) {
    // SAFETY: by contract.
    unsafe {
        if let Stage::Finished(result) = std::mem::replace(stage::<F>(task), Stage::Consumed) {
            *slot.cast::<Option<Result<F::Output, JoinError>>>() = Some(result);
        }
    }
}

/// See [`VTable::drop_output`].
///
/// # Safety
///
/// The task is complete and the caller owns the output.
unsafe fn drop_output<F: Future>(task: TaskPtr) {
    // SAFETY: by contract.
    let stage = std::mem::replace(unsafe { stage::<F>(task) }, Stage::Consumed);
    let origin = || {
        // SAFETY: the caller holds the task.
        &unsafe { task.header() }.origin
    };
    match stage {
        Stage::Finished(Err(error)) => {
            crate::report::unobserved(origin(), &error);
            crate::report::guard("a panic's payload", || drop(error));
        }
        Stage::Finished(Ok(output)) => {
            if std::mem::needs_drop::<F::Output>()
                && let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(output)))
            {
                let error = JoinError::panicked(origin().id, payload);
                crate::report::unobserved(origin(), &error);
                crate::report::guard("a panic's payload", || drop(error));
            }
        }
        Stage::Running(_) | Stage::Consumed => {}
    }
}
