//! What the models and the unit tests share.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

/// One poll, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
