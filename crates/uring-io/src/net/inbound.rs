//! What a socket has received and nobody has taken yet.
//!
//! A read that is dropped is cancelled, but it may have received bytes all the same, or an error that the kernel reports
//! once only. Either comes here, and the next operation finds it. Until the cancelled read has ended nothing else is
//! asked for, so that bytes stay in order; hence there is room for one result, and never more than one.

use std::cell::{Cell, OnceCell};
use std::io;
use std::task::{Context, Poll, Waker};

use crate::net::recv_buf::RecvBuf;

/// The receiving side of a socket, as far as operations that were dropped see it. `T` is what one of them receives. Of most
/// sockets nothing is ever dropped, and they have no memory for it.
pub(crate) struct Inbound<T = RecvBuf>(OnceCell<Box<Left<T>>>);

/// What dropped operations have left.
struct Left<T> {
    item: Cell<Option<T>>,
    error: Cell<Option<io::Error>>,
    /// A read was dropped, and the kernel has not ended it.
    abandoned: Cell<bool>,
    /// Something above is set.
    touched: Cell<bool>,
    /// Who waits for the end of what is abandoned.
    waker: Cell<Option<Waker>>,
    /// Who gets what is left when this goes.
    heir: Cell<Option<fn(T)>>,
}

impl<T> Default for Inbound<T> {
    #[inline]
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Default for Left<T> {
    fn default() -> Self {
        Self {
            item: Cell::new(None),
            error: Cell::new(None),
            abandoned: Cell::new(false),
            touched: Cell::new(false),
            waker: Cell::new(None),
            heir: Cell::new(None),
        }
    }
}

impl<T> Inbound<T> {
    /// Takes what was left here: `None` if nothing. Pending while an abandoned read may still receive.
    #[inline]
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<io::Result<T>>> {
        match self.0.get() {
            Some(left) if left.touched.get() => left.poll_take(cx),
            _ => Poll::Ready(None),
        }
    }

    fn left(&self) -> &Left<T> {
        self.0.get_or_init(Box::default)
    }

    /// Says who gets what is left when this goes.
    pub(crate) fn set_heir(&self, heir: fn(T)) {
        self.left().heir.set(Some(heir));
    }

    /// Leaves something for the next operation.
    pub(crate) fn leave(&self, item: T) {
        self.left().leave(item);
    }

    /// Leaves an error for the next operation, behind what was left.
    pub(crate) fn leave_error(&self, error: io::Error) {
        self.left().leave_error(error);
    }

    /// An operation was dropped; [`end`](Self::end) will follow.
    pub(crate) fn abandon(&self) {
        let left = self.left();
        left.abandoned.set(true);
        left.touched.set(true);
    }

    /// The abandoned operation has ended: with something, with nothing that would not come again, or with an error. None of it
    /// is lost even if nobody said [`abandon`](Self::abandon).
    pub(crate) fn end(&self, result: io::Result<Option<T>>) {
        self.left().end(result);
    }
}

impl<T> Left<T> {
    #[cold]
    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<io::Result<T>>> {
        if let Some(item) = self.item.take() {
            self.settle();
            return Poll::Ready(Some(Ok(item)));
        }
        if let Some(error) = self.error.take() {
            self.settle();
            return Poll::Ready(Some(Err(error)));
        }
        if self.abandoned.get() {
            let replaced = self.waker.replace(Some(cx.waker().clone()));
            drop(replaced);
            return Poll::Pending;
        }
        self.touched.set(false);
        Poll::Ready(None)
    }

    fn leave(&self, item: T) {
        let replaced = self.item.replace(Some(item));
        debug_assert!(replaced.is_none(), "one result at a time");
        self.touched.set(true);
    }

    fn leave_error(&self, error: io::Error) {
        self.error.set(Some(error));
        self.touched.set(true);
    }

    fn end(&self, result: io::Result<Option<T>>) {
        self.abandoned.set(false);
        match result {
            Ok(None) => {}
            Ok(Some(item)) => self.leave(item),
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {}
            Err(error) => self.leave_error(error),
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn settle(&self) {
        let error = self.error.take();
        self.touched.set(self.abandoned.get() || error.is_some());
        self.error.set(error);
    }
}

impl<T> Drop for Left<T> {
    fn drop(&mut self) {
        if let (Some(heir), Some(item)) = (self.heir.get(), self.item.take()) {
            heir(item);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io;
    use std::task::{Context, Poll, Waker};

    use super::Inbound;

    fn take(inbound: &Inbound<u8>) -> Poll<Option<io::Result<u8>>> {
        inbound.poll_take(&mut Context::from_waker(Waker::noop()))
    }

    fn is_error(taken: &Poll<Option<io::Result<u8>>>) -> bool {
        matches!(taken, Poll::Ready(Some(Err(error))) if error.kind() == io::ErrorKind::ConnectionReset)
    }

    #[test]
    fn an_end_is_not_lost_whether_or_not_it_was_announced() {
        for announced in [false, true] {
            let inbound = Inbound::default();
            if announced {
                inbound.abandon();
                assert!(take(&inbound).is_pending());
            }
            inbound.end(Err(io::ErrorKind::ConnectionReset.into()));
            assert!(is_error(&take(&inbound)));
            assert!(matches!(take(&inbound), Poll::Ready(None)));
            inbound.end(Ok(Some(7)));
            assert!(matches!(take(&inbound), Poll::Ready(Some(Ok(7)))));
            assert!(matches!(take(&inbound), Poll::Ready(None)));
        }
    }

    #[test]
    fn an_error_comes_behind_what_was_received_before_it() {
        let inbound = Inbound::default();
        inbound.leave_error(io::ErrorKind::ConnectionReset.into());
        inbound.leave(7);
        assert!(matches!(take(&inbound), Poll::Ready(Some(Ok(7)))));
        assert!(is_error(&take(&inbound)));
        assert!(matches!(take(&inbound), Poll::Ready(None)));
    }
}
