//! Operations that may block a thread: one of the kernel's own, aside from the context's.

use uring_engine::io_uring::squeue;
use uring_engine::{Completion, Operation};

/// An operation, which one of the kernel's own threads runs if it has to.
pub(crate) struct Aside<O> {
    operation: O,
    blocks: bool,
}

impl<O> Aside<O> {
    /// `blocks`: without being tried at once, as the kernel would not wait then, or would wait where nothing interrupts it.
    #[inline]
    pub(crate) fn new(operation: O, blocks: bool) -> Self {
        Self { operation, blocks }
    }
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<O: Operation> Operation for Aside<O> {
    type Output = O::Output;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        let entry = self.operation.entry();
        if self.blocks {
            entry.flags(squeue::Flags::ASYNC)
        } else {
            entry
        }
    }

    #[inline]
    fn complete(self, completion: Completion) -> O::Output {
        self.operation.complete(completion)
    }

    fn discard(self, completion: Completion) {
        self.operation.discard(completion);
    }
}
