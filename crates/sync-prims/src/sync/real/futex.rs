//! The lock of the standard library: one word, one compare-and-swap to take it, a sleep in the kernel if it is held.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value that one thread at a time may touch.
pub(crate) struct Lock<T>(Mutex<T>);

pub(crate) type LockGuard<'a, T> = MutexGuard<'a, T>;

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> LockGuard<'_, T> {
        // No foreign code runs under the lock, so nothing panics there and the value is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
