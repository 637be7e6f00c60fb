//! Operations that succeed at once: when they are tried at all, and a limit on those in a row.
//!
//! A task whose operations never have to wait never gives way by itself. So a socket makes every so many of them wait
//! once, which lets the context's other tasks and its completions come in between.

use std::cell::Cell;
use std::task::{Context, Poll};

use uring_engine::Engine;

/// Whether what could be asked of the kernel at once goes through the ring, because there is something to go with it. Not where
/// there is no ring, and each operation is a system call of its own anyway.
#[inline]
pub(crate) fn prefers_ring(engine: &Engine) -> bool {
    (context::others_runnable() || engine.queued() > 0) && engine.has_ring()
}

/// Operations in a row that may succeed at once.
const MOST: u8 = 64;

/// The immediate successes left to a socket.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u8>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Cell::new(MOST))
    }

    /// Takes one. When there is none left: pending once, woken at once.
    #[inline]
    pub(crate) fn poll_spend(&self, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.0.get();
        if left == 0 {
            self.refill();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.0.set(left - 1);
        Poll::Ready(())
    }

    /// An operation had to wait, so others had their time.
    #[inline]
    pub(crate) fn refill(&self) {
        self.0.set(MOST);
    }
}
