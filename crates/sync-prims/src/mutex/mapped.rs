//! Guards that lead to a part of the value.

use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ops::{Deref, DerefMut};
use core::ptr;

use super::Mutex;
use super::raw::RawMutex;

/// The lock of a [`Mutex`], and the way to a part of its value; see [`MutexGuard::map`](super::MutexGuard::map).
///
/// Dropping it unlocks. It does not serve a [`CondVar`](crate::CondVar), which would change the part under it.
#[must_use = "if unused the mutex is unlocked at once"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'m, U: ?Sized> {
    raw: &'m RawMutex,
    value: *mut U,
    _value: PhantomData<&'m mut U>,
}

// SAFETY: it is a mutable borrow of the part, and a lock that any thread may unlock.
unsafe impl<U: ?Sized + Send> Send for MappedMutexGuard<'_, U> {}
// SAFETY: shared, it lends the part, and nothing else.
unsafe impl<U: ?Sized + Sync> Sync for MappedMutexGuard<'_, U> {}

impl<'m, U: ?Sized> MappedMutexGuard<'m, U> {
    /// # Safety
    ///
    /// The caller has the lock, gives it to the guard, and may borrow `value` mutably as long as it is locked.
    pub(super) unsafe fn from_locked(raw: &'m RawMutex, value: *mut U) -> MappedMutexGuard<'m, U> {
        MappedMutexGuard {
            raw,
            value,
            _value: PhantomData,
        }
    }

    /// Narrows the guard further.
    ///
    /// If `part` panics the mutex is unlocked.
    pub fn map<V: ?Sized>(
        mut guard: MappedMutexGuard<'m, U>,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> MappedMutexGuard<'m, V> {
        let value: *mut V = part(&mut *guard);
        let raw = guard.raw;
        mem::forget(guard);
        // SAFETY: the lock is still ours, and `value` is a part of what could be borrowed.
        unsafe { MappedMutexGuard::from_locked(raw, value) }
    }

    /// Narrows the guard further, if there is such a part; otherwise returns the guard.
    pub fn try_map<V: ?Sized>(
        mut guard: MappedMutexGuard<'m, U>,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<MappedMutexGuard<'m, V>, MappedMutexGuard<'m, U>> {
        let Some(value) = part(&mut *guard) else {
            return Err(guard);
        };
        let value: *mut V = value;
        let raw = guard.raw;
        mem::forget(guard);
        // SAFETY: as in `map`.
        Ok(unsafe { MappedMutexGuard::from_locked(raw, value) })
    }
}

impl<U: ?Sized> Deref for MappedMutexGuard<'_, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: the guard has the lock, and with it the part, which it lends for as long as it is borrowed itself.
        unsafe { &*self.value }
    }
}

impl<U: ?Sized> DerefMut for MappedMutexGuard<'_, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`; the guard is borrowed mutably.
        unsafe { &mut *self.value }
    }
}

impl<U: ?Sized> Drop for MappedMutexGuard<'_, U> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard has the lock, and is gone after this.
        unsafe { self.raw.unlock() }
    }
}

impl<U: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<U: ?Sized + fmt::Display> fmt::Display for MappedMutexGuard<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The lock of a [`Mutex`] that lives as long as it has to, and the way to a part of its value; see
/// [`OwnedMutexGuard::map`](super::OwnedMutexGuard::map).
///
/// Dropping it unlocks, and then lets go of the mutex.
#[must_use = "if unused the mutex is unlocked at once"]
#[clippy::has_significant_drop]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized> {
    mutex: Arc<Mutex<T>>,
    value: *mut U,
}

// SAFETY: it is a mutable borrow of the part, a lock that any thread may unlock, and a counted reference to the mutex, with
// which the whole value may be dropped there.
unsafe impl<T: ?Sized + Send, U: ?Sized + Send> Send for OwnedMappedMutexGuard<T, U> {}
// SAFETY: shared, it lends the part, and nothing else.
unsafe impl<T: ?Sized, U: ?Sized + Sync> Sync for OwnedMappedMutexGuard<T, U> {}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// # Safety
    ///
    /// The caller has the lock, gives it to the guard, and may borrow `value` mutably as long as it is locked.
    pub(super) unsafe fn from_locked(
        mutex: Arc<Mutex<T>>,
        value: *mut U,
    ) -> OwnedMappedMutexGuard<T, U> {
        OwnedMappedMutexGuard { mutex, value }
    }

    /// Narrows the guard further.
    ///
    /// If `part` panics the mutex is unlocked.
    pub fn map<V: ?Sized>(
        mut guard: OwnedMappedMutexGuard<T, U>,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> OwnedMappedMutexGuard<T, V> {
        let value: *mut V = part(&mut *guard);
        // SAFETY: the lock is still ours, and `value` is a part of what could be borrowed.
        unsafe { OwnedMappedMutexGuard::from_locked(Self::into_mutex(guard), value) }
    }

    /// Narrows the guard further, if there is such a part; otherwise returns the guard.
    pub fn try_map<V: ?Sized>(
        mut guard: OwnedMappedMutexGuard<T, U>,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedMappedMutexGuard<T, V>, OwnedMappedMutexGuard<T, U>> {
        let Some(value) = part(&mut *guard) else {
            return Err(guard);
        };
        let value: *mut V = value;
        // SAFETY: as in `map`.
        Ok(unsafe { OwnedMappedMutexGuard::from_locked(Self::into_mutex(guard), value) })
    }

    fn into_mutex(guard: OwnedMappedMutexGuard<T, U>) -> Arc<Mutex<T>> {
        let guard = ManuallyDrop::new(guard);
        // SAFETY: the guard is not dropped, so its reference is moved out once.
        unsafe { ptr::read(&guard.mutex) }
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMappedMutexGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: the guard has the lock, and with it the part, which it lends for as long as it is borrowed itself.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMappedMutexGuard<T, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`; the guard is borrowed mutably.
        unsafe { &mut *self.value }
    }
}

impl<T: ?Sized, U: ?Sized> Drop for OwnedMappedMutexGuard<T, U> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard has the lock, and is gone after this.
        unsafe { self.mutex.raw.unlock() }
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedMappedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedMappedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
