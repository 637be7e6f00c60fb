//! The futures that look for a value, and make it if it is their turn.

use core::convert::Infallible;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{OnceCell, Turn};
use crate::queue::Waiter;

pin_project! {
    /// What both have in common: waits for the turn, then makes the value.
    struct Make<'c, T, F, I> {
        cell: &'c OnceCell<T>,
        #[pin]
        waiter: Waiter,
        // Taken when it is called.
        init: Option<F>,
        // What it returned, until that is ready. Dropped before the turn, so that one at a time makes a value.
        #[pin]
        making: Option<I>,
        turn: Option<Turn<'c, T>>,
    }

    impl<T, F, I> PinnedDrop for Make<'_, T, F, I> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.cell.cancel(this.waiter);
        }
    }
}

/// The turn while foreign code runs: if that panics, what it leaves is dropped, and then the turn.
struct Making<'m, 'c, T, I> {
    future: Pin<&'m mut Option<I>>,
    turn: Option<Turn<'c, T>>,
}

impl<T, I> Drop for Making<'_, '_, T, I> {
    fn drop(&mut self) {
        if self.turn.is_some() {
            self.future.set(None);
        }
    }
}

impl<'c, T, F, I> Make<'c, T, F, I>
where
    F: FnOnce() -> I,
    I: Future,
{
    #[inline]
    fn new(cell: &'c OnceCell<T>, init: F) -> Self {
        Make {
            cell,
            waiter: Waiter::new(),
            init: Some(init),
            making: None,
            turn: None,
        }
    }

    #[inline]
    fn poll<E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        result: impl FnOnce(I::Output) -> Result<T, E>,
    ) -> Poll<Result<&'c T, E>> {
        match self.cell.get() {
            Some(value) => Poll::Ready(Ok(value)),
            None => self.poll_empty(cx, result),
        }
    }

    // Apart, so that the look for a value that is there is small enough to become part of the caller.
    #[inline(never)]
    fn poll_empty<E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        result: impl FnOnce(I::Output) -> Result<T, E>,
    ) -> Poll<Result<&'c T, E>> {
        let this = self.project();
        let turn = match this.turn.take() {
            Some(turn) => turn,
            None => {
                assert!(this.init.is_some(), "polled again after it was ready");
                match ready!(this.cell.poll_turn(this.waiter, cx)) {
                    Some(turn) => turn,
                    None => {
                        let value = this.cell.get().expect("a value that is there stays");
                        return Poll::Ready(Ok(value));
                    }
                }
            }
        };
        let mut making = Making {
            future: this.making,
            turn: Some(turn),
        };
        if let Some(init) = this.init.take() {
            making.future.set(Some(init()));
        }
        let future = making.future.as_mut().as_pin_mut();
        let Poll::Ready(output) = future.expect("it is made with the turn").poll(cx) else {
            *this.turn = making.turn.take();
            return Poll::Pending;
        };
        making.future.set(None);
        let value = result(output)?;
        let turn = making.turn.take().expect("nobody has taken it");
        Poll::Ready(Ok(turn.end_with(value)))
    }
}

pin_project! {
    /// Looks for the value of a [`OnceCell`], and makes it if it is not there.
    ///
    /// Dropping it leaves the line, or gives the turn to make the value to the next. Polled again when it was ready, it is
    /// ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct GetOrInit<'c, T, F, I> {
        #[pin]
        make: Make<'c, T, F, I>,
    }
}

impl<'c, T, F, I> GetOrInit<'c, T, F, I>
where
    F: FnOnce() -> I,
    I: Future<Output = T>,
{
    #[inline]
    pub(super) fn new(cell: &'c OnceCell<T>, init: F) -> Self {
        GetOrInit {
            make: Make::new(cell, init),
        }
    }
}

impl<'c, T, F, I> Future for GetOrInit<'c, T, F, I>
where
    F: FnOnce() -> I,
    I: Future<Output = T>,
{
    type Output = &'c T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'c T> {
        let made = ready!(self.project().make.poll(cx, Ok::<T, Infallible>));
        let Ok(value) = made;
        Poll::Ready(value)
    }
}

pin_project! {
    /// Looks for the value of a [`OnceCell`], and tries to make it if it is not there.
    ///
    /// Dropping it leaves the line, or gives the turn to make the value to the next. Polled again when it was ready with the
    /// value, it is ready again; polled again after an error, it panics unless there is a value meanwhile.
    #[must_use = "futures do nothing unless polled"]
    pub struct GetOrTryInit<'c, T, F, I> {
        #[pin]
        make: Make<'c, T, F, I>,
    }
}

impl<'c, T, E, F, I> GetOrTryInit<'c, T, F, I>
where
    F: FnOnce() -> I,
    I: Future<Output = Result<T, E>>,
{
    #[inline]
    pub(super) fn new(cell: &'c OnceCell<T>, init: F) -> Self {
        GetOrTryInit {
            make: Make::new(cell, init),
        }
    }
}

impl<'c, T, E, F, I> Future for GetOrTryInit<'c, T, F, I>
where
    F: FnOnce() -> I,
    I: Future<Output = Result<T, E>>,
{
    type Output = Result<&'c T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<&'c T, E>> {
        self.project().make.poll(cx, |made| made)
    }
}

impl<T, F, I> Make<'_, T, F, I> {
    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        T: fmt::Debug,
    {
        f.debug_struct(name)
            .field("cell", self.cell)
            .field("has_turn", &self.turn.is_some())
            .finish_non_exhaustive()
    }
}

impl<T: fmt::Debug, F, I> fmt::Debug for GetOrInit<'_, T, F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.make.fmt("GetOrInit", f)
    }
}

impl<T: fmt::Debug, F, I> fmt::Debug for GetOrTryInit<'_, T, F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.make.fmt("GetOrTryInit", f)
    }
}
