//! The waits for permits.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use crate::queue::Waiter;

const POLLED_AGAIN: &str = "a wait for permits was polled again after it had ended";

pin_project! {
    /// A wait for permits of a [`Semaphore`].
    ///
    /// It has its place in line from the first poll on. Dropping it leaves the line; permits that it had been granted
    /// already go to the next. Polled again when it was ready, it panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct Acquire<'s> {
        // Gone when the wait has ended.
        semaphore: Option<&'s Semaphore>,
        permits: usize,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Acquire<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(semaphore) = this.semaphore.take() {
                semaphore.raw.cancel(this.waiter, *this.permits);
            }
        }
    }
}

pin_project! {
    /// As [`Acquire`], and keeps the semaphore alive.
    #[must_use = "futures do nothing unless polled"]
    pub struct AcquireOwned {
        // Gone when the wait has ended.
        semaphore: Option<Arc<Semaphore>>,
        permits: usize,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for AcquireOwned {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(semaphore) = this.semaphore.take() {
                semaphore.raw.cancel(this.waiter, *this.permits);
            }
        }
    }
}

impl<'s> Acquire<'s> {
    #[inline]
    pub(super) fn new(semaphore: &'s Semaphore, permits: usize) -> Acquire<'s> {
        Acquire {
            semaphore: Some(semaphore),
            permits,
            waiter: Waiter::new(),
        }
    }
}

impl AcquireOwned {
    #[inline]
    pub(super) fn new(semaphore: Arc<Semaphore>, permits: usize) -> AcquireOwned {
        AcquireOwned {
            semaphore: Some(semaphore),
            permits,
            waiter: Waiter::new(),
        }
    }
}

impl<'s> Future for Acquire<'s> {
    type Output = Result<SemaphorePermit<'s>, AcquireError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let semaphore = this.semaphore.expect(POLLED_AGAIN);
        let permits = *this.permits;
        let result = ready!(semaphore.raw.poll_acquire(this.waiter, permits, cx));
        *this.semaphore = None;
        Poll::Ready(result.map(|()| SemaphorePermit::new(semaphore, permits)))
    }
}

impl Future for AcquireOwned {
    type Output = Result<OwnedSemaphorePermit, AcquireError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let permits = *this.permits;
        let semaphore = this.semaphore.as_deref().expect(POLLED_AGAIN);
        let result = ready!(semaphore.raw.poll_acquire(this.waiter, permits, cx));
        let semaphore = this.semaphore.take().expect(POLLED_AGAIN);
        Poll::Ready(result.map(|()| OwnedSemaphorePermit::new(semaphore, permits)))
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("semaphore", &self.semaphore)
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AcquireOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireOwned")
            .field("semaphore", &self.semaphore)
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}
