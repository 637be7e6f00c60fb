//! Join handles that yield a `Result`, as futures of the output.
//!
//! Some runtimes' handles yield the output itself, others a `Result`. An `async` block that unwraps it would add a state
//! machine to the latter alone, which shows in cases of a few tens of nanoseconds.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A handle, and what to make of its output.
pub(crate) struct Joined<H, M> {
    handle: H,
    map: M,
}

impl<H, M> Joined<H, M> {
    pub(crate) fn new(handle: H, map: M) -> Self {
        Self { handle, map }
    }
}

impl<H: Unpin, M> Unpin for Joined<H, M> {}

impl<H, M, T, E, U> Future for Joined<H, M>
where
    H: Future<Output = Result<T, E>> + Unpin,
    M: Fn(T) -> U,
    E: Debug,
{
    type Output = U;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<U> {
        let this = &mut *self;
        Pin::new(&mut this.handle)
            .poll(cx)
            .map(|output| (this.map)(output.expect("the cases do not panic")))
    }
}
