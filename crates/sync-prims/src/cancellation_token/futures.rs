//! The waits for a cancellation.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::CancellationToken;
use crate::queue::Waiter;

pin_project! {
    /// A wait for a [`CancellationToken`] to be cancelled.
    ///
    /// Dropping it ends the wait. Polled again when it was ready, it is ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct Cancelled<'t> {
        token: &'t CancellationToken,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Cancelled<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.token.node().end_wait(this.waiter);
        }
    }
}

pin_project! {
    /// As [`Cancelled`], and keeps the token.
    #[must_use = "futures do nothing unless polled"]
    pub struct OwnedCancelled {
        token: CancellationToken,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for OwnedCancelled {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.token.node().end_wait(this.waiter);
        }
    }
}

pin_project! {
    /// A future that runs until a [`CancellationToken`] is cancelled.
    ///
    /// Dropping it drops the future in it. Polled again when it was ready, it panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct RunUntilCancelled<'t, F> {
        #[pin]
        cancelled: Cancelled<'t>,
        // Gone when it has ended.
        #[pin]
        future: Option<F>,
    }
}

pin_project! {
    /// As [`RunUntilCancelled`], and keeps the token.
    #[must_use = "futures do nothing unless polled"]
    pub struct RunUntilCancelledOwned<F> {
        #[pin]
        cancelled: OwnedCancelled,
        // Gone when it has ended.
        #[pin]
        future: Option<F>,
    }
}

impl<'t> Cancelled<'t> {
    #[inline]
    pub(super) fn new(token: &'t CancellationToken) -> Cancelled<'t> {
        Cancelled {
            token,
            waiter: Waiter::new(),
        }
    }
}

impl OwnedCancelled {
    #[inline]
    pub(super) fn new(token: CancellationToken) -> OwnedCancelled {
        OwnedCancelled {
            token,
            waiter: Waiter::new(),
        }
    }
}

impl<'t, F> RunUntilCancelled<'t, F> {
    #[inline]
    pub(super) fn new(token: &'t CancellationToken, future: F) -> RunUntilCancelled<'t, F> {
        RunUntilCancelled {
            cancelled: Cancelled::new(token),
            future: Some(future),
        }
    }
}

impl<F> RunUntilCancelledOwned<F> {
    #[inline]
    pub(super) fn new(token: CancellationToken, future: F) -> RunUntilCancelledOwned<F> {
        RunUntilCancelledOwned {
            cancelled: OwnedCancelled::new(token),
            future: Some(future),
        }
    }
}

impl Future for Cancelled<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.token.node().poll_cancelled(this.waiter, cx)
    }
}

impl Future for OwnedCancelled {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.token.node().poll_cancelled(this.waiter, cx)
    }
}

impl<F: Future> Future for RunUntilCancelled<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_both(this.cancelled, this.future, cx)
    }
}

impl<F: Future> Future for RunUntilCancelledOwned<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_both(this.cancelled, this.future, cx)
    }
}

fn poll_both<F: Future>(
    cancelled: Pin<&mut impl Future<Output = ()>>,
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Poll<Option<F::Output>> {
    let running = future
        .as_mut()
        .as_pin_mut()
        .expect("a future that ran until a cancellation was polled again after it had ended");
    let output = match cancelled.poll(cx) {
        Poll::Ready(()) => None,
        Poll::Pending => Some(ready!(running.poll(cx))),
    };
    future.set(None);
    Poll::Ready(output)
}

impl fmt::Debug for Cancelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled")
            .field("token", self.token)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedCancelled")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for RunUntilCancelled<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntilCancelled")
            .field("token", self.cancelled.token)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for RunUntilCancelledOwned<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntilCancelledOwned")
            .field("token", &self.cancelled.token)
            .finish_non_exhaustive()
    }
}
