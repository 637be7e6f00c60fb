//! The waits for the lock.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::mode::{Exclusive, Handle, Mode, Shared, Upgradable};
use super::{Guard, RwLock};
use crate::queue::Waiter;

/// A wait for [`RwLock::read`].
pub type Read<'l, T> = Acquire<&'l RwLock<T>, Shared>;

/// A wait for [`RwLock::upgradable_read`].
pub type UpgradableRead<'l, T> = Acquire<&'l RwLock<T>, Upgradable>;

/// A wait for [`RwLock::write`].
pub type Write<'l, T> = Acquire<&'l RwLock<T>, Exclusive>;

/// A wait for [`RwLock::read_owned`].
pub type ReadOwned<T> = Acquire<Arc<RwLock<T>>, Shared>;

/// A wait for [`RwLock::upgradable_read_owned`].
pub type UpgradableReadOwned<T> = Acquire<Arc<RwLock<T>>, Upgradable>;

/// A wait for [`RwLock::write_owned`].
pub type WriteOwned<T> = Acquire<Arc<RwLock<T>>, Exclusive>;

pin_project! {
    /// A wait for the lock of a [`RwLock`].
    ///
    /// `H` is how the lock is reached, borrowed or counted, and `M` how it is to be held: [`Shared`], [`Upgradable`] or
    /// [`Exclusive`]. Each of the six has a name of its own, [`Read`] and so on.
    ///
    /// It has its place in line from the first poll on. Dropping it leaves the line; if it had been let in already, the
    /// lock goes to the next.
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready.
    #[must_use = "futures do nothing unless polled"]
    pub struct Acquire<H: Handle, M: Mode> {
        // Gone when the guard has it.
        handle: Option<H>,
        #[pin]
        waiter: Waiter,
        mode: PhantomData<M>,
    }

    impl<H: Handle, M: Mode> PinnedDrop for Acquire<H, M> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(handle) = this.handle
                && handle.raw().cancel(this.waiter)
            {
                // SAFETY: it was granted, and nobody else will give it back.
                unsafe { handle.raw().release(M::REQUEST) };
            }
        }
    }
}

impl<H: Handle, M: Mode> Acquire<H, M> {
    #[inline]
    pub(super) fn new(handle: H) -> Acquire<H, M> {
        Acquire {
            handle: Some(handle),
            waiter: Waiter::new(),
            mode: PhantomData,
        }
    }
}

impl<H: Handle, M: Mode> Future for Acquire<H, M> {
    type Output = Guard<H, M>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<H, M>> {
        let this = self.project();
        let handle = this.handle.as_ref().expect("polled after it was ready");
        ready!(handle.raw().poll_acquire(this.waiter, M::REQUEST, cx));
        let handle = this.handle.take().expect("it was there two lines above");
        // SAFETY: the poll says that the lock is now ours.
        Poll::Ready(unsafe { Guard::from_locked(handle) })
    }
}

impl<H: Handle, M: Mode> fmt::Debug for Acquire<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(M::FUTURE).finish_non_exhaustive()
    }
}
