//! The waits for a notification.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use super::Notify;
use crate::queue::{Token, Waiter};

/// How far a wait has come.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Not told, as far as it knows; it was made in this round.
    Waits { made_in: usize },
    /// Told, and nobody knows but `enable`.
    Told(Token),
    /// Told, and it has said so.
    Ended,
}

pin_project! {
    /// A wait for a notification by a [`Notify`].
    ///
    /// Dropping it leaves the line; a notification of one that it had got already goes to the next. Polled again when it was
    /// ready, it panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct Notified<'n> {
        notify: &'n Notify,
        stage: Stage,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Notified<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.stage.cancel(this.notify, this.waiter);
        }
    }
}

pin_project! {
    /// As [`Notified`], and keeps the [`Notify`] alive.
    #[must_use = "futures do nothing unless polled"]
    pub struct OwnedNotified {
        notify: Arc<Notify>,
        stage: Stage,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for OwnedNotified {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.stage.cancel(this.notify, this.waiter);
        }
    }
}

impl Stage {
    #[inline]
    fn new(notify: &Notify) -> Stage {
        Stage::Waits {
            made_in: notify.round(),
        }
    }

    #[inline]
    fn poll(
        &mut self,
        notify: &Notify,
        waiter: Pin<&mut Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        match *self {
            Stage::Waits { made_in } => {
                ready!(notify.poll_notified(waiter, made_in, cx));
            }
            Stage::Told(_) => {}
            Stage::Ended => panic!("a wait for a notification was polled again after it had ended"),
        }
        *self = Stage::Ended;
        Poll::Ready(())
    }

    fn enable(&mut self, notify: &Notify, waiter: Pin<&mut Waiter>) -> bool {
        let Stage::Waits { made_in } = *self else {
            return true;
        };
        // Has a place in line already, and the waker of a poll that is not to be replaced.
        if !waiter.is_idle() {
            return match waiter.as_ref().take_notified() {
                Some(token) => {
                    *self = Stage::Told(token);
                    true
                }
                None => false,
            };
        }
        let cx = &mut Context::from_waker(Waker::noop());
        match notify.poll_notified(waiter, made_in, cx) {
            Poll::Ready(token) => {
                *self = Stage::Told(token);
                true
            }
            Poll::Pending => false,
        }
    }

    fn cancel(&mut self, notify: &Notify, waiter: Pin<&mut Waiter>) {
        match *self {
            Stage::Waits { .. } => notify.cancel(waiter),
            Stage::Told(token) => notify.pass_on(token),
            Stage::Ended => {}
        }
    }
}

impl<'n> Notified<'n> {
    #[inline]
    pub(super) fn new(notify: &'n Notify) -> Notified<'n> {
        Notified {
            notify,
            stage: Stage::new(notify),
            waiter: Waiter::new(),
        }
    }

    /// Takes its place in line, as a first poll would, but without a waker; whether it was told already.
    ///
    /// So that `notify_one` can reach several waits that are polled only later. If it was told, its next poll is ready; if
    /// it is dropped before that, the notification goes to the next.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.stage.enable(this.notify, this.waiter)
    }
}

impl OwnedNotified {
    #[inline]
    pub(super) fn new(notify: Arc<Notify>) -> OwnedNotified {
        OwnedNotified {
            stage: Stage::new(&notify),
            notify,
            waiter: Waiter::new(),
        }
    }

    /// As [`Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.stage.enable(this.notify, this.waiter)
    }
}

impl Future for Notified<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.stage.poll(this.notify, this.waiter, cx)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.stage.poll(this.notify, this.waiter, cx)
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified")
            .field("notify", &self.notify)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified")
            .field("notify", &self.notify)
            .finish_non_exhaustive()
    }
}
