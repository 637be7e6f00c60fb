//! The handle of a one-shot operation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::completion::Completion;
use crate::engine::Engine;
use crate::inner::Inner;
use crate::operation::Operation;
use crate::slot::{Slot, State, VTable};

/// A one-shot operation: a future of its output.
///
/// Nothing happens before the first poll, which queues the operation; it reaches the kernel with the next
/// [`Engine::turn`]. Dropping the future before it resolved asks the kernel to cancel; the payload stays with the engine
/// until the kernel is done with it, and then goes to [`Operation::discard`]. A result that had already arrived goes
/// there too, at once.
///
/// # Panics
///
/// Polling panics after it has resolved.
#[must_use = "an operation does nothing unless polled"]
pub struct Op<O: Operation> {
    engine: Engine,
    stage: Stage<O>,
}

enum Stage<O> {
    Unsubmitted(O),
    Submitted(u32),
    Resolved,
}

// The payload moves into the engine at the first poll and is never pinned here.
impl<O: Operation> Unpin for Op<O> {}

impl<O: Operation> Op<O> {
    pub(crate) const VTABLE: &'static VTable = &VTable {
        discard: discard::<O>,
    };

    pub(crate) fn new(engine: Engine, operation: O) -> Op<O> {
        Op {
            engine,
            stage: Stage::Unsubmitted(operation),
        }
    }

    /// A handle of an operation that is already in a slot.
    pub(crate) fn submitted(engine: Engine, index: u32) -> Op<O> {
        Op {
            engine,
            stage: Stage::Submitted(index),
        }
    }

    /// Asks the kernel to cancel the operation. The future still resolves: with an error (`ECANCELED` as a rule) or,
    /// when the operation was faster, with its result. That way the buffer comes back. An operation that was not yet
    /// polled is not affected.
    pub fn cancel(&mut self) {
        if let Stage::Submitted(index) = self.stage {
            self.engine.inner().cancel_started(index);
        }
    }

    /// Takes the operation back, if it was never polled. Otherwise the future comes back as it was.
    ///
    /// # Errors
    ///
    /// The future, when the operation is under way or has resolved.
    pub fn withdraw(mut self) -> Result<O, Op<O>> {
        match std::mem::replace(&mut self.stage, Stage::Resolved) {
            Stage::Unsubmitted(operation) => Ok(operation),
            stage => {
                self.stage = stage;
                Err(self)
            }
        }
    }

    /// Tries to do the operation without the ring ([`Operation::at_once`]), if it was never polled. `None` leaves it as it
    /// was; an output resolves it.
    #[inline]
    pub fn attempt(&mut self) -> Option<O::Output> {
        if self.engine.inner().is_closed() {
            return None;
        }
        let Stage::Unsubmitted(operation) = &mut self.stage else {
            return None;
        };
        let completion = operation.at_once()?;
        match std::mem::replace(&mut self.stage, Stage::Resolved) {
            Stage::Unsubmitted(operation) => Some(operation.complete(completion)),
            Stage::Submitted(_) | Stage::Resolved => None,
        }
    }

    /// Whether the operation was queued or submitted and has not yet resolved.
    pub fn is_submitted(&self) -> bool {
        matches!(self.stage, Stage::Submitted(_))
    }

    /// The engine that runs it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The payload and the result of an operation in a slot, which is then free again.
///
/// # Safety
///
/// The slot holds an `O`, which the caller's handle put there and has not taken.
#[inline]
pub(crate) unsafe fn poll_result<O: Operation>(
    inner: &Inner,
    index: u32,
    context: &mut Context<'_>,
) -> Poll<(O, Completion)> {
    let slot = inner.table.slot(index);
    if slot.state.get() != State::Done {
        let replaced = slot.set_waker(context.waker());
        drop(replaced);
        // Cloning and dropping wakers is foreign code, which may have turned the engine.
        if slot.state.get() != State::Done {
            return Poll::Pending;
        }
    }
    // SAFETY: by contract.
    Poll::Ready(unsafe { take(inner, index, slot) })
}

/// Gives up the operation in a slot, or its result.
///
/// # Safety
///
/// As for [`poll_result`]; the handle does not come back to the slot.
pub(crate) unsafe fn let_go<O: Operation>(inner: &Inner, index: u32) {
    let slot = inner.table.slot(index);
    if slot.state.get() == State::Done {
        // SAFETY: by contract.
        let (operation, completion) = unsafe { take::<O>(inner, index, slot) };
        inner.counters.update(|stats| stats.discarded += 1);
        operation.discard(completion);
    } else {
        inner.abandon(index);
    }
}

/// Takes payload and result out of a finished slot and frees it.
///
/// # Safety
///
/// As for [`poll_result`].
#[inline]
unsafe fn take<O: Operation>(inner: &Inner, index: u32, slot: &Slot) -> (O, Completion) {
    debug_assert_eq!(slot.state.get(), State::Done);
    let completion = slot.completion.get();
    // SAFETY: by contract it is an `O`, and the slot is `Done`: the kernel has sent the last completion.
    let operation = unsafe { slot.take::<O>() };
    inner.table.release(index);
    (operation, completion)
}

/// # Safety
///
/// The slot holds an `O`, the kernel is done with it, and nobody else reaches it.
unsafe fn discard<O: Operation>(slot: &Slot, completion: Completion, _last: bool) {
    // SAFETY: passed on to the caller.
    unsafe { slot.take::<O>() }.discard(completion);
}

impl<O: Operation> Future for Op<O> {
    type Output = O::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<O::Output> {
        let this = &mut *self;
        if let Stage::Submitted(index) = this.stage {
            let inner = this.engine.inner();
            // SAFETY: this handle put an `O` there, and forgets the slot below.
            let (operation, completion) =
                ready!(unsafe { poll_result::<O>(inner, index, context) });
            this.stage = Stage::Resolved;
            return Poll::Ready(operation.complete(completion));
        }
        let Stage::Unsubmitted(operation) = std::mem::replace(&mut this.stage, Stage::Resolved)
        else {
            polled_after_end();
        };
        let inner = this.engine.inner();
        if inner.is_closed() {
            return Poll::Ready(operation.complete(Completion::CANCELLED));
        }
        let waker = context.waker().clone();
        let index = inner.start(operation, waker, State::Waiting, Self::VTABLE, O::entry);
        this.stage = Stage::Submitted(index);
        Poll::Pending
    }
}

#[cold]
pub(crate) fn polled_after_end() -> ! {
    panic!("an operation was polled after it had resolved");
}

impl<O: Operation> Drop for Op<O> {
    fn drop(&mut self) {
        if let Stage::Submitted(index) = self.stage {
            // SAFETY: this handle put an `O` there, and is gone now.
            unsafe { let_go::<O>(self.engine.inner(), index) };
        }
    }
}

impl<O: Operation> fmt::Debug for Op<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Unsubmitted(_) => "unsubmitted",
            Stage::Submitted(_) => "submitted",
            Stage::Resolved => "resolved",
        };
        f.debug_struct("Op")
            .field("stage", &stage)
            .finish_non_exhaustive()
    }
}
