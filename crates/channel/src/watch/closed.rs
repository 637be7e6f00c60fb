//! Waiting until there is no receiver.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;

use super::Shared;
use crate::wait::{Left, Standing, leave, standing};

pin_project! {
    /// A wait until a [`watch`](super) channel has no receiver. See [`Sender::closed`](super::Sender::closed).
    ///
    /// Dropping it has no other effect. Polled again when it was ready, it waits again if there is a receiver again.
    #[must_use = "futures do nothing unless polled"]
    pub struct Closed<'s, T> {
        shared: &'s Shared<T>,
        #[pin]
        waiter: Waiter,
    }

    impl<T> PinnedDrop for Closed<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let left = leave(&this.shared.lock, this.waiter.into_ref(), |state| &mut state.until_closed);
            if let Left::List(state, waker) = left {
                drop(state);
                drop(waker);
            }
        }
    }
}

impl<'s, T> Closed<'s, T> {
    pub(super) fn new(shared: &'s Shared<T>) -> Closed<'s, T> {
        Closed {
            shared,
            waiter: Waiter::new(),
        }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let waiter = this.waiter.into_ref();
        match standing(&this.shared.lock, waiter, cx) {
            Standing::Waiting => return Poll::Pending,
            // There was none when it was told.
            Standing::Told(_) => return Poll::Ready(()),
            Standing::New => {}
        }
        // Declared before the lock is taken, so that it is dropped after it if there is no need to wait.
        let mut waker = Some(cx.waker().clone());
        let mut state = this.shared.lock();
        if state.receivers == 0 {
            drop(state);
            return Poll::Ready(());
        }
        // SAFETY: the waiter is idle and pinned, and is unlinked from this list when the future is dropped. The state
        // stays where it is while futures borrow the channel.
        unsafe { state.until_closed.link(waiter, &mut waker, 0, false) };
        drop(state);
        Poll::Pending
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
