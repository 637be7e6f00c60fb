//! Waiting for all of several futures.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::children::{Children, Group, boxed_slots};
use super::poller::Poller;

/// Waits for all futures of a tuple, an array or a `Vec`, and gives all outputs in their order.
///
/// The futures need not be `'static`, nor the outputs `Clone` or `Default`. None is given up because another one
/// failed: a `Result` is an output like any other. An empty group is ready at once. If a future panics, all others and
/// the outputs so far are dropped, and the panic goes on.
///
/// Cancel-safe if the futures are: dropping it drops those that still run, and the outputs of the others.
///
/// # Panics
///
/// The future panics if it is polled again after it was ready or has panicked.
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
/// use context::when_all;
///
/// let name = String::from("corio");
/// let (length, upper) = when_all((async { name.len() }, async { name.to_uppercase() })).await;
/// assert_eq!((length, upper.as_str()), (5, "CORIO"));
///
/// let squares = when_all([1, 2, 3].map(|n| async move { n * n })).await;
/// assert_eq!(squares, [1, 4, 9]);
/// # });
/// ```
#[inline]
pub fn when_all<G: Group>(group: G) -> WhenAll<G> {
    let children = group.into_children();
    WhenAll {
        pending: children.count(),
        children,
        poller: Poller::default(),
    }
}

/// Waits for all futures that `futures` yields, and gives all outputs in their order. Otherwise as [`when_all`].
pub fn when_all_iter<I>(futures: I) -> WhenAll<Vec<I::Item>>
where
    I: IntoIterator<Item: IntoFuture>,
{
    let children = boxed_slots(futures);
    WhenAll {
        pending: children.len(),
        children,
        poller: Poller::default(),
    }
}

const OVER: usize = usize::MAX;

pin_project_lite::pin_project! {
    /// The future of [`when_all`] and [`when_all_iter`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WhenAll<G: Group> {
        #[pin]
        children: G::Children,
        // How many children are not finished; OVER once the outputs were taken or a child has panicked.
        pending: usize,
        poller: Poller,
    }
}

impl<G: Group> Future for WhenAll<G> {
    type Output = G::Outputs;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G::Outputs> {
        let this = self.project();
        assert!(
            *this.pending != OVER,
            "when_all was polled after it was ready"
        );
        let mut bomb = ClearOnUnwind {
            children: this.children,
            pending: this.pending,
        };
        if *bomb.pending > 0 {
            let pending = &mut *bomb.pending;
            this.poller.poll(bomb.children.as_mut(), 0, cx, |_| {
                *pending -= 1;
                ControlFlow::Continue(())
            });
        }
        let output = if *bomb.pending == 0 {
            *bomb.pending = OVER;
            Poll::Ready(bomb.children.as_mut().take_outputs())
        } else {
            Poll::Pending
        };
        bomb.defuse();
        output
    }
}

impl<G: Group> fmt::Debug for WhenAll<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhenAll")
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

/// Drops all children if one of them panics.
struct ClearOnUnwind<'a, C: Children> {
    children: Pin<&'a mut C>,
    pending: &'a mut usize,
}

impl<C: Children> ClearOnUnwind<'_, C> {
    #[inline]
    fn defuse(self) {
        std::mem::forget(self);
    }
}

impl<C: Children> Drop for ClearOnUnwind<'_, C> {
    #[cold]
    fn drop(&mut self) {
        *self.pending = OVER;
        self.children.as_mut().clear();
    }
}
