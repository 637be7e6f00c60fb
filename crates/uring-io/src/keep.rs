//! Operations that keep something alive until the kernel is done with them.
//!
//! An entry names its descriptor by number. If the descriptor were closed while the entry still waits to be submitted, the
//! number could come to mean a stranger by then. So the operation owns a share of what it works on.

use uring_engine::io_uring::squeue;
use uring_engine::{Completion, Multishot, Operation};

/// An operation and what it needs to stay alive. Resolves to the operation's output and what was kept.
#[derive(Debug)]
pub struct Keep<O, K> {
    operation: O,
    kept: K,
}

impl<O, K> Keep<O, K> {
    #[inline]
    pub(crate) fn new(operation: O, kept: K) -> Self {
        Self { operation, kept }
    }

    /// What is kept.
    pub(crate) fn kept(&self) -> &K {
        &self.kept
    }
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address; what is kept is
// not touched.
unsafe impl<O: Operation, K: 'static> Operation for Keep<O, K> {
    type Output = (O::Output, K);

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        self.operation.entry()
    }

    #[inline]
    fn at_once(&mut self) -> Option<Completion> {
        self.operation.at_once()
    }

    #[inline]
    fn complete(self, completion: Completion) -> Self::Output {
        (self.operation.complete(completion), self.kept)
    }

    fn discard(self, completion: Completion) {
        self.operation.discard(completion);
    }
}

// SAFETY: as above.
unsafe impl<M: Multishot, K: 'static> Multishot for Keep<M, K> {
    type Item = M::Item;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        self.operation.entry()
    }

    #[inline]
    fn item(&mut self, completion: Completion) -> M::Item {
        self.operation.item(completion)
    }

    fn discard(&mut self, completion: Completion) {
        self.operation.discard(completion);
    }
}
