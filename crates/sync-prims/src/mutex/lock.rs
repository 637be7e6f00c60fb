//! The futures that wait for the lock.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::handle::Guard;
use super::raw::Acquire;
use super::{Mutex, MutexGuard, OwnedMutexGuard};

pin_project! {
    /// What both futures are: an attempt at the lock of a mutex that is held by reference, borrowed or counted.
    struct Locking<G: Guard> {
        // Gone when the guard has it.
        mutex: Option<G::Mutex>,
        #[pin]
        acquire: Acquire,
    }

    impl<G: Guard> PinnedDrop for Locking<G> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(mutex) = this.mutex {
                G::raw(mutex).cancel(this.acquire);
            }
        }
    }
}

impl<G: Guard> Locking<G> {
    #[inline]
    fn new(mutex: G::Mutex) -> Locking<G> {
        Locking {
            mutex: Some(mutex),
            acquire: Acquire::new(),
        }
    }

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let this = self.project();
        let mutex = this.mutex.as_ref().expect("polled after it was ready");
        ready!(G::raw(mutex).poll_lock(this.acquire, cx));
        let mutex = this.mutex.take().expect("it was there two lines above");
        // SAFETY: the poll says that the lock is now ours.
        Poll::Ready(unsafe { G::from_locked(mutex) })
    }
}

pin_project! {
    /// A wait for the lock of a [`Mutex`].
    ///
    /// Dropping it leaves the line; if the lock had been handed to it already, it goes to the next.
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready.
    #[must_use = "futures do nothing unless polled"]
    pub struct Lock<'m, T: ?Sized> {
        #[pin]
        locking: Locking<MutexGuard<'m, T>>,
    }
}

impl<'m, T: ?Sized> Lock<'m, T> {
    #[inline]
    pub(super) fn new(mutex: &'m Mutex<T>) -> Lock<'m, T> {
        Lock {
            locking: Locking::new(mutex),
        }
    }
}

impl<'m, T: ?Sized> Future for Lock<'m, T> {
    type Output = MutexGuard<'m, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<MutexGuard<'m, T>> {
        self.project().locking.poll(cx)
    }
}

impl<T: ?Sized> fmt::Debug for Lock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait for the lock of a [`Mutex`] that lives as long as it has to.
    ///
    /// Dropping it leaves the line; if the lock had been handed to it already, it goes to the next.
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready.
    #[must_use = "futures do nothing unless polled"]
    pub struct LockOwned<T: ?Sized> {
        #[pin]
        locking: Locking<OwnedMutexGuard<T>>,
    }
}

impl<T: ?Sized> LockOwned<T> {
    #[inline]
    pub(super) fn new(mutex: Arc<Mutex<T>>) -> LockOwned<T> {
        LockOwned {
            locking: Locking::new(mutex),
        }
    }
}

impl<T: ?Sized> Future for LockOwned<T> {
    type Output = OwnedMutexGuard<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OwnedMutexGuard<T>> {
        self.project().locking.poll(cx)
    }
}

impl<T: ?Sized> fmt::Debug for LockOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockOwned").finish_non_exhaustive()
    }
}
