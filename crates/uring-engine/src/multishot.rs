//! The handle of a multishot operation.

use std::fmt;
use std::task::{Context, Poll};

use crate::completion::Completion;
use crate::engine::Engine;
use crate::inner::Inner;
use crate::operation::Multishot;
use crate::slot::{NONE, Slot, State, VTable};

/// A multishot operation: a stream of items.
///
/// Nothing happens before the first [`poll_next`](MultishotOp::poll_next). Items queue up in order while nobody asks;
/// the waker is woken once per batch. The stream ends when the kernel ends the operation (an error, a full completion
/// queue, no more buffers); the last item says why. Dropping the handle asks the kernel to cancel; items that were
/// queued or that still come go to [`Multishot::discard`].
#[must_use = "an operation does nothing unless polled"]
pub struct MultishotOp<M: Multishot> {
    engine: Engine,
    stage: Stage<M>,
}

enum Stage<M> {
    Unsubmitted(M),
    /// In this slot; in `NONE` once it has ended and every item was taken.
    Submitted(u32),
}

// The payload moves into the engine at the first poll and is never pinned here.
impl<M: Multishot> Unpin for MultishotOp<M> {}

impl<M: Multishot> MultishotOp<M> {
    pub(crate) const VTABLE: &'static VTable = &VTable {
        discard: discard::<M>,
    };

    pub(crate) fn new(engine: Engine, operation: M) -> MultishotOp<M> {
        MultishotOp {
            engine,
            stage: Stage::Unsubmitted(operation),
        }
    }

    /// The next item; `None` after the kernel has ended the operation and every item was taken.
    ///
    /// Cancel-safe: an item is either returned or still queued.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<M::Item>> {
        loop {
            match &mut self.stage {
                Stage::Submitted(index) => {
                    // SAFETY: this handle put an `M` there, and is borrowed exclusively.
                    return unsafe { poll_item::<M>(self.engine.inner(), index, context) };
                }
                Stage::Unsubmitted(_) => self.submit(context),
            }
        }
    }

    /// The next item, as a future. Cancel-safe, as [`poll_next`](MultishotOp::poll_next).
    pub async fn next(&mut self) -> Option<M::Item> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Asks the kernel to end the operation. Items that have arrived can still be taken; the last one carries the
    /// error `ECANCELED` unless something else ended it first. An operation that was not yet polled is not affected.
    pub fn cancel(&mut self) {
        if let Stage::Submitted(index) = self.stage {
            self.engine.inner().cancel_started(index);
        }
    }

    /// The engine that runs it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    fn submit(&mut self, context: &mut Context<'_>) {
        let waker = context.waker().clone();
        let Stage::Unsubmitted(operation) =
            std::mem::replace(&mut self.stage, Stage::Submitted(NONE))
        else {
            return;
        };
        let inner = self.engine.inner();
        if inner.is_closed() {
            return;
        }
        let index = inner.start(operation, waker, State::Stream, Self::VTABLE, M::entry);
        self.stage = Stage::Submitted(index);
    }
}

/// The next item of the multishot operation in slot `index`. When it has ended and every item was taken, the slot is free again,
/// and `index` is `NONE`.
///
/// # Safety
///
/// The slot, if it is one, holds an `M`, which the caller's handle put there. The caller has that handle to itself, and knows
/// its slot by `index` alone.
#[inline]
pub(crate) unsafe fn poll_item<M: Multishot>(
    inner: &Inner,
    index: &mut u32,
    context: &mut Context<'_>,
) -> Poll<Option<M::Item>> {
    if *index == NONE {
        return Poll::Ready(None);
    }
    let slot = inner.table.slot(*index);
    loop {
        if let Some(completion) = inner.table.dequeue(slot) {
            // SAFETY: by contract it is an `M`, and no other reference to it exists; the kernel only uses what it points at.
            let operation = unsafe { &mut *slot.payload::<M>() };
            return Poll::Ready(Some(operation.item(completion)));
        }
        if slot.state.get() == State::Ended {
            // SAFETY: by contract, and the kernel has sent the last completion.
            let operation = unsafe { slot.take::<M>() };
            inner.table.release(std::mem::replace(index, NONE));
            drop(operation);
            return Poll::Ready(None);
        }
        let replaced = slot.set_waker(context.waker());
        drop(replaced);
        // Cloning and dropping wakers is foreign code, which may have turned the engine.
        if slot.state.get() == State::Stream && slot.link.get() == NONE {
            return Poll::Pending;
        }
    }
}

/// Gives up the multishot operation in a slot, if it is one, and the items that nobody has taken.
///
/// # Safety
///
/// As for [`poll_item`]; the handle does not come back to the slot.
pub(crate) unsafe fn let_go<M: Multishot>(inner: &Inner, index: u32) {
    if index == NONE {
        return;
    }
    let slot = inner.table.slot(index);
    while let Some(completion) = inner.table.dequeue(slot) {
        inner.counters.update(|stats| stats.discarded += 1);
        // SAFETY: by contract it is an `M`, and no other reference to it exists.
        unsafe { &mut *slot.payload::<M>() }.discard(completion);
    }
    if slot.state.get() == State::Ended {
        // SAFETY: as above, and the kernel has sent the last completion.
        let operation = unsafe { slot.take::<M>() };
        inner.table.release(index);
        drop(operation);
    } else {
        inner.abandon(index);
    }
}

/// # Safety
///
/// The slot holds an `M` that nobody else reaches; if `last`, the kernel is done with it.
unsafe fn discard<M: Multishot>(slot: &Slot, completion: Completion, last: bool) {
    if last {
        // SAFETY: passed on to the caller.
        let mut operation = unsafe { slot.take::<M>() };
        operation.discard(completion);
    } else {
        // SAFETY: passed on to the caller.
        unsafe { &mut *slot.payload::<M>() }.discard(completion);
    }
}

impl<M: Multishot> Drop for MultishotOp<M> {
    fn drop(&mut self) {
        if let Stage::Submitted(index) = self.stage {
            // SAFETY: this handle put an `M` there, and is gone now.
            unsafe { let_go::<M>(self.engine.inner(), index) };
        }
    }
}

impl<M: Multishot> fmt::Debug for MultishotOp<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Unsubmitted(_) => "unsubmitted",
            Stage::Submitted(NONE) => "ended",
            Stage::Submitted(_) => "submitted",
        };
        f.debug_struct("MultishotOp")
            .field("stage", &stage)
            .finish_non_exhaustive()
    }
}
