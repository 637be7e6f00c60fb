//! Waiting until there is something to receive, without taking it.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;

use super::wait::Standing;
use super::{Exchange, Form};

pin_project! {
    /// A wait until there is something to receive, or nothing will ever be.
    ///
    /// It takes nothing, and whoever is next in line is told as if it had not been there. Dropping it has no other effect.
    /// Polled again when it was ready, it waits again.
    #[must_use = "futures do nothing unless polled"]
    pub struct ReadyFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        #[pin]
        waiter: Waiter,
    }

    impl<F: Form> PinnedDrop for ReadyFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.exchange.leave_receivers(this.waiter.into_ref());
        }
    }
}

impl<'c, F: Form> ReadyFuture<'c, F> {
    pub(crate) fn new(exchange: &'c Exchange<F>) -> ReadyFuture<'c, F> {
        ReadyFuture {
            exchange,
            waiter: Waiter::new(),
        }
    }
}

impl<F: Form> Future for ReadyFuture<'_, F> {
    /// Whether there is a message; `false`: the channel is complete.
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = self.project();
        let (exchange, waiter) = (*this.exchange, this.waiter.into_ref());
        let told = match exchange.standing(waiter, cx) {
            Standing::Waiting => return Poll::Pending,
            Standing::Told(token) => Some(token),
            Standing::New => None,
        };
        let mut waker = Some(cx.waker().clone());
        let mut state = exchange.lock();
        let has_message = state.has_message();
        if !has_message && !state.is_complete() {
            told.into_iter().for_each(|token| state.keep_promise(token));
            // SAFETY: the waiter is idle and pinned, and unlinked from this list when the future is dropped. The state
            // stays where it is while futures borrow the channel.
            unsafe { state.receivers.link(waiter, &mut waker, 0, told.is_some()) };
            drop(state);
            return Poll::Pending;
        }
        drop(state);
        if let Some(token) = told {
            exchange.look_again(token);
        }
        Poll::Ready(has_message)
    }
}

impl<F: Form> fmt::Debug for ReadyFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyFuture")
            .field("channel", self.exchange)
            .finish()
    }
}
