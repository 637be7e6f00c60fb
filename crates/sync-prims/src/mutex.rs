//! [`Mutex`]: a value that one at a time may touch.
//!
//! The word, its transitions and its races are on the page of the module `raw`, which has the algorithm without the data;
//! the guards and the futures are around it.

mod guard;
mod handle;
mod lock;
mod mapped;
mod owned;
mod raw;

#[cfg(all(test, loom))]
mod loom_tests;

use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::fmt;

use crate::sync::const_unless_loom;
pub use guard::MutexGuard;
pub(crate) use handle::Guard;
pub use lock::{Lock, LockOwned};
pub use mapped::{MappedMutexGuard, OwnedMappedMutexGuard};
pub use owned::OwnedMutexGuard;
pub(crate) use raw::{Acquire, RawMutex};

use raw::Policy;

/// A value that one task or thread at a time may touch, across `await`s if it has to.
///
/// Free, it costs one atomic read-modify-write to lock and one to unlock, by whichever method; the owned forms count the
/// [`Arc`] besides. A wait costs no allocation.
///
/// ```
/// use sync_prims::{Mutex, blocking::block_on};
///
/// let numbers = Mutex::new(vec![1]);
/// block_on(async {
///     let mut numbers = numbers.lock().await;
///     numbers.push(2);
/// });
/// assert_eq!(numbers.into_inner(), [1, 2]);
/// ```
///
/// # Who is next
///
/// [`Mutex::new`]: first come, first served. The lock goes from hand to hand: while somebody waits it is never free, no
/// `try_lock` succeeds, and nobody is overtaken. The price is that everybody waits for the next one to be scheduled.
///
/// [`Mutex::barging`]: a lock that is let go is free, and whoever comes first gets it; the one who has waited longest is woken
/// to compete. If it loses it stays the first, and after four losses the lock is handed to it. This is faster where the
/// lock is taken often and held for a moment, above all from several threads, and the order of the waiters is kept among
/// themselves.
///
/// # A notified waiter that is not polled
///
/// A task that waits here and in a place that is not polled at the same time (two branches of a `select!` in a loop of which
/// one runs long code, a `FuturesUnordered` that is not driven) may be told that it is next and not listen. Until its future
/// is polled or dropped,
///
/// - with [`Mutex::new`] it has the lock, and everybody else waits;
/// - with [`Mutex::barging`] the lock is free for those who come, but those who stand in line already are not woken.
///
/// So poll a lock's future or drop it; do not keep it aside.
///
/// # Panics and forgotten guards
///
/// A panic while the lock is held unlocks it, as any drop of the guard does; the value is not marked (there is no poisoning),
/// and the next one sees what was left. A guard that is forgotten leaves the lock held for good.
///
/// Locking again what this task has locked already waits forever.
pub struct Mutex<T: ?Sized> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: whoever has the lock has the value to itself, on whichever thread: that moves the value there.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
// SAFETY: the value goes with it, and nothing else of it is tied to a thread.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    const_unless_loom! {
        /// A mutex that serves in the order of arrival.
        pub const fn new(value: T) -> Mutex<T> {
            Mutex {
                raw: RawMutex::new(Policy::Fifo),
                value: UnsafeCell::new(value),
            }
        }
    }

    const_unless_loom! {
        /// A mutex that lets those who come in before those who wait, within bounds.
        pub const fn barging(value: T) -> Mutex<T> {
            Mutex {
                raw: RawMutex::new(Policy::Barging),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks it if that can be done at once: one compare-and-swap.
    ///
    /// It succeeds whenever the lock is free. With [`Mutex::new`] it is not free while somebody waits.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        // SAFETY: `try_lock` says that the lock is now ours.
        self.raw
            .try_lock()
            .then(|| unsafe { MutexGuard::from_locked(self) })
    }

    /// Locks it, waiting as long as it takes.
    ///
    /// Dropping the future leaves the line. If the lock had been handed to it already, it goes to the next.
    #[inline]
    pub fn lock(&self) -> Lock<'_, T> {
        Lock::new(self)
    }

    /// Locks it on a plain thread, which sleeps as long as it takes.
    #[cfg(any(feature = "std", loom))]
    #[inline]
    pub fn lock_blocking(&self) -> MutexGuard<'_, T> {
        match self.try_lock() {
            Some(guard) => guard,
            None => crate::blocking::block_on(self.lock()),
        }
    }

    /// As [`try_lock`](Mutex::try_lock), with a guard that keeps the mutex alive.
    #[inline]
    pub fn try_lock_owned(self: &Arc<Self>) -> Option<OwnedMutexGuard<T>> {
        // SAFETY: `try_lock` says that the lock is now ours.
        self.raw
            .try_lock()
            .then(|| unsafe { OwnedMutexGuard::from_locked(self.clone()) })
    }

    /// As [`lock`](Mutex::lock), with a future and a guard that keep the mutex alive.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use sync_prims::{Mutex, blocking::block_on};
    ///
    /// let count = Arc::new(Mutex::new(0));
    /// let mut guard = block_on(count.lock_owned());
    /// std::thread::spawn(move || *guard += 1).join().unwrap();
    /// assert_eq!(*count.lock_blocking(), 1);
    /// ```
    #[inline]
    pub fn lock_owned(self: &Arc<Self>) -> LockOwned<T> {
        LockOwned::new(self.clone())
    }

    /// As [`lock_blocking`](Mutex::lock_blocking), with a guard that keeps the mutex alive.
    #[cfg(any(feature = "std", loom))]
    #[inline]
    pub fn lock_owned_blocking(self: &Arc<Self>) -> OwnedMutexGuard<T> {
        match self.try_lock_owned() {
            Some(guard) => guard,
            None => crate::blocking::block_on(self.lock_owned()),
        }
    }

    /// Whether somebody has the lock. It may have changed when the caller looks at the answer.
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// The value, without locking: whoever borrows the mutex mutably is alone with it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

/// Shows the value if it is not locked; holds the lock while it does.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => shown.field("value", &&*guard),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown
            .field("barging", &(self.raw.policy() == Policy::Barging))
            .finish_non_exhaustive()
    }
}
