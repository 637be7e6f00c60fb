//! The guards of a part of the value.

use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr;

use super::RwLock;
use super::mode::{Exclusive, Keep, Mode, Shared};
use super::raw::RawRwLock;

/// The right to read a part of the value of a [`RwLock`].
pub type MappedRwLockReadGuard<'l, U> = MappedGuard<&'l RawRwLock, Shared, U>;

/// The right to write a part of the value of a [`RwLock`].
pub type MappedRwLockWriteGuard<'l, U> = MappedGuard<&'l RawRwLock, Exclusive, U>;

/// As [`MappedRwLockReadGuard`], and keeps the lock alive.
pub type OwnedMappedRwLockReadGuard<T, U> = MappedGuard<Arc<RwLock<T>>, Shared, U>;

/// As [`MappedRwLockWriteGuard`], and keeps the lock alive.
pub type OwnedMappedRwLockWriteGuard<T, U> = MappedGuard<Arc<RwLock<T>>, Exclusive, U>;

/// The lock of a [`RwLock`], and the way to a part of its value. Dropping it unlocks.
///
/// It comes from `RwLockReadGuard::map` and the like. `K` is how the lock is reached, borrowed or counted, and `M` how it is
/// held: [`Shared`] or [`Exclusive`]. Each of the four has a name of its own, [`MappedRwLockReadGuard`] and so on.
#[must_use = "if unused the lock is released at once"]
#[clippy::has_significant_drop]
pub struct MappedGuard<K: Keep, M: Mode, U: ?Sized> {
    // Dropped after the lock is released.
    handle: K,
    value: *mut U,
    _mode: PhantomData<M>,
}

// SAFETY: it lends the part to read, on whichever thread it is, and any thread may unlock.
unsafe impl<K: Keep + Send, U: ?Sized + Sync> Send for MappedGuard<K, Shared, U> {}
// SAFETY: it is a mutable borrow of the part, and any thread may unlock.
unsafe impl<K: Keep + Send, U: ?Sized + Send> Send for MappedGuard<K, Exclusive, U> {}
// SAFETY: shared, it lends the part to read, and nothing else.
unsafe impl<K: Keep + Sync, M: Mode, U: ?Sized + Sync> Sync for MappedGuard<K, M, U> {}

impl<K: Keep, M: Mode, U: ?Sized> MappedGuard<K, M, U> {
    /// # Safety
    ///
    /// The caller has the lock in this mode, gives it to the guard, and may borrow `value` as long as it is held, mutably
    /// if it is held exclusively.
    #[inline]
    pub(super) unsafe fn from_locked(handle: K, value: *mut U) -> MappedGuard<K, M, U> {
        MappedGuard {
            handle,
            value,
            _mode: PhantomData,
        }
    }

    /// The reference to the lock; it stays locked.
    #[inline]
    fn into_handle(guard: MappedGuard<K, M, U>) -> K {
        let guard = ManuallyDrop::new(guard);
        // SAFETY: the guard is not dropped, so its reference is moved out once.
        unsafe { ptr::read(&guard.handle) }
    }
}

impl<K: Keep, U: ?Sized> MappedGuard<K, Shared, U> {
    /// Narrows the guard further.
    ///
    /// If `part` panics the lock is released.
    pub fn map<V: ?Sized>(guard: Self, part: impl FnOnce(&U) -> &V) -> MappedGuard<K, Shared, V> {
        let value: *const V = part(&*guard);
        // SAFETY: the lock is still ours, and `value` is a part of what could be borrowed.
        unsafe { MappedGuard::from_locked(MappedGuard::into_handle(guard), value.cast_mut()) }
    }

    /// Narrows the guard further, if there is such a part; otherwise returns the guard.
    pub fn try_map<V: ?Sized>(
        guard: Self,
        part: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<MappedGuard<K, Shared, V>, Self> {
        let Some(value) = part(&*guard) else {
            return Err(guard);
        };
        let value: *const V = value;
        // SAFETY: as in `map`.
        Ok(unsafe { MappedGuard::from_locked(MappedGuard::into_handle(guard), value.cast_mut()) })
    }
}

impl<K: Keep, U: ?Sized> MappedGuard<K, Exclusive, U> {
    /// Is content to read; readers who wait before the next writer are let in.
    pub fn downgrade(guard: Self) -> MappedGuard<K, Shared, U> {
        let value = guard.value;
        let handle = MappedGuard::into_handle(guard);
        // Made before foreign code runs: if a waker panics, the lock is released.
        // SAFETY: the next statement has it held like that, and the part can be read as well as written.
        let guard = unsafe { MappedGuard::from_locked(handle, value) };
        // SAFETY: the guard held the lock like that, and is gone.
        unsafe {
            guard
                .handle
                .raw()
                .downgrade(Exclusive::REQUEST, Shared::REQUEST);
        }
        guard
    }

    /// Narrows the guard further.
    ///
    /// If `part` panics the lock is released.
    pub fn map<V: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> MappedGuard<K, Exclusive, V> {
        let value: *mut V = part(&mut *guard);
        // SAFETY: the lock is still ours, and `value` is a part of what could be borrowed.
        unsafe { MappedGuard::from_locked(MappedGuard::into_handle(guard), value) }
    }

    /// Narrows the guard further, if there is such a part; otherwise returns the guard.
    pub fn try_map<V: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<MappedGuard<K, Exclusive, V>, Self> {
        let Some(value) = part(&mut *guard) else {
            return Err(guard);
        };
        let value: *mut V = value;
        // SAFETY: as in `map`.
        Ok(unsafe { MappedGuard::from_locked(MappedGuard::into_handle(guard), value) })
    }
}

impl<K: Keep, M: Mode, U: ?Sized> Deref for MappedGuard<K, M, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: the guard has the lock and may borrow the part, which it lends for as long as it is borrowed itself.
        unsafe { &*self.value }
    }
}

impl<K: Keep, U: ?Sized> DerefMut for MappedGuard<K, Exclusive, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`; the lock is held exclusively, and the guard is borrowed mutably.
        unsafe { &mut *self.value }
    }
}

impl<K: Keep, M: Mode, U: ?Sized> Drop for MappedGuard<K, M, U> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard has the lock like that, and is gone after this.
        unsafe { self.handle.raw().release(M::REQUEST) }
    }
}

impl<K: Keep, M: Mode, U: ?Sized + fmt::Debug> fmt::Debug for MappedGuard<K, M, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<K: Keep, M: Mode, U: ?Sized + fmt::Display> fmt::Display for MappedGuard<K, M, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
