//! The future of a send.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::{LockGuard, Token, Waiter};

use super::node::{Claims, Node};
use super::state::{REFUSED, Refused, State};
use super::{SendError, Shared};
use crate::wait::{Left, Standing, leave, standing};

pin_project! {
    /// A send. See [`Sender::send`](super::Sender::send).
    ///
    /// Dropping it before it is ready takes the message back and drops it, unless a receiver has made room for it already:
    /// then it was sent. Polled again when it was ready, it panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct Send<'s, T> {
        shared: &'s Shared<T>,
        offer: Offer<T>,
        #[pin]
        waiter: Waiter,
    }

    impl<T> PinnedDrop for Send<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            match leave(&this.shared.lock, this.waiter.into_ref(), |state| &mut state.until_room) {
                Left::List(state, waker) => {
                    drop(state);
                    drop(waker);
                }
                Left::Told(token) if token != REFUSED => this.offer.give_away(),
                Left::Told(_) | Left::Nothing => {}
            }
        }
    }
}

/// The message of a send, until it is sent. Dropping it drops the message, so no waiter may be linked with it then.
pub(super) struct Offer<T>(Option<NonNull<Node<T>>>);

// SAFETY: it owns the message, or while it is linked shares it with whoever holds the lock.
unsafe impl<T: core::marker::Send> core::marker::Send for Offer<T> {}
// SAFETY: nothing of it can be reached through a shared reference.
unsafe impl<T: core::marker::Send> Sync for Offer<T> {}

impl<T> Offer<T> {
    #[inline]
    pub(super) fn new(message: T) -> Offer<T> {
        Offer(Some(Node::allocate(message)))
    }

    #[inline]
    fn node(&self) -> NonNull<Node<T>> {
        self.0.expect("a send was polled after it was ready")
    }

    /// It was sent.
    #[inline]
    fn give_away(&mut self) {
        self.0 = None;
    }

    /// The only claim to a message that was not sent.
    fn take_claim(&mut self) -> Option<Claims<T>> {
        // SAFETY: it was not sent, and nobody is offered it, so the only claim is this one.
        self.0.take().map(|node| unsafe { Claims::new(node, 1) })
    }

    /// The message, which was refused.
    pub(super) fn take_back(&mut self) -> T {
        let claim = self.take_claim().expect("what is refused is still there");
        claim.into_only()
    }
}

impl<T> Drop for Offer<T> {
    fn drop(&mut self) {
        drop(self.take_claim());
    }
}

impl<'s, T> Send<'s, T> {
    #[inline]
    pub(super) fn new(shared: &'s Shared<T>, message: T) -> Send<'s, T> {
        Send {
            shared,
            offer: Offer::new(message),
            waiter: Waiter::new(),
        }
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<usize, SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let waiter = this.waiter.into_ref();
        let refused = match standing(&this.shared.lock, waiter, cx) {
            Standing::Waiting => return Poll::Pending,
            Standing::Told(REFUSED) => this.shared.why_refused(),
            Standing::Told(Token(receivers)) => {
                this.offer.give_away();
                return Poll::Ready(Ok(receivers));
            }
            Standing::New => match this.shared.put_or_wait(this.offer, waiter, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(receivers)) => return Poll::Ready(Ok(receivers)),
                Poll::Ready(Err(refused)) => refused,
            },
        };
        let message = this.offer.take_back();
        Poll::Ready(Err(match refused {
            Refused::Closed => SendError::Closed(message),
            Refused::NoReceivers | Refused::Full => SendError::NoReceivers(message),
        }))
    }
}

impl<T> Shared<T> {
    /// Sends a message, if that needs no wait; to how many.
    #[inline]
    pub(super) fn put(&self, offer: &mut Offer<T>) -> Result<usize, Refused> {
        self.put_under(self.lock(), offer)
            .map_err(|(refused, _state)| refused)
    }

    /// The same, under a lock that is held; it is held still if the message was refused.
    #[inline]
    fn put_under<'s>(
        &'s self,
        mut state: LockGuard<'s, State<T>>,
        offer: &mut Offer<T>,
    ) -> Result<usize, (Refused, LockGuard<'s, State<T>>)> {
        let put = match state.put(offer.node()) {
            Ok(put) => put,
            Err(refused) => return Err((refused, state)),
        };
        // Before anybody is woken: wakers may panic.
        offer.give_away();
        self.settle(state);
        // What was overwritten goes here, without the lock.
        drop(put.overwritten);
        Ok(put.receivers)
    }

    /// Sends a message, or links the waiter with it.
    #[inline]
    fn put_or_wait(
        &self,
        offer: &mut Offer<T>,
        waiter: Pin<&Waiter>,
        cx: &Context<'_>,
    ) -> Poll<Result<usize, Refused>> {
        match self.put(offer) {
            Err(Refused::Full) => self.wait_for_room(offer, waiter, cx),
            put => Poll::Ready(put),
        }
    }

    #[inline(never)]
    fn wait_for_room(
        &self,
        offer: &mut Offer<T>,
        waiter: Pin<&Waiter>,
        cx: &Context<'_>,
    ) -> Poll<Result<usize, Refused>> {
        // Declared before the lock is taken, so that it is dropped after it if there is no need to wait.
        let mut waker = Some(cx.waker().clone());
        match self.put_under(self.lock(), offer) {
            Ok(receivers) => Poll::Ready(Ok(receivers)),
            Err((Refused::Full, mut state)) => {
                let address = offer.node().as_ptr().expose_provenance();
                // SAFETY: the waiter is idle and pinned, and is unlinked from this list when the future is dropped. The
                // state stays where it is while futures borrow the channel.
                unsafe { state.until_room.link(waiter, &mut waker, address, false) };
                drop(state);
                Poll::Pending
            }
            Err((refused, state)) => {
                drop(state);
                Poll::Ready(Err(refused))
            }
        }
    }

    #[cold]
    fn why_refused(&self) -> Refused {
        if self.lock().open {
            Refused::NoReceivers
        } else {
            Refused::Closed
        }
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("channel", self.shared)
            .finish()
    }
}
