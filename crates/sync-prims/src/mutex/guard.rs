//! The guard that borrows its mutex.

use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ops::{Deref, DerefMut};

use super::handle::Guard;
use super::raw::RawMutex;
use super::{MappedMutexGuard, Mutex};

/// The lock of a [`Mutex`], and the way to its value. Dropping it unlocks.
///
/// It can be sent to another thread if the value can, and unlocks from there.
#[must_use = "if unused the mutex is unlocked at once"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'m, T: ?Sized> {
    mutex: &'m Mutex<T>,
    // Shared with a thread, the guard lends the value there (`T: Sync`), and the mutex for longer, with which the thread
    // can have the value to itself later (`T: Send`).
    _value: PhantomData<&'m mut T>,
}

impl<'m, T: ?Sized> MutexGuard<'m, T> {
    /// # Safety
    ///
    /// The caller has the lock, and gives it to the guard.
    #[inline]
    pub(super) unsafe fn from_locked(mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
        MutexGuard {
            mutex,
            _value: PhantomData,
        }
    }

    /// The mutex that it locks.
    pub fn mutex(guard: &MutexGuard<'m, T>) -> &'m Mutex<T> {
        guard.mutex
    }

    /// Narrows the guard to a part of the value.
    ///
    /// If `part` panics the mutex is unlocked.
    ///
    /// ```
    /// use sync_prims::{Mutex, mutex::MutexGuard};
    ///
    /// let pair = Mutex::new((1, 2));
    /// let mut first = MutexGuard::map(pair.try_lock().unwrap(), |pair| &mut pair.0);
    /// *first = 3;
    /// drop(first);
    /// assert_eq!(pair.into_inner(), (3, 2));
    /// ```
    pub fn map<U: ?Sized>(
        mut guard: MutexGuard<'m, T>,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedMutexGuard<'m, U> {
        let value: *mut U = part(&mut *guard);
        let mutex = MutexGuard::into_mutex(guard);
        // SAFETY: the lock is still ours, and `value` is a part of what it protects, borrowed for as long.
        unsafe { MappedMutexGuard::from_locked(&mutex.raw, value) }
    }

    /// Narrows the guard to a part of the value, if there is one; otherwise returns the guard.
    pub fn try_map<U: ?Sized>(
        mut guard: MutexGuard<'m, T>,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'m, U>, MutexGuard<'m, T>> {
        let Some(value) = part(&mut *guard) else {
            return Err(guard);
        };
        let value: *mut U = value;
        let mutex = MutexGuard::into_mutex(guard);
        // SAFETY: as in `map`.
        Ok(unsafe { MappedMutexGuard::from_locked(&mutex.raw, value) })
    }
}

// SAFETY: `raw` is of the mutex that the guard borrows.
unsafe impl<'m, T: ?Sized> Guard for MutexGuard<'m, T> {
    type Mutex = &'m Mutex<T>;

    #[inline]
    fn into_mutex(guard: MutexGuard<'m, T>) -> &'m Mutex<T> {
        let mutex = guard.mutex;
        mem::forget(guard);
        mutex
    }

    #[inline]
    fn raw<'a>(mutex: &'a &'m Mutex<T>) -> &'a RawMutex {
        &mutex.raw
    }

    #[inline]
    unsafe fn from_locked(mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
        // SAFETY: the caller's promise is the same.
        unsafe { MutexGuard::from_locked(mutex) }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard has the lock, and lends the value for as long as it is borrowed itself.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard has the lock, and is gone after this.
        unsafe { self.mutex.raw.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
