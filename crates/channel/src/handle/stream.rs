//! A receiver as a stream.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;

use super::Receiver;
use super::count::Counted;
use crate::exchange::Shared;

pin_project! {
    /// The messages of a channel, until it is complete; see [`Receiver::into_stream`].
    ///
    /// Dropping it, or a `next()` of it, loses no message.
    #[must_use = "streams do nothing unless polled"]
    pub struct RecvStream<T, F: Counted<Item = T> = Shared<T>> {
        receiver: Receiver<T, F>,
        is_over: bool,
        #[pin]
        waiter: Waiter,
    }

    impl<T, F: Counted<Item = T>> PinnedDrop for RecvStream<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.receiver.inner.exchange.leave_receivers(this.waiter.into_ref());
        }
    }
}

impl<T, F: Counted<Item = T>> Receiver<T, F> {
    /// The messages as a stream, until the channel is complete.
    ///
    /// It has to be pinned, as it stands in line itself: in an async function, `pin!(receiver.into_stream())`.
    pub fn into_stream(self) -> RecvStream<T, F> {
        RecvStream {
            receiver: self,
            is_over: false,
            waiter: Waiter::new(),
        }
    }
}

impl<T, F: Counted<Item = T>> RecvStream<T, F> {
    /// The receiver under it.
    pub fn receiver(&self) -> &Receiver<T, F> {
        &self.receiver
    }
}

impl<T, F: Counted<Item = T>> Stream for RecvStream<T, F> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.project();
        let exchange = &this.receiver.inner.exchange;
        let taken = exchange.poll_take(this.waiter.into_ref(), cx);
        *this.is_over = matches!(taken, Poll::Ready(None));
        taken
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // Other receivers may take what is there.
        let most = self.receiver.is_complete().then_some(0);
        (0, most)
    }
}

impl<T, F: Counted<Item = T>> FusedStream for RecvStream<T, F> {
    fn is_terminated(&self) -> bool {
        self.is_over
    }
}

impl<T, F: Counted<Item = T>> fmt::Debug for RecvStream<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvStream").field(&self.receiver).finish()
    }
}
