//! Sends and receives that end when another future does: a timer of any runtime, a cancellation token, anything.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Exchange, Form, RecvFuture, SendFuture};
use crate::error::{RecvTimeoutError, SendTimeoutError};

pin_project! {
    /// A send with an end. Dropping it is as dropping a [`SendFuture`].
    #[must_use = "futures do nothing unless polled"]
    pub struct SendBefore<'c, F: Form, D> {
        #[pin]
        send: SendFuture<'c, F>,
        #[pin]
        deadline: D,
    }
}

pin_project! {
    /// A receive with an end. Dropping it is as dropping a [`RecvFuture`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RecvBefore<'c, F: Form, D> {
        #[pin]
        recv: RecvFuture<'c, F>,
        #[pin]
        deadline: D,
    }
}

impl<'c, F: Form, D: Future> SendBefore<'c, F, D> {
    pub(crate) fn new(exchange: &'c Exchange<F>, message: F::Item, deadline: D) -> Self {
        SendBefore {
            send: SendFuture::new(exchange, message),
            deadline,
        }
    }
}

impl<'c, F: Form, D: Future> RecvBefore<'c, F, D> {
    pub(crate) fn new(exchange: &'c Exchange<F>, deadline: D) -> Self {
        RecvBefore {
            recv: RecvFuture::new(exchange),
            deadline,
        }
    }
}

impl<F: Form, D: Future> Future for SendBefore<'_, F, D> {
    type Output = Result<(), SendTimeoutError<F::Item>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(sent) = this.send.as_mut().poll(cx) {
            return Poll::Ready(sent.map_err(SendTimeoutError::from));
        }
        if this.deadline.poll(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(match this.send.cancel() {
            Some(message) => Err(SendTimeoutError::Timeout(message)),
            None => Ok(()),
        })
    }
}

impl<F: Form, D: Future> Future for RecvBefore<'_, F, D> {
    type Output = Result<F::Item, RecvTimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(received) = this.recv.poll(cx) {
            return Poll::Ready(received.map_err(RecvTimeoutError::from));
        }
        let is_over = this.deadline.poll(cx).is_ready();
        if is_over {
            Poll::Ready(Err(RecvTimeoutError::Timeout))
        } else {
            Poll::Pending
        }
    }
}

impl<F: Form, D> fmt::Debug for SendBefore<'_, F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBefore")
            .field("send", &self.send)
            .finish_non_exhaustive()
    }
}

impl<F: Form, D> fmt::Debug for RecvBefore<'_, F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvBefore")
            .field("recv", &self.recv)
            .finish_non_exhaustive()
    }
}
