//! Waiting for another value.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;

use super::{Receiver, Ref, Shared};
use crate::error::RecvError;
use crate::wait::{Left, Standing, leave, standing};

pin_project! {
    /// A wait for a value that a receiver has not seen. See [`Receiver::changed`].
    ///
    /// Dropping it has no other effect. Polled again when it was ready, it waits for another value.
    #[must_use = "futures do nothing unless polled"]
    pub struct Changed<'r, T> {
        receiver: &'r mut Receiver<T>,
        #[pin]
        waiter: Waiter,
    }

    impl<T> PinnedDrop for Changed<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.receiver.shared.stop_waiting(this.waiter.into_ref());
        }
    }
}

pin_project! {
    /// A wait for a value for which a predicate holds. See [`Receiver::wait_for`].
    ///
    /// Dropping it has no other effect; values that the predicate was shown count as seen. Polled again when it was ready, it
    /// waits for another value.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitFor<'r, T, P> {
        receiver: &'r mut Receiver<T>,
        predicate: P,
        // Whether the latest value that is known of is still to be shown to the predicate.
        is_new: bool,
        #[pin]
        waiter: Waiter,
    }

    impl<T, P> PinnedDrop for WaitFor<'_, T, P> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.receiver.shared.stop_waiting(this.waiter.into_ref());
        }
    }
}

impl<'r, T> Changed<'r, T> {
    #[inline]
    pub(super) fn new(receiver: &'r mut Receiver<T>) -> Changed<'r, T> {
        Changed {
            receiver,
            waiter: Waiter::new(),
        }
    }
}

impl<'r, T, P> WaitFor<'r, T, P> {
    pub(super) fn new(receiver: &'r mut Receiver<T>, predicate: P) -> WaitFor<'r, T, P> {
        WaitFor {
            receiver,
            predicate,
            is_new: true,
            waiter: Waiter::new(),
        }
    }
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.receiver.poll_changed(this.waiter.into_ref(), cx)
    }
}

impl<T, P: FnMut(&T) -> bool> Future for WaitFor<'_, T, P> {
    type Output = Result<Ref<T>, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let waiter = this.waiter.into_ref();
        loop {
            if *this.is_new {
                *this.is_new = false;
                let value = this.receiver.borrow_and_update();
                if (this.predicate)(&value) {
                    return Poll::Ready(Ok(value));
                }
            }
            ready!(this.receiver.poll_changed(waiter, cx))?;
            *this.is_new = true;
        }
    }
}

impl<T> Receiver<T> {
    /// Waits for a value that was not seen, and sees it.
    ///
    /// Whoever lets a waiter wait here calls [`stop_waiting`](Shared::stop_waiting) before the waiter goes away.
    #[inline]
    fn poll_changed(
        &mut self,
        waiter: Pin<&Waiter>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), RecvError>> {
        if let Standing::Waiting = standing(&self.shared.lock, waiter, cx) {
            return Poll::Pending;
        }
        match self.see() {
            Ok(false) => self.wait_for_change(waiter, cx),
            seen => Poll::Ready(seen.map(|_| ())),
        }
    }

    /// Sees the latest value; whether it was not seen before.
    #[inline]
    fn see(&mut self) -> Result<bool, RecvError> {
        let has_changed = self.has_changed()?;
        if has_changed {
            self.mark_unchanged();
        }
        Ok(has_changed)
    }

    /// Links the waiter, unless there is something to see after all.
    #[inline(never)]
    fn wait_for_change(
        &mut self,
        waiter: Pin<&Waiter>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), RecvError>> {
        // Declared before the lock is taken, so that it is dropped after it if there is no need to wait.
        let mut waker = Some(cx.waker().clone());
        let mut state = self.shared.lock();
        match self.has_changed() {
            Ok(false) => {
                // SAFETY: the waiter is idle and pinned; its owner unlinks it, as `poll_changed` asks. The state stays
                // where it is while futures borrow the channel.
                unsafe { state.until_changed.link(waiter, &mut waker, 0, false) };
                drop(state);
                Poll::Pending
            }
            changed => {
                drop(state);
                self.mark_unchanged();
                Poll::Ready(changed.map(|_| ()))
            }
        }
    }
}

impl<T> Shared<T> {
    /// Ends the wait of a receiver. All who wait are told of a change, so there is nothing to pass on.
    #[inline]
    fn stop_waiting(&self, waiter: Pin<&Waiter>) {
        let left = leave(&self.lock, waiter, |state| &mut state.until_changed);
        if let Left::List(state, waker) = left {
            drop(state);
            drop(waker);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed")
            .field("receiver", self.receiver)
            .finish()
    }
}

impl<T: fmt::Debug, P> fmt::Debug for WaitFor<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor")
            .field("receiver", self.receiver)
            .finish_non_exhaustive()
    }
}
