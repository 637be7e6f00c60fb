//! The future of a receive.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::{Token, Waiter};

use super::state::Taken;
use super::wait::{Left, Standing};
use super::{Exchange, Form};
use crate::error::RecvError;

pin_project! {
    /// A receive.
    ///
    /// Dropping it loses no message: until it is ready, the message is in the channel or with its sender. If the receive had
    /// been notified, the next one is. Polled again when it was ready, it receives another message.
    #[must_use = "futures do nothing unless polled"]
    pub struct RecvFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        #[pin]
        waiter: Waiter,
    }

    impl<F: Form> PinnedDrop for RecvFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.exchange.leave_receivers(this.waiter.into_ref());
        }
    }
}

impl<'c, F: Form> RecvFuture<'c, F> {
    #[inline]
    pub(crate) fn new(exchange: &'c Exchange<F>) -> RecvFuture<'c, F> {
        RecvFuture {
            exchange,
            waiter: Waiter::new(),
        }
    }
}

impl<F: Form> Future for RecvFuture<'_, F> {
    type Output = Result<F::Item, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let taken = this.exchange.poll_take(this.waiter.into_ref(), cx);
        taken.map(|taken| taken.ok_or(RecvError))
    }
}

impl<F: Form> fmt::Debug for RecvFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture")
            .field("channel", self.exchange)
            .finish()
    }
}

impl<F: Form> Exchange<F> {
    /// Takes a message, or waits for one; `None`: nothing will ever come.
    ///
    /// Whoever lets a waiter wait here calls [`leave_receivers`](Exchange::leave_receivers) before the waiter goes away.
    #[inline(always)]
    pub(crate) fn poll_take(
        &self,
        waiter: Pin<&Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<F::Item>> {
        if !waiter.is_idle() {
            return self.poll_waiting_take(waiter, cx);
        }
        match self.take() {
            Taken::Value(value) => Poll::Ready(Some(value)),
            Taken::Complete => Poll::Ready(None),
            Taken::Empty => self.wait_to_take(waiter, cx, false),
        }
    }

    #[inline(never)]
    fn poll_waiting_take(
        &self,
        waiter: Pin<&Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<F::Item>> {
        let Standing::Told(token) = self.standing(waiter, cx) else {
            return Poll::Pending;
        };
        let mut state = self.lock();
        state.keep_promise(token);
        match self.take_from(state) {
            Some(Taken::Value(value)) => Poll::Ready(Some(value)),
            Some(Taken::Complete) => Poll::Ready(None),
            // Another one was faster. Who was told has its place in front of those who were not.
            Some(Taken::Empty) | None => self.wait_to_take(waiter, cx, true),
        }
    }

    /// Links the waiter, unless there is something to take after all.
    #[inline(never)]
    fn wait_to_take(
        &self,
        waiter: Pin<&Waiter>,
        cx: &mut Context<'_>,
        in_front: bool,
    ) -> Poll<Option<F::Item>> {
        // Declared before the lock is taken, so that it is dropped after it if there is no need to wait.
        let mut waker = Some(cx.waker().clone());
        loop {
            let mut state = self.lock();
            if !state.has_message() && !state.is_complete() {
                // SAFETY: the waiter is idle and pinned; its owner unlinks it, as `poll_take` asks. The state stays where
                // it is while futures borrow the channel.
                unsafe { state.receivers.link(waiter, &mut waker, 0, in_front) };
                drop(state);
                return Poll::Pending;
            }
            match self.take_from(state) {
                Some(Taken::Value(value)) => return Poll::Ready(Some(value)),
                Some(Taken::Complete) => return Poll::Ready(None),
                Some(Taken::Empty) | None => {}
            }
        }
    }

    /// Ends the wait of a receiver; a notification goes to the next one.
    #[inline]
    pub(crate) fn leave_receivers(&self, waiter: Pin<&Waiter>) {
        if !waiter.is_idle() {
            self.stop_receiving(waiter);
        }
    }

    #[inline(never)]
    fn stop_receiving(&self, waiter: Pin<&Waiter>) {
        match self.leave(waiter, |state| &mut state.receivers) {
            Left::Nothing => {}
            Left::Told(token) => self.look_again(token),
            Left::List(state, waker) => {
                drop(state);
                drop(waker);
            }
        }
    }

    /// Somebody who was told to look took nothing: lets another one look.
    #[cold]
    pub(super) fn look_again(&self, token: Token) {
        let mut state = self.lock();
        state.keep_promise(token);
        let next = state.notify_of_rest();
        // In an eager channel, there may be less room now, and never more: nobody else has to be told.
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}
