//! The future of a send.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::{Waiter, WakeBatch};

use super::buffer::Buffer;
use super::offer::{Offer, OfferSlot};
use super::state::LOOK;
use super::wait::{Left, Standing};
use super::{Exchange, Form};
use crate::error::{SendError, TrySendError};

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
        offering: Offering<F>,
    }

    impl<F: Form> PinnedDrop for SendFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // What was sent is sent; what was not is dropped with the future.
            this.exchange.withdraw(this.offering.into_ref());
        }
    }
}

pin_project! {
    /// A sender's waiter, and what it offers.
    pub(crate) struct Offering<F: Form> {
        #[pin]
        slot: OfferSlot<F::Item>,
        #[pin]
        waiter: Waiter,
    }
}

impl<'c, F: Form> SendFuture<'c, F> {
    pub(crate) fn new(exchange: &'c Exchange<F>, value: F::Item) -> SendFuture<'c, F> {
        SendFuture {
            exchange,
            offering: Offering::new(Offer::Value(value)),
        }
    }

    /// Ends the send, and hands the message back if it was not sent.
    ///
    /// `None` says that the message was sent, by this future or by an earlier poll of it.
    pub fn cancel(self: Pin<&mut Self>) -> Option<F::Item> {
        let this = self.project();
        match this.exchange.withdraw(this.offering.into_ref()) {
            Offer::Value(value) => Some(value),
            Offer::Places(_) | Offer::Nothing => None,
        }
    }
}

impl<F: Form> Future for SendFuture<'_, F> {
    type Output = Result<(), SendError<F::Item>>;

    /// # Panics
    ///
    /// If it was ready before.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.exchange.poll_send(this.offering.into_ref(), cx)
    }
}

impl<F: Form> fmt::Debug for SendFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture")
            .field("channel", self.exchange)
            .finish()
    }
}

impl<F: Form> Offering<F> {
    pub(crate) fn new(offer: Offer<F::Item>) -> Offering<F> {
        Offering {
            slot: OfferSlot::new(offer),
            waiter: Waiter::new(),
        }
    }

    /// Takes the offer back, or makes another one, for its owner.
    ///
    /// # Panics
    ///
    /// If the waiter waits.
    pub(crate) fn replace(self: Pin<&Self>, offer: Offer<F::Item>) -> Offer<F::Item> {
        assert!(self.waiter.is_idle(), "the offer is under the lock");
        // SAFETY: the waiter is not linked, and this is its owner, who alone has it pinned.
        unsafe { self.slot.replace(offer) }
    }
}

impl<F: Form> Exchange<F> {
    /// Sends what is offered, or waits until it is taken.
    ///
    /// Whoever lets an offering wait here calls [`withdraw`](Exchange::withdraw) before it goes away.
    #[inline]
    pub(crate) fn poll_send(
        &self,
        offering: Pin<&Offering<F>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<F::Item>>> {
        match self.standing(offering.waiter(), cx) {
            Standing::Waiting => return Poll::Pending,
            Standing::Told(_) => {
                return Poll::Ready(match offering.replace(Offer::Nothing) {
                    Offer::Value(value) => Err(SendError(value)),
                    Offer::Places(_) | Offer::Nothing => Ok(()),
                });
            }
            Standing::New => {}
        }
        let Offer::Value(value) = offering.replace(Offer::Nothing) else {
            panic!("a send was polled after it was ready");
        };
        match self.try_send(value) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(TrySendError::Closed(value)) => Poll::Ready(Err(SendError(value))),
            Err(TrySendError::Full(value)) => {
                offering.replace(Offer::Value(value));
                self.wait_to_send(offering, cx)
            }
        }
    }

    /// Links the waiter, unless the channel is closed.
    fn wait_to_send(
        &self,
        offering: Pin<&Offering<F>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<F::Item>>> {
        match self.offer(offering, cx) {
            Ok(()) => Poll::Pending,
            Err(Offer::Value(value)) => Poll::Ready(Err(SendError(value))),
            Err(_) => unreachable!("the offer is a message"),
        }
    }

    /// Lets an offering wait; hands the offer back if the channel is closed.
    pub(crate) fn offer(
        &self,
        offering: Pin<&Offering<F>>,
        cx: &mut Context<'_>,
    ) -> Result<(), Offer<F::Item>> {
        // Declared before the lock is taken, so that they are woken or dropped after it.
        let mut waker = Some(cx.waker().clone());
        let mut wakes = WakeBatch::new();
        let mut state = self.lock();
        if !state.open {
            drop(state);
            return Err(offering.replace(Offer::Nothing));
        }
        let (waiter, slot) = (offering.waiter(), offering.project_ref().slot);
        // SAFETY: the waiter is idle and pinned, and its owner unlinks it, as `poll_send` asks. The state stays where it is
        // while futures borrow the channel.
        unsafe {
            let list = &mut state.senders;
            list.link(waiter, &mut waker, slot.tag(), false);
        }
        waiter.remember_stored(cx.waker());
        if state.buffer.len() == 0 {
            wakes.push_some(state.receivers.notify_first(LOOK));
        }
        // A place may have come since the look at it. Then the offer is taken, and this waiter woken, at once.
        if state.room() > 0 {
            self.settle(state, &mut wakes);
        }
        Ok(())
    }

    /// Ends the wait of a sender; hands out what it still has to offer.
    #[inline]
    pub(crate) fn withdraw(&self, offering: Pin<&Offering<F>>) -> Offer<F::Item> {
        match self.leave(offering.waiter(), |state| &mut state.senders) {
            Left::Nothing | Left::Told(_) => {}
            Left::List(state, waker) => {
                // Who stood behind may have a place now.
                self.settle(state, &mut WakeBatch::new());
                drop(waker);
            }
        }
        offering.replace(Offer::Nothing)
    }
}

impl<F: Form> Offering<F> {
    /// Whether it neither waits nor was told something.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiter.is_idle()
    }

    pub(super) fn waiter(self: Pin<&Self>) -> Pin<&Waiter> {
        self.project_ref().waiter
    }
}
