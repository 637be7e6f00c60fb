//! A sender as a sink.
//!
//! A sink promises that `start_send` succeeds after `poll_ready` did, whoever else sends. So `poll_ready` reserves a place, and
//! `start_send` fills it: from then on the message is in the channel, and nothing is left to flush. A channel of capacity 0 has
//! no places: there the sink keeps the message, and offers it until a receiver takes it.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_sink::Sink;
use pin_project_lite::pin_project;
use sync_prims::raw::Waiter;
use thiserror::Error;

use super::Sender;
use super::count::Counted;
use crate::error::{ReserveError, SendError};
use crate::exchange::{Offering, Shared};

/// The channel is closed; the message that the sink still had is handed back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("the channel is closed: nothing can be sent any more")]
pub struct SinkError<T>(pub Option<T>);

impl<T> fmt::Debug for SinkError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkError").finish_non_exhaustive()
    }
}

pin_project! {
    /// A sender as a sink; see [`Sender::into_sink`].
    ///
    /// What it was given is in the channel, except with capacity 0: there, dropping the sink drops a message that no receiver
    /// has taken.
    #[must_use = "sinks do nothing unless polled"]
    pub struct SendSink<T, F: Counted<Item = T> = Shared<T>> {
        // `None` after the sink was closed.
        sender: Option<Sender<T, F>>,
        // What the next message may do.
        next: Next,
        #[pin]
        reserving: Waiter,
        #[pin]
        offering: Offering<T>,
    }

    impl<T, F: Counted<Item = T>> PinnedDrop for SendSink<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(sender) = this.sender.take() {
                let exchange = &sender.inner.exchange;
                exchange.stop_reserving(this.reserving.into_ref(), 1);
                if *this.next == Next::HasPlace {
                    exchange.release(1);
                }
                drop(exchange.withdraw(this.offering));
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// `poll_ready` comes first.
    MustWait,
    /// A place is reserved.
    HasPlace,
    /// It is offered to receivers.
    IsOffered,
}

impl<T, F: Counted<Item = T>> Sender<T, F> {
    /// The sender as a sink. What it was given is in the channel at once, and is never more than it has places for.
    ///
    /// It has to be pinned, as it stands in line itself: in an async function, `pin!(sender.into_sink())`.
    pub fn into_sink(self) -> SendSink<T, F> {
        SendSink {
            sender: Some(self),
            next: Next::MustWait,
            reserving: Waiter::new(),
            offering: Offering::empty(),
        }
    }
}

impl<T, F: Counted<Item = T>> SendSink<T, F> {
    /// The sender under it, until the sink is closed.
    pub fn sender(&self) -> Option<&Sender<T, F>> {
        self.sender.as_ref()
    }
}

impl<T, F: Counted<Item = T>> Sink<T> for SendSink<T, F> {
    type Error = SinkError<T>;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SinkError<T>>> {
        ready!(self.as_mut().poll_flush(cx))?;
        let this = self.project();
        let Some(sender) = this.sender else {
            return Poll::Ready(Err(SinkError(None)));
        };
        if *this.next != Next::MustWait {
            return Poll::Ready(Ok(()));
        }
        let reserved = ready!(
            sender
                .inner
                .exchange
                .poll_reserve(this.reserving.into_ref(), 1, cx)
        );
        *this.next = match reserved {
            Ok(()) => Next::HasPlace,
            Err(ReserveError::TooMany { .. }) => Next::IsOffered,
            Err(ReserveError::Closed | ReserveError::Full) => {
                return Poll::Ready(Err(SinkError(None)));
            }
        };
        Poll::Ready(Ok(()))
    }

    /// # Panics
    ///
    /// Without a `poll_ready` before that was ready.
    fn start_send(self: Pin<&mut Self>, message: T) -> Result<(), SinkError<T>> {
        let this = self.project();
        let Some(sender) = this.sender else {
            return Err(SinkError(Some(message)));
        };
        match core::mem::replace(this.next, Next::MustWait) {
            Next::HasPlace => sender.inner.exchange.fill(message),
            Next::IsOffered => this.offering.put(message),
            Next::MustWait => panic!("`start_send` comes after `poll_ready`"),
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError<T>>> {
        let this = self.project();
        match this.sender {
            Some(sender) if this.offering.holds() => {
                let sent = ready!(sender.inner.exchange.poll_send(this.offering, cx));
                Poll::Ready(sent.map_err(|SendError(message)| SinkError(Some(message))))
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Flushes, and drops the sender.
    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SinkError<T>>> {
        ready!(self.as_mut().poll_flush(cx))?;
        let this = self.project();
        if let Some(sender) = this.sender.take() {
            sender
                .inner
                .exchange
                .stop_reserving(this.reserving.into_ref(), 1);
            if core::mem::replace(this.next, Next::MustWait) == Next::HasPlace {
                sender.inner.exchange.release(1);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T, F: Counted<Item = T>> fmt::Debug for SendSink<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SendSink").field(&self.sender).finish()
    }
}
