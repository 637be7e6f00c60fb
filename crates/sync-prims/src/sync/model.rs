//! Loom's types, behind the interface of [`real`](super).

use loom::sync::{Mutex, MutexGuard};

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};

/// A value that one thread at a time may touch.
pub struct Lock<T>(Mutex<T>);

/// The right to touch the value, given back on drop.
pub type LockGuard<'a, T> = MutexGuard<'a, T>;

impl<T> Lock<T> {
    /// A value that nobody touches yet.
    pub fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    /// Waits until nobody else touches the value, and lends it.
    pub fn lock(&self) -> LockGuard<'_, T> {
        self.0
            .lock()
            .unwrap_or_else(|_| unreachable!("nothing panics while it holds the lock"))
    }
}

impl<T> core::fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}
