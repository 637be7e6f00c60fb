//! The wait of the upgradable reader for the others to leave.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Guard;
use super::mode::{Exclusive, Handle, Mode, Upgradable};
use crate::queue::Waiter;

pin_project! {
    /// A wait for [`RwLockUpgradableReadGuard::upgrade`](super::RwLockUpgradableReadGuard::upgrade).
    ///
    /// Dropping it ends the wait and releases the lock; to keep it, call [`give_up`](Upgrade::give_up).
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready, or given up.
    #[must_use = "futures do nothing unless polled"]
    pub struct Upgrade<H: Handle> {
        // Says that the lock is held, to read or to write if that was granted. Gone when the wait has ended.
        guard: Option<Guard<H, Upgradable>>,
        #[pin]
        waiter: Waiter,
    }

    impl<H: Handle> PinnedDrop for Upgrade<H> {
        fn drop(this: Pin<&mut Self>) {
            drop(this.give_up());
        }
    }
}

impl<H: Handle> Upgrade<H> {
    #[inline]
    pub(super) fn new(guard: Guard<H, Upgradable>) -> Upgrade<H> {
        Upgrade {
            guard: Some(guard),
            waiter: Waiter::new(),
        }
    }

    /// Ends the wait and returns the guard it began with; `None` if it was ready.
    ///
    /// Nobody has written meanwhile.
    pub fn give_up(self: Pin<&mut Self>) -> Option<Guard<H, Upgradable>> {
        let this = self.project();
        // From here on a panic of a waker releases the lock.
        let guard = this.guard.take()?;
        let raw = Guard::rwlock(&guard).raw();
        if raw.cancel(this.waiter) {
            // SAFETY: the writer's lock was granted, and the guard holds the reader's.
            unsafe { raw.downgrade(Exclusive::REQUEST, Upgradable::REQUEST) };
        }
        Some(guard)
    }
}

impl<H: Handle> Future for Upgrade<H> {
    type Output = Guard<H, Exclusive>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<H, Exclusive>> {
        let this = self.project();
        let guard = this.guard.as_ref().expect("polled after it was ready");
        ready!(Guard::rwlock(guard).raw().poll_upgrade(this.waiter, cx));
        let guard = this.guard.take().expect("it was there two lines above");
        // SAFETY: the poll says that the lock is held to write now.
        Poll::Ready(unsafe { Guard::from_locked(Guard::into_handle(guard)) })
    }
}

impl<H: Handle> fmt::Debug for Upgrade<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}
