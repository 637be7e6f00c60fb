//! A wait for a condition.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{CondVar, Wait};
use crate::mutex::Guard;

pin_project! {
    /// A wait until a condition is false for the value of a mutex.
    ///
    /// Dropping it ends the wait. Before the first poll that unlocks the mutex; later it is unlocked already. A notification
    /// of one that it had got, and not looked at the value for, goes to the next.
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready. If the condition panics, the mutex is unlocked when the future is dropped.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitWhile<'c, G: Guard, F> {
        #[pin]
        wait: Wait<'c, G>,
        condition: F,
    }
}

impl<'c, G: Guard, F> WaitWhile<'c, G, F> {
    #[inline]
    pub(super) fn new(condvar: &'c CondVar, guard: G, condition: F) -> WaitWhile<'c, G, F> {
        WaitWhile {
            wait: condvar.wait(guard),
            condition,
        }
    }
}

impl<G: Guard, F: FnMut(&mut G::Target) -> bool> Future for WaitWhile<'_, G, F> {
    type Output = G;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let mut this = self.project();
        loop {
            if let Some(guard) = this.wait.as_mut().held()
                && !(this.condition)(&mut **guard)
                && let Some(guard) = this.wait.as_mut().take_held()
            {
                return Poll::Ready(guard);
            }
            // A wait that begins here is pending: the loop turns once at most.
            let guard = ready!(this.wait.as_mut().poll(cx));
            this.wait.as_mut().hold(guard);
        }
    }
}

impl<G: Guard, F> fmt::Debug for WaitWhile<'_, G, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitWhile")
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
