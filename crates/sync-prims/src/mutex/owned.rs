//! The guard that counts its mutex.

use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr;

use super::handle::Guard;
use super::raw::RawMutex;
use super::{Mutex, OwnedMappedMutexGuard};

/// The lock of a [`Mutex`] that lives as long as it has to. Dropping it unlocks, and then lets go of the mutex.
#[must_use = "if unused the mutex is unlocked at once"]
#[clippy::has_significant_drop]
pub struct OwnedMutexGuard<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
    // As in `MutexGuard`.
    _value: PhantomData<T>,
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// # Safety
    ///
    /// The caller has the lock, and gives it to the guard.
    #[inline]
    pub(super) unsafe fn from_locked(mutex: Arc<Mutex<T>>) -> OwnedMutexGuard<T> {
        OwnedMutexGuard {
            mutex,
            _value: PhantomData,
        }
    }

    /// The mutex that it locks.
    pub fn mutex(guard: &OwnedMutexGuard<T>) -> &Arc<Mutex<T>> {
        &guard.mutex
    }

    /// Narrows the guard to a part of the value.
    ///
    /// If `part` panics the mutex is unlocked.
    pub fn map<U: ?Sized>(
        mut guard: OwnedMutexGuard<T>,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> OwnedMappedMutexGuard<T, U> {
        let value: *mut U = part(&mut *guard);
        // SAFETY: the lock is still ours, and `value` is a part of what it protects, in the mutex that is kept alive.
        unsafe { OwnedMappedMutexGuard::from_locked(OwnedMutexGuard::into_mutex(guard), value) }
    }

    /// Narrows the guard to a part of the value, if there is one; otherwise returns the guard.
    pub fn try_map<U: ?Sized>(
        mut guard: OwnedMutexGuard<T>,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<OwnedMappedMutexGuard<T, U>, OwnedMutexGuard<T>> {
        let Some(value) = part(&mut *guard) else {
            return Err(guard);
        };
        let value: *mut U = value;
        let mutex = OwnedMutexGuard::into_mutex(guard);
        // SAFETY: as in `map`.
        Ok(unsafe { OwnedMappedMutexGuard::from_locked(mutex, value) })
    }
}

// SAFETY: `raw` is of the mutex that the guard counts.
unsafe impl<T: ?Sized> Guard for OwnedMutexGuard<T> {
    type Mutex = Arc<Mutex<T>>;

    #[inline]
    fn into_mutex(guard: OwnedMutexGuard<T>) -> Arc<Mutex<T>> {
        let guard = ManuallyDrop::new(guard);
        // SAFETY: the guard is not dropped, so its reference is moved out once.
        unsafe { ptr::read(&guard.mutex) }
    }

    #[inline]
    fn raw(mutex: &Arc<Mutex<T>>) -> &RawMutex {
        &mutex.raw
    }

    #[inline]
    unsafe fn from_locked(mutex: Arc<Mutex<T>>) -> OwnedMutexGuard<T> {
        // SAFETY: the caller's promise is the same.
        unsafe { OwnedMutexGuard::from_locked(mutex) }
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard has the lock, and lends the value for as long as it is borrowed itself.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for OwnedMutexGuard<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard has the lock, and is gone after this.
        unsafe { self.mutex.raw.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
