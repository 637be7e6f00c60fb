//! A send whose message stays with its owner if it is not sent; alone, or as one of several things that are waited for.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;

use super::slot::{Claim, ContestedSlot};
use super::state::{LOST, SENT};
use super::wait::{Left, Standing};
use super::{Exchange, Form, Refused, wake_some};
use crate::error::SendError;

pin_project! {
    /// A send out of an [`Option`].
    ///
    /// However it ends, the option says what became of the message: it is there, and was not sent, or it was sent. Dropping the
    /// future puts it back unless it was sent. Polled again when it was ready, it panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct SendFromFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        from: &'c mut Option<F::Item>,
        // Whether the message was taken out of the option, and is in the slot unless it was sent.
        holds: bool,
        // Whether it was linked and not announced since.
        is_news: bool,
        #[pin]
        slot: ContestedSlot<F::Item>,
        #[pin]
        waiter: Waiter,
    }

    impl<F: Form> PinnedDrop for SendFromFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            this.withdraw();
        }
    }
}

type Sent = Result<(), SendError<()>>;

impl<'c, F: Form> SendFromFuture<'c, F> {
    pub(crate) fn new(
        exchange: &'c Exchange<F>,
        from: &'c mut Option<F::Item>,
    ) -> SendFromFuture<'c, F> {
        SendFromFuture {
            exchange,
            from,
            holds: false,
            is_news: false,
            slot: ContestedSlot::empty(),
            waiter: Waiter::new(),
        }
    }

    /// Makes the message one of several things that are waited for: only who sets the claim may take it.
    ///
    /// # Safety
    ///
    /// This was not polled yet, and the claim is there until it is dropped, or for good if it never is.
    pub(crate) unsafe fn contest(self: Pin<&mut Self>, claim: &Claim) {
        // SAFETY: it was not polled, so no waiter is linked; the rest is the caller's promise.
        unsafe { self.project().slot.contest(claim) };
    }

    /// Sends the message, or offers it; for who has set the claim, if there is one. An offer that is contested is to be
    /// [announced](SendFromFuture::announce) when the claim is unset.
    ///
    /// # Panics
    ///
    /// If there is no message, or it was sent.
    pub(crate) fn poll_send(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent> {
        let this = self.project();
        if !*this.holds {
            let message = this.from.take().expect("there is a message to send");
            // SAFETY: nothing was put into it yet, and the waiter is not linked.
            unsafe { this.slot.message().put(message) };
            *this.holds = true;
        }
        let (slot, waiter) = (this.slot.as_ref(), this.waiter.as_ref());
        match this.exchange.standing(waiter, cx) {
            Standing::Waiting => return Poll::Pending,
            Standing::Told(SENT) => {
                *this.holds = false;
                return Poll::Ready(Ok(()));
            }
            Standing::New | Standing::Told(LOST) => {
                // SAFETY: the slot holds a message, and the waiter is not linked.
                match unsafe { this.exchange.put_from(slot.message()) } {
                    Ok(receiver) => {
                        *this.holds = false;
                        wake_some(receiver);
                        return Poll::Ready(Ok(()));
                    }
                    Err(Refused::Full) => {
                        if let Some(state) = this.exchange.link_sender(waiter, slot.tag(), cx) {
                            *this.is_news = slot.is_contested();
                            if !*this.is_news {
                                this.exchange.announce(state);
                            }
                            return Poll::Pending;
                        }
                    }
                    Err(Refused::Closed) => {}
                }
            }
            Standing::Told(_) => {}
        }
        *this.holds = false;
        // SAFETY: the message was not sent, so it is in the slot, and the waiter is not linked.
        **this.from = Some(unsafe { slot.message().take() });
        Poll::Ready(Err(SendError(())))
    }

    /// Lets others find the offer, when the claim was unset.
    pub(crate) fn announce(self: Pin<&mut Self>) {
        let this = self.project();
        if core::mem::take(this.is_news) {
            this.exchange.announce(this.exchange.lock());
        }
    }

    /// Whether it was this message that was taken by who has set the claim; `Pending`: not this one, or the news of it is
    /// on its way and will wake the task.
    pub(crate) fn poll_taken(self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Sent> {
        let this = self.project();
        match this.exchange.standing(this.waiter.as_ref(), cx) {
            Standing::Told(SENT) => {
                *this.holds = false;
                Poll::Ready(Ok(()))
            }
            _ => Poll::Pending,
        }
    }

    fn withdraw(self: Pin<&mut Self>) {
        let this = self.project();
        if !*this.holds {
            return;
        }
        let waiter = this.waiter.as_ref();
        match this.exchange.leave(waiter, |state| &mut state.senders) {
            Left::Told(SENT) => {}
            left => {
                // Before any waker, which may panic.
                //
                // SAFETY: the message was not sent, so it is in the slot, and the waiter is not linked.
                **this.from = Some(unsafe { this.slot.message().take() });
                if let Left::List(state, waker) = left {
                    // Who stood behind may have a place now.
                    this.exchange.settle(state);
                    drop(waker);
                }
            }
        }
    }
}

impl<F: Form> Future for SendFromFuture<'_, F> {
    type Output = Sent;

    /// # Panics
    ///
    /// If there is no message in the option.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent> {
        self.poll_send(cx)
    }
}

impl<F: Form> fmt::Debug for SendFromFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFromFuture")
            .field("channel", self.exchange)
            .finish_non_exhaustive()
    }
}
