//! The future of a receive.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;

use super::node::Claims;
use super::state::Nothing;
use super::{Receiver, RecvError};
use crate::wait::{Left, Standing, leave, standing};

pin_project! {
    /// A receive. See [`Receiver::recv`].
    ///
    /// Dropping it loses no message: until it is ready, the message is in the channel. Polled again when it was ready, it
    /// receives another message.
    #[must_use = "futures do nothing unless polled"]
    pub struct Recv<'r, T> {
        receiver: &'r mut Receiver<T>,
        #[pin]
        waiter: Waiter,
    }

    impl<T> PinnedDrop for Recv<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let shared = &this.receiver.shared;
            // All who wait are told of a message, so there is nothing to pass on.
            if let Left::List(state, waker) =
                leave(&shared.lock, this.waiter.into_ref(), |state| &mut state.until_message)
            {
                drop(state);
                drop(waker);
            }
        }
    }
}

impl<'r, T> Recv<'r, T> {
    #[inline]
    pub(super) fn new(receiver: &'r mut Receiver<T>) -> Recv<'r, T> {
        Recv {
            receiver,
            waiter: Waiter::new(),
        }
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let taken = this.receiver.poll_take(this.waiter.into_ref(), cx);
        taken.map(|taken| taken.map(Claims::into_message))
    }
}

impl<T> Receiver<T> {
    /// Takes a claim to the next message, or waits for one.
    #[inline]
    fn poll_take(
        &mut self,
        waiter: Pin<&Waiter>,
        cx: &Context<'_>,
    ) -> Poll<Result<Claims<T>, RecvError>> {
        if let Standing::Waiting = standing(&self.shared.lock, waiter, cx) {
            return Poll::Pending;
        }
        if !self.shared.seems_empty(self.next) {
            match self.take() {
                Ok(claim) => return Poll::Ready(Ok(claim)),
                Err(Nothing::Lagged(missed)) => return Poll::Ready(Err(RecvError::Lagged(missed))),
                Err(Nothing::Closed) => return Poll::Ready(Err(RecvError::Closed)),
                Err(Nothing::Empty) => {}
            }
        }
        self.wait_to_take(waiter, cx)
    }

    /// Links the waiter, unless there is something to take after all.
    #[inline(never)]
    fn wait_to_take(
        &mut self,
        waiter: Pin<&Waiter>,
        cx: &Context<'_>,
    ) -> Poll<Result<Claims<T>, RecvError>> {
        // Declared before the lock is taken, so that it is dropped after it if there is no need to wait.
        let mut waker = Some(cx.waker().clone());
        let mut state = self.shared.lock();
        let taken = state.take(&mut self.next);
        if let Err(Nothing::Empty) = taken {
            // SAFETY: the waiter is idle and pinned, and is unlinked from this list when its future is dropped. The state
            // stays where it is while futures borrow the channel.
            unsafe { state.until_message.link(waiter, &mut waker, 0, false) };
            drop(state);
            return Poll::Pending;
        }
        self.shared.settle(state);
        Poll::Ready(match taken {
            Ok(claim) => Ok(claim),
            Err(Nothing::Lagged(missed)) => Err(RecvError::Lagged(missed)),
            Err(Nothing::Closed | Nothing::Empty) => Err(RecvError::Closed),
        })
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv")
            .field("receiver", self.receiver)
            .finish()
    }
}
