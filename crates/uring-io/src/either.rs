//! An operation that is one of two, chosen when it is made.

use uring_engine::io_uring::squeue;
use uring_engine::{Completion, Operation};

/// One of two operations with the same output.
pub(crate) enum Either<A, B> {
    One(A),
    Other(B),
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<A: Operation, B: Operation<Output = A::Output>> Operation for Either<A, B> {
    type Output = A::Output;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        match self {
            Self::One(operation) => operation.entry(),
            Self::Other(operation) => operation.entry(),
        }
    }

    #[inline]
    fn complete(self, completion: Completion) -> A::Output {
        match self {
            Self::One(operation) => operation.complete(completion),
            Self::Other(operation) => operation.complete(completion),
        }
    }

    fn discard(self, completion: Completion) {
        match self {
            Self::One(operation) => operation.discard(completion),
            Self::Other(operation) => operation.discard(completion),
        }
    }
}
