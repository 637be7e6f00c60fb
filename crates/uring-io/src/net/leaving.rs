//! Operations that lose nothing when they are dropped: what they come to is left with their socket.
//!
//! Dropping one cancels it, but the kernel may have done it all the same. So the socket is told at once that something may
//! come, and whoever is next waits for that:
//!
//! ```text
//! Leaving dropped ── Inbound::abandon ──▶ the next one waits
//! its last completion ── Operation::discard ── Fate::leave ── Inbound::end ──▶ the next one is woken, and finds it
//! ```

use std::future::Future;
use std::io;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use uring_engine::io_uring::squeue;
use uring_engine::{Completion, Engine, Operation, Started};

use crate::net::inbound::Inbound;

/// An operation in flight, of a socket of whose shared part it has a share, `S`.
pub(crate) struct Leaving<O: Operation, S: Deref<Target: Sized> + 'static, T: 'static> {
    op: Started<Heritable<O, S, T>>,
    shared: S,
    inbound: fn(&S::Target) -> &Inbound<T>,
}

/// What becomes of an output that nobody waits for.
pub(crate) struct Fate<S, O, T> {
    /// Where it goes.
    pub(crate) inbound: fn(&S) -> &Inbound<T>,
    /// What is left of it: something, or nothing that would not come again, or an error.
    pub(crate) leave: fn(&S, O) -> io::Result<Option<T>>,
}

impl<O: Operation, S: Deref<Target: Sized> + Clone, T> Leaving<O, S, T> {
    /// Begins it.
    pub(crate) fn new(
        engine: &Engine,
        shared: S,
        operation: O,
        fate: Fate<S::Target, O::Output, T>,
        cx: &Context<'_>,
    ) -> Self {
        let inbound = fate.inbound;
        let heritable = Heritable {
            operation,
            shared: shared.clone(),
            fate,
        };
        Self {
            op: engine.start(heritable, cx),
            shared,
            inbound,
        }
    }

    /// Asks the kernel to end it.
    pub(crate) fn cancel(&mut self) {
        self.op.cancel();
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.op.engine()
    }
}

// Nothing is pinned: operations move their payload into the engine.
impl<O: Operation, S: Deref<Target: Sized>, T> Unpin for Leaving<O, S, T> {}

impl<O: Operation, S: Deref<Target: Sized>, T> Future for Leaving<O, S, T> {
    type Output = O::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O::Output> {
        Pin::new(&mut self.op).poll(cx)
    }
}

impl<O: Operation, S: Deref<Target: Sized>, T> Drop for Leaving<O, S, T> {
    #[inline]
    fn drop(&mut self) {
        // Before the operation itself is dropped, which may end it at once.
        if self.op.is_pending() {
            (self.inbound)(&self.shared).abandon();
        }
    }
}

/// The operation as the engine has it: it shares the socket, so that it can leave there what nobody waits for.
struct Heritable<O: Operation, S: Deref<Target: Sized>, T> {
    operation: O,
    shared: S,
    fate: Fate<S::Target, O::Output, T>,
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<O: Operation, S: Deref<Target: Sized> + 'static, T: 'static> Operation
    for Heritable<O, S, T>
{
    type Output = O::Output;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        self.operation.entry()
    }

    #[inline]
    fn complete(self, completion: Completion) -> O::Output {
        self.operation.complete(completion)
    }

    fn discard(self, completion: Completion) {
        let output = self.operation.complete(completion);
        let left = (self.fate.leave)(&self.shared, output);
        (self.fate.inbound)(&self.shared).end(left);
    }
}
