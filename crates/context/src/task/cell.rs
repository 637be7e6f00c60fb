//! A task's memory: header, then the future, whose place the output takes.
//!
//! Which of the two is there is not written beside them, as the protocol knows: the future until the home thread completes
//! the task, the output from then on, nothing once the output's owner has taken or dropped it.

use std::cell::UnsafeCell;
use std::future::Future;
use std::mem::{ManuallyDrop, offset_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::error::JoinError;
use super::extras;
use super::header::{Header, Origin, TaskPtr, VTable};

use super::memory::Block;
use super::state::Shared;
use super::traced::Wakers;
use super::waker;
use crate::core::Core;
use crate::report;

/// What the place behind the header holds. `repr(C)`, so that both begin where it does.
#[repr(C)]
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

#[repr(C)]
struct TaskCell<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

/// The memory that an `F` task takes.
pub(crate) const fn block<F: Future>() -> Block {
    Block::of::<TaskCell<F>>()
}

/// The functions of an `F` task whose polls are observed.
pub(crate) const fn observed<F: Future>() -> &'static VTable {
    Functions::<F>::OBSERVED
}

/// Makes a task of `future` in `memory`. Whose it is then, the flags and the shared word say.
///
/// # Safety
///
/// `memory` is fresh, and of [`block::<F>`](block).
#[inline]
pub(crate) unsafe fn make<F: Future>(
    memory: NonNull<u8>,
    future: F,
    core: NonNull<Core>,
    flags: u32,
    shared: Shared,
    origin: Origin,
) -> TaskPtr {
    let cell = memory.cast::<TaskCell<F>>();
    let stage = Stage {
        future: ManuallyDrop::new(future),
    };
    // SAFETY: the memory is that of a `TaskCell<F>` at least. Written in two parts so that the future is moved straight to its
    // place.
    unsafe {
        (&raw mut (*cell.as_ptr()).header).write(Header::new(
            Functions::<F>::VTABLE,
            core,
            flags,
            shared,
            origin,
        ));
        (&raw mut (*cell.as_ptr()).stage).write(UnsafeCell::new(stage));
    }
    TaskPtr(cell.cast())
}

/// Takes the future back out of a task that was never handed to a context.
///
/// # Safety
///
/// `task` was made by [`make`] with this `F`, nothing else refers to it, and it was never polled.
pub(crate) unsafe fn take_back<F: Future>(task: TaskPtr) -> F {
    // SAFETY: by contract the future is in place, and nobody looks at it again.
    unsafe { ManuallyDrop::take(&mut stage::<F>(task).future) }
}

/// Takes the output out of a complete task.
///
/// # Safety
///
/// The task is complete, its output is a `T` and is there, and the caller owns it.
#[inline]
pub(crate) unsafe fn take_output<T>(task: TaskPtr) -> Result<T, JoinError> {
    // SAFETY: by contract; the offset is that of the stage, all of whose fields start where it does.
    unsafe {
        let offset = task.header().vtable.output_offset;
        task.0
            .cast::<Result<T, JoinError>>()
            .byte_add(offset)
            .read()
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
        drop_output: drop_output::<F>,
        output_offset: offset_of!(TaskCell<F>, stage),
        future: std::any::type_name::<F>,
        unobserved: None,
        block: block::<F>(),
    };

    /// As `VTABLE`, for a task whose polls are observed: the others pay nothing for it.
    const OBSERVED: &'static VTable = &VTable {
        poll: extras::poll,
        cancel: extras::cancel,
        unobserved: Some(Self::VTABLE),
        ..*Self::VTABLE
    };
}

/// See [`VTable::poll`].
///
/// # Safety
///
/// On the home thread, task alive and not complete.
unsafe fn poll<F: Future>(task: TaskPtr, wakers: Wakers) -> bool {
    let polled = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: until completion the future is in its place, the home thread has it to itself, and it is dropped there and
        // never moved.
        let future = unsafe { Pin::new_unchecked(&mut *stage::<F>(task).future) };
        // SAFETY: the task outlives the poll.
        let waker = unsafe { waker::borrowed(task, wakers) };
        future.poll(&mut Context::from_waker(&waker))
    }));
    let output = match polled {
        Ok(Poll::Pending) => return false,
        Ok(Poll::Ready(output)) => Ok(output),
        Err(payload) => Err(JoinError::panicked(id(task), payload)),
    };
    // SAFETY: as above.
    unsafe { replace::<F>(task, output) };
    true
}

/// See [`VTable::cancel`].
///
/// # Safety
///
/// On the home thread, task alive, not complete, not being polled.
unsafe fn cancel<F: Future>(task: TaskPtr) {
    // SAFETY: by contract.
    unsafe { replace::<F>(task, Err(JoinError::cancelled(id(task)))) };
}

/// Drops the future in its place and puts `output` there; a panic of the future's destructor becomes the output.
///
/// # Safety
///
/// The future is in its place and the caller has it to itself.
#[inline]
unsafe fn replace<F: Future>(task: TaskPtr, output: Result<F::Output, JoinError>) {
    // SAFETY: by contract.
    let stage = unsafe { stage::<F>(task) };
    if std::mem::needs_drop::<F>() {
        // SAFETY: dropped once, and overwritten below, whether the destructor panics or not.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe {
            ManuallyDrop::drop(&mut stage.future);
        }));
        if let Err(payload) = dropped {
            stage.output = ManuallyDrop::new(Err(JoinError::panicked(id(task), payload)));
            report::guard("an output's destructor", || drop(output));
            return;
        }
    }
    stage.output = ManuallyDrop::new(output);
}

fn id(task: TaskPtr) -> u64 {
    // SAFETY: called for a task that the caller holds.
    unsafe { task.header() }.origin.id
}

/// See [`VTable::drop_output`].
///
/// # Safety
///
/// The task is complete, its output is there, and the caller owns it.
unsafe fn drop_output<F: Future>(task: TaskPtr) {
    // SAFETY: by contract.
    let output = unsafe { take_output::<F::Output>(task) };
    let unobserved = |error: JoinError| {
        // SAFETY: the caller holds the task.
        report::unobserved(unsafe { &task.header().origin }, &error);
        report::guard("a panic's payload", || drop(error));
    };
    match output {
        Err(error) => unobserved(error),
        Ok(output) => {
            if std::mem::needs_drop::<F::Output>()
                && let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(output)))
            {
                unobserved(JoinError::panicked(id(task), payload));
            }
        }
    }
}
