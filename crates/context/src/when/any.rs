//! Waiting for the first of several futures.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::children::{Children, Group, boxed_slots};
use super::poller::Poller;

/// Waits for the first future of a tuple, an array or a `Vec` that is ready. The others are dropped, that is
/// cancelled, before this one is ready.
///
/// For a tuple the output is an enum, [`OneOf2`](super::OneOf2) and its like; for an array or a `Vec` the place of the
/// future and its output.
///
/// If several are ready at the first poll, the first in order wins; each further poll begins one child later, so that
/// none that is woken often keeps the others from winning. Whoever waits for the same things again and again puts the
/// most urgent first, or turns the order himself.
///
/// If a future panics, the others are dropped with the task, and the panic goes on.
///
/// Cancel-safe if the futures are.
///
/// # Panics
///
/// If there is no future: none would ever be first. The returned future panics if it is polled again after it was
/// ready.
///
/// ```
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop {
/// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) { return output; }
/// #     }
/// # }
/// # block_on(async {
/// use context::{OneOf2, when_any};
///
/// match when_any((std::future::pending::<()>(), async { 7 })).await {
///     OneOf2::First(()) => unreachable!("it waits forever"),
///     OneOf2::Second(number) => assert_eq!(number, 7),
/// }
/// # });
/// ```
#[inline]
pub fn when_any<G: Group>(group: G) -> WhenAny<G> {
    WhenAny::new(group.into_children())
}

/// Waits for the first of all futures that `futures` yields. Otherwise as [`when_any`] of a `Vec`.
///
/// # Panics
///
/// If there is no future.
pub fn when_any_iter<I>(futures: I) -> WhenAny<Vec<I::Item>>
where
    I: IntoIterator<Item: IntoFuture>,
{
    WhenAny::new(boxed_slots(
        futures.into_iter().map(IntoFuture::into_future),
    ))
}

pin_project_lite::pin_project! {
    /// The future of [`when_any`] and [`when_any_iter`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WhenAny<G: Group> {
        #[pin]
        children: G::Children,
        // The child that the next poll begins with.
        start: usize,
        poller: Poller,
        decided: bool,
    }
}

impl<G: Group> WhenAny<G> {
    #[inline]
    fn new(children: G::Children) -> WhenAny<G> {
        assert!(
            children.count() > 0,
            "when_any needs at least one future: of none, none is ever first"
        );
        WhenAny {
            children,
            start: 0,
            poller: Poller::default(),
            decided: false,
        }
    }
}

impl<G: Group> Future for WhenAny<G> {
    type Output = G::First;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G::First> {
        let this = self.project();
        assert!(!*this.decided, "when_any was polled after it was ready");
        let mut children = this.children;
        let mut first = None;
        this.poller
            .poll(children.as_mut(), *this.start, cx, |index| {
                first = Some(index);
                ControlFlow::Break(())
            });
        *this.start = (*this.start + 1) % children.count();
        let Some(first) = first else {
            return Poll::Pending;
        };
        *this.decided = true;
        let output = children.as_mut().take_first(first);
        children.clear();
        Poll::Ready(output)
    }
}

impl<G: Group> fmt::Debug for WhenAny<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhenAny")
            .field("decided", &self.decided)
            .finish_non_exhaustive()
    }
}
