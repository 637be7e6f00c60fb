//! Ending an operation before its time and learning how far it came.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of an operation's `cancel`: the kernel has been asked to end the operation, and this waits for its answer.
///
/// Resolves to what the operation came to, its buffer included. The operation may have been faster, and then this is its
/// result; else the error is `ECANCELED` (an operation that was never polled, or has not begun, ends so at once). A write
/// ends where the kernel stands: `Ok` is the number of bytes that went, whole or in part, and `ECANCELED` means none.
///
/// Cancel-safe: dropping it takes nothing back. A read loses no byte; a write stays ended, though nobody learns how many
/// bytes went; later operations come after it.
///
/// # Panics
///
/// Polling panics after it has resolved. `cancel` panics if the operation had resolved.
#[must_use = "futures do nothing unless polled"]
pub struct Cancel<F>(F);

/// A future that can be asked to end. Not to be implemented elsewhere.
pub trait Cancellable: sealed::Sealed {
    /// What it comes to.
    type Outcome;

    #[doc(hidden)]
    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome>;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

impl<F> Cancel<F> {
    /// Of an operation that has been asked to end.
    pub(crate) fn new(operation: F) -> Self {
        Self(operation)
    }
}

// Nothing is pinned: operations move their payload into the engine.
impl<F> Unpin for Cancel<F> {}

impl<F: Cancellable> Future for Cancel<F> {
    type Output = F::Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Outcome> {
        self.0.poll_cancelled(cx)
    }
}

impl<F> fmt::Debug for Cancel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").finish_non_exhaustive()
    }
}

/// The error of an operation that was cancelled before it did anything.
pub(crate) fn cancelled() -> std::io::Error {
    std::io::Error::from_raw_os_error(libc::ECANCELED)
}
