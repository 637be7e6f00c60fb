//! The lock of the standard library: one word, one compare-and-swap to take it, a sleep in the kernel if it is held.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value that one thread at a time may touch.
pub struct Lock<T>(Mutex<T>);

/// The right to touch the value, given back on drop.
pub type LockGuard<'a, T> = MutexGuard<'a, T>;

impl<T> Lock<T> {
    /// A value that nobody touches yet.
    pub const fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    /// Waits until nobody else touches the value, and lends it. To be held for a few instructions.
    #[inline]
    pub fn lock(&self) -> LockGuard<'_, T> {
        // No foreign code runs under the lock, so nothing panics there and the value is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> core::fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}
