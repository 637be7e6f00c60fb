//! The future of a send.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::{Token, Waiter};

use super::buffer::Buffer;
use super::slot::Slot;
use super::state::{LOOK, SENT};
use super::wait::{Left, Standing};
use super::{Exchange, Form, Guard, Refused, wake_some};
use crate::error::SendError;

pin_project! {
    /// A send.
    ///
    /// Dropping it before it is ready takes the message back and drops it, if it still is with the sender; if it has entered
    /// the channel (or, with capacity 0, a receiver has taken it), it stays sent.
    /// [`cancel`](SendFuture::cancel) does the same and says which. Polled again when it was ready, it panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct SendFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        #[pin]
        offering: Offering<F::Item>,
    }

    impl<F: Form> PinnedDrop for SendFuture<'_, F> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.offering.holds {
                // What was sent is sent; what was not is dropped with the future.
                drop(this.exchange.withdraw(this.offering));
            }
        }
    }
}

pin_project! {
    /// A message that is still with its sender, and the sender's waiter.
    pub(crate) struct Offering<T> {
        // Whether the message is in the slot and the owner's. Means nothing while the waiter waits.
        holds: bool,
        #[pin]
        slot: Slot<T>,
        #[pin]
        waiter: Waiter,
    }
}

impl<'c, F: Form> SendFuture<'c, F> {
    #[inline]
    pub(crate) fn new(exchange: &'c Exchange<F>, message: F::Item) -> SendFuture<'c, F> {
        SendFuture {
            exchange,
            offering: Offering {
                holds: true,
                slot: Slot::full(message),
                waiter: Waiter::new(),
            },
        }
    }

    /// Ends the send, and hands the message back if it was not sent.
    ///
    /// `None` says that the message was sent, unless an earlier poll or cancel has handed it back.
    pub fn cancel(self: Pin<&mut Self>) -> Option<F::Item> {
        let this = self.project();
        this.exchange.withdraw(this.offering)
    }
}

impl<F: Form> Future for SendFuture<'_, F> {
    type Output = Result<(), SendError<F::Item>>;

    /// # Panics
    ///
    /// If it was ready before.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.exchange.poll_send(this.offering, cx)
    }
}

impl<F: Form> fmt::Debug for SendFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture")
            .field("channel", self.exchange)
            .finish()
    }
}

impl<T> Offering<T> {
    /// Nothing to offer yet.
    pub(crate) fn empty() -> Offering<T> {
        Offering {
            holds: false,
            slot: Slot::empty(),
            waiter: Waiter::new(),
        }
    }

    /// Whether there is a message in it that was not sent, or not known to be.
    pub(crate) fn holds(&self) -> bool {
        self.holds
    }

    /// Takes a message to be offered.
    ///
    /// # Panics
    ///
    /// If it holds one.
    pub(crate) fn put(self: Pin<&mut Self>, message: T) {
        assert!(!self.holds, "one message at a time");
        let this = self.project();
        *this.holds = true;
        // SAFETY: it holds none, so the waiter is not linked and the slot is its owner's.
        unsafe { this.slot.put(message) };
    }

    /// Takes the message back from a waiter that is not linked, unless it was sent.
    fn take_back(self: Pin<&mut Self>) -> Option<T> {
        let this = self.project();
        debug_assert!(this.waiter.is_idle(), "the slot is under the lock");
        // SAFETY: the waiter is not linked, so the slot is its owner's, and `holds` says whether something is in it.
        core::mem::take(this.holds).then(|| unsafe { this.slot.take() })
    }

    /// Takes note of what the sender was told: whether the message was sent.
    fn told(self: Pin<&mut Self>, token: Token) -> bool {
        let sent = token == SENT;
        *self.project().holds = !sent;
        sent
    }
}

impl<F: Form> Exchange<F> {
    /// Sends what is offered, or waits until it is taken.
    ///
    /// Whoever lets an offering wait here calls [`withdraw`](Exchange::withdraw) before it goes away.
    #[inline(always)]
    pub(crate) fn poll_send(
        &self,
        mut offering: Pin<&mut Offering<F::Item>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<F::Item>>> {
        let this = offering.as_mut().project();
        if !this.waiter.is_idle() {
            return self.poll_waiting_send(offering, cx);
        }
        assert!(*this.holds, "a send was polled after it was ready");
        // SAFETY: the waiter is not linked, and the slot holds the message; it is no more if it was put in.
        match unsafe { self.put_from(&this.slot) } {
            Ok(receiver) => {
                *this.holds = false;
                wake_some(receiver);
                Poll::Ready(Ok(()))
            }
            Err(refused) => self.poll_refused_send(offering, cx, refused),
        }
    }

    /// Waits for a place, which there is not.
    #[inline(never)]
    fn poll_refused_send(
        &self,
        mut offering: Pin<&mut Offering<F::Item>>,
        cx: &mut Context<'_>,
        refused: Refused,
    ) -> Poll<Result<(), SendError<F::Item>>> {
        if matches!(refused, Refused::Full) {
            let this = offering.as_mut().project();
            let (waiter, tag) = (this.waiter.into_ref(), this.slot.into_ref().tag());
            if let Some(state) = self.link_sender(waiter, tag, cx) {
                self.announce(state);
                return Poll::Pending;
            }
        }
        Poll::Ready(
            offering
                .take_back()
                .map_or(Ok(()), |message| Err(SendError(message))),
        )
    }

    #[inline(never)]
    fn poll_waiting_send(
        &self,
        mut offering: Pin<&mut Offering<F::Item>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<F::Item>>> {
        let waiter = offering.as_mut().project().waiter.into_ref();
        let Standing::Told(token) = self.standing(waiter, cx) else {
            return Poll::Pending;
        };
        offering.as_mut().told(token);
        Poll::Ready(
            offering
                .take_back()
                .map_or(Ok(()), |message| Err(SendError(message))),
        )
    }

    /// Lets a sender wait, linked with what it wants, and hands out the lock, under which
    /// [`announce`](Exchange::announce) is to follow; `None` if the channel is closed.
    pub(super) fn link_sender(
        &self,
        waiter: Pin<&Waiter>,
        want: usize,
        cx: &Context<'_>,
    ) -> Option<Guard<'_, F>> {
        // Declared before the lock is taken, so that it is dropped after it.
        let mut waker = Some(cx.waker().clone());
        let mut state = self.lock();
        if !state.open {
            drop(state);
            return None;
        }
        // SAFETY: the waiter is idle and pinned, and its owner unlinks it, as `poll_send` asks. The state stays where it
        // is while futures borrow the channel.
        unsafe { state.senders.link(waiter, &mut waker, want, false) };
        Some(state)
    }

    /// Lets others find what a sender wants that was linked.
    pub(super) fn announce<'c>(&'c self, mut state: Guard<'c, F>) {
        // A place may have come since the look at it. Then the sender gets it, and is woken, at once.
        if state.room() > 0 {
            self.settle(state);
            return;
        }
        let receiver = if state.buffer.len() == 0 && state.has_message() {
            state.receivers.notify_first(LOOK)
        } else {
            None
        };
        drop(state);
        wake_some(receiver);
    }

    /// Ends the wait of a sender; hands back the message if it was not sent.
    #[inline(never)]
    pub(crate) fn withdraw(&self, mut offering: Pin<&mut Offering<F::Item>>) -> Option<F::Item> {
        let waiter = offering.as_mut().project().waiter.into_ref();
        match self.leave(waiter, |state| &mut state.senders) {
            Left::Nothing => offering.take_back(),
            Left::Told(token) => {
                offering.as_mut().told(token);
                offering.take_back()
            }
            Left::List(state, waker) => {
                // Before any waker, which may panic.
                let message = offering.take_back();
                // Who stood behind may have a place now.
                self.settle(state);
                drop(waker);
                message
            }
        }
    }
}
