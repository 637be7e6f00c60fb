//! What the guards of a mutex have in common: each stands for a handle of the mutex together with the lock.

use core::ops::DerefMut;

use super::raw::RawMutex;

/// A guard that can be taken apart into its mutex, and put together again when the mutex is locked.
///
/// It is public for being a bound of public items, and cannot be named from outside.
///
/// # Safety
///
/// `raw` is the mutex that `into_mutex` took the guard's lock of, for as long as the handle lives.
pub unsafe trait Guard: DerefMut + Sized {
    /// A reference to the mutex, borrowed or counted.
    type Mutex;

    /// The mutex of a guard; it stays locked.
    fn into_mutex(guard: Self) -> Self::Mutex;

    /// The mutex without its data.
    fn raw(mutex: &Self::Mutex) -> &RawMutex;

    /// # Safety
    ///
    /// The caller has the lock, and gives it to the guard.
    unsafe fn from_locked(mutex: Self::Mutex) -> Self;
}
