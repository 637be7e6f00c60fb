//! A wait for one notification.

#[cfg(any(feature = "std", loom))]
mod blocking;

use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{CondVar, ONE};
use crate::mutex::{Acquire, Guard};
use crate::queue::Token;
#[cfg(any(feature = "std", loom))]
pub use blocking::WaitTimeoutResult;

pin_project! {
    /// A wait for a notification of a [`CondVar`], with the lock of a mutex before and after.
    ///
    /// Dropping it ends the wait. Before the first poll that unlocks the mutex; later it is unlocked already. A notification
    /// of one that it had got goes to the next, even if it was already waiting for the mutex.
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'c, G: Guard> {
        condvar: &'c CondVar,
        stage: Stage<G>,
        // First its node is in the queue of the condition variable, then in that of the mutex.
        #[pin]
        acquire: Acquire,
    }

    impl<G: Guard> PinnedDrop for Wait<'_, G> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let stage = this.stage.take();
            let told = match &stage {
                Stage::Waiting(_) => this.condvar.leave(this.acquire.as_mut().waiter()),
                Stage::Locking(_, token) => Some(*token),
                Stage::Holding(_) | Stage::Done => None,
            };
            // Goes last, so that the next one finds the mutex unlocked; and even if a waker panics.
            let _pass_on = (told == Some(ONE)).then(|| PassOn(this.condvar));
            if let Stage::Locking(mutex, _) = &stage {
                G::raw(mutex).cancel(this.acquire);
            }
            drop(stage);
        }
    }
}

/// See the page of [`condvar`](super).
enum Stage<G: Guard> {
    Holding(G),
    Waiting(G::Mutex),
    Locking(G::Mutex, Token),
    Done,
}

struct PassOn<'c>(&'c CondVar);

impl<G: Guard> Stage<G> {
    fn take(&mut self) -> Stage<G> {
        mem::replace(self, Stage::Done)
    }
}

impl<'c, G: Guard> Wait<'c, G> {
    #[inline]
    pub(super) fn new(condvar: &'c CondVar, guard: G) -> Wait<'c, G> {
        Wait {
            condvar,
            stage: Stage::Holding(guard),
            acquire: Acquire::new(),
        }
    }

    /// The guard, before the wait has begun.
    pub(super) fn held(self: Pin<&mut Self>) -> Option<&mut G> {
        match self.project().stage {
            Stage::Holding(guard) => Some(guard),
            _ => None,
        }
    }

    /// Ends it before it has begun.
    pub(super) fn take_held(self: Pin<&mut Self>) -> Option<G> {
        let this = self.project();
        match this.stage.take() {
            Stage::Holding(guard) => Some(guard),
            other => {
                *this.stage = other;
                None
            }
        }
    }

    /// Begins another wait, after this one was ready.
    pub(super) fn hold(self: Pin<&mut Self>, guard: G) {
        *self.project().stage = Stage::Holding(guard);
    }
}

impl<G: Guard> Future for Wait<'_, G> {
    type Output = G;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let mut this = self.project();
        if let Stage::Holding(_) = this.stage {
            // It stands in line before it unlocks, and nobody can notify it before that. Should the waker's `clone` panic,
            // it still has the guard.
            let _pending = this.condvar.poll_told(this.acquire.as_mut().waiter(), cx);
            if let Stage::Holding(guard) = this.stage.take() {
                *this.stage = Stage::Waiting(G::into_mutex(guard));
            }
            if let Stage::Waiting(mutex) = this.stage {
                // SAFETY: the lock is that of the guard, which was taken apart and not dropped.
                unsafe { G::raw(mutex).unlock() };
            }
            return Poll::Pending;
        }
        if let Stage::Waiting(_) = this.stage {
            let token = ready!(this.condvar.poll_told(this.acquire.as_mut().waiter(), cx));
            if let Stage::Waiting(mutex) = this.stage.take() {
                *this.stage = Stage::Locking(mutex, token);
            }
        }
        if let Stage::Locking(mutex, _) = this.stage {
            ready!(G::raw(mutex).poll_lock(this.acquire, cx));
        }
        match this.stage.take() {
            // SAFETY: the poll two lines above says that the lock is now ours.
            Stage::Locking(mutex, _) => Poll::Ready(unsafe { G::from_locked(mutex) }),
            _ => panic!("polled after it was ready"),
        }
    }
}

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl<G: Guard> fmt::Debug for Wait<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("condvar", self.condvar)
            .finish_non_exhaustive()
    }
}
