//! Waiting for the end of a channel.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_prims::raw::{WaitList, Waiter};

use super::state::State;
use super::wait::{Left, Standing};
use super::{Exchange, Form};

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing can be sent any more.
    Closed,
    /// And nothing can be received any more.
    Complete,
}

pin_project! {
    /// A wait until a channel is closed, or complete.
    ///
    /// Dropping it has no other effect. Polled again when it was ready, it is ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct UntilFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        end: End,
        #[pin]
        waiter: Waiter,
    }

    impl<F: Form> PinnedDrop for UntilFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let left = this.exchange.leave(this.waiter.into_ref(), this.end.list::<F>());
            if let Left::List(state, waker) = left {
                drop(state);
                drop(waker);
            }
        }
    }
}

impl<'c, F: Form> UntilFuture<'c, F> {
    pub(crate) fn new(exchange: &'c Exchange<F>, end: End) -> UntilFuture<'c, F> {
        UntilFuture {
            exchange,
            end,
            waiter: Waiter::new(),
        }
    }
}

impl<F: Form> Future for UntilFuture<'_, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let waiter = this.waiter.into_ref();
        match this.exchange.standing(waiter, cx) {
            Standing::Waiting => return Poll::Pending,
            Standing::Told(_) => return Poll::Ready(()),
            Standing::New => {}
        }
        let mut waker = Some(cx.waker().clone());
        let mut state = this.exchange.lock();
        if this.end.is_reached::<F>(&state) {
            drop(state);
            return Poll::Ready(());
        }
        // SAFETY: the waiter is idle and pinned, and is unlinked from this list when the future is dropped. The state
        // stays where it is while futures borrow the channel.
        unsafe { this.end.list::<F>()(&mut state).link(waiter, &mut waker, 0, false) };
        drop(state);
        Poll::Pending
    }
}

impl End {
    fn list<F: Form>(self) -> fn(&mut State<F::Buffer>) -> &mut WaitList {
        match self {
            End::Closed => |state| &mut state.until_closed,
            End::Complete => |state| &mut state.until_complete,
        }
    }

    fn is_reached<F: Form>(self, state: &State<F::Buffer>) -> bool {
        match self {
            End::Closed => !state.open,
            End::Complete => state.is_complete(),
        }
    }
}

impl<F: Form> fmt::Debug for UntilFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilFuture")
            .field("channel", self.exchange)
            .finish_non_exhaustive()
    }
}
