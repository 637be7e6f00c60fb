//! The guards of the whole value.

use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr;

use super::mode::{Exclusive, Handle, Mode, Shared, Upgradable};
use super::upgrade::Upgrade;
use super::{MappedGuard, RwLock};

/// The right to read the value of a [`RwLock`], together with other readers.
pub type RwLockReadGuard<'l, T> = Guard<&'l RwLock<T>, Shared>;

/// The right to read the value of a [`RwLock`], and to [`upgrade`](Guard::upgrade) to writing it before anybody else does.
pub type RwLockUpgradableReadGuard<'l, T> = Guard<&'l RwLock<T>, Upgradable>;

/// The right to write the value of a [`RwLock`].
pub type RwLockWriteGuard<'l, T> = Guard<&'l RwLock<T>, Exclusive>;

/// As [`RwLockReadGuard`], and keeps the lock alive.
pub type OwnedRwLockReadGuard<T> = Guard<Arc<RwLock<T>>, Shared>;

/// As [`RwLockUpgradableReadGuard`], and keeps the lock alive.
pub type OwnedRwLockUpgradableReadGuard<T> = Guard<Arc<RwLock<T>>, Upgradable>;

/// As [`RwLockWriteGuard`], and keeps the lock alive.
pub type OwnedRwLockWriteGuard<T> = Guard<Arc<RwLock<T>>, Exclusive>;

/// The lock of a [`RwLock`], and the way to its value. Dropping it unlocks.
///
/// `H` is how the lock is reached, borrowed or counted, and `M` how it is held: [`Shared`], [`Upgradable`] or [`Exclusive`].
/// Each of the six has a name of its own, [`RwLockReadGuard`] and so on.
///
/// What it can do besides lending the value are functions, not methods: `RwLockWriteGuard::downgrade(guard)`.
///
/// It can be sent to another thread if the lock could be shared with it, and unlocks from there.
#[must_use = "if unused the lock is released at once"]
#[clippy::has_significant_drop]
pub struct Guard<H: Handle, M: Mode> {
    // The auto traits are those of a reference to the lock, which the guard lends.
    handle: H,
    _mode: PhantomData<M>,
}

impl<H: Handle, M: Mode> Guard<H, M> {
    /// # Safety
    ///
    /// The caller has the lock in this mode, and gives it to the guard.
    #[inline]
    pub(super) unsafe fn from_locked(handle: H) -> Guard<H, M> {
        Guard {
            handle,
            _mode: PhantomData,
        }
    }

    /// The reference to the lock; it stays locked.
    #[inline]
    pub(super) fn into_handle(guard: Guard<H, M>) -> H {
        let guard = ManuallyDrop::new(guard);
        // SAFETY: the guard is not dropped, so its reference is moved out once.
        unsafe { ptr::read(&guard.handle) }
    }

    /// The lock that it holds.
    pub fn rwlock(guard: &Guard<H, M>) -> &H {
        &guard.handle
    }

    /// # Safety
    ///
    /// A reader may become any reader, and a writer anything.
    unsafe fn downgrade_to<L: Mode>(guard: Guard<H, M>) -> Guard<H, L> {
        let handle = Guard::into_handle(guard);
        // Made before foreign code runs: if a waker panics, the lock is released.
        // SAFETY: the next statement has it held like that.
        let guard = unsafe { Guard::<H, L>::from_locked(handle) };
        // SAFETY: the guard held the lock like that, and is gone.
        unsafe { guard.handle.raw().downgrade(M::REQUEST, L::REQUEST) };
        guard
    }
}

impl<H: Handle> Guard<H, Shared> {
    /// Narrows the guard to a part of the value.
    ///
    /// If `part` panics the lock is released.
    ///
    /// ```
    /// use sync_prims::rwlock::{RwLock, RwLockReadGuard};
    ///
    /// let pair = RwLock::new((1, 2));
    /// let first = RwLockReadGuard::map(pair.try_read().unwrap(), |pair| &pair.0);
    /// assert_eq!(*first, 1);
    /// ```
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&H::Value) -> &U,
    ) -> MappedGuard<H::Mapped, Shared, U> {
        let value: *const U = part(&*guard);
        let handle = Guard::into_handle(guard).into_mapped();
        // SAFETY: the lock is still ours, and `value` is a part of what it protects, to be read alone.
        unsafe { MappedGuard::from_locked(handle, value.cast_mut()) }
    }

    /// Narrows the guard to a part of the value, if there is one; otherwise returns the guard.
    pub fn try_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&H::Value) -> Option<&U>,
    ) -> Result<MappedGuard<H::Mapped, Shared, U>, Self> {
        let Some(value) = part(&*guard) else {
            return Err(guard);
        };
        let value: *const U = value;
        let handle = Guard::into_handle(guard).into_mapped();
        // SAFETY: as in `map`.
        Ok(unsafe { MappedGuard::from_locked(handle, value.cast_mut()) })
    }
}

impl<H: Handle> Guard<H, Upgradable> {
    /// Waits until all other readers are gone, and has the value to itself.
    ///
    /// What was read stays true until then: nobody else writes meanwhile, as the upgrade goes before all who wait. New
    /// readers have to wait from the first poll on.
    ///
    /// Dropping the future ends the wait and releases the lock; [`Upgrade::give_up`] ends the wait and returns the guard.
    ///
    /// ```
    /// use sync_prims::{RwLock, blocking::block_on, rwlock::RwLockUpgradableReadGuard};
    ///
    /// let names = RwLock::new(vec!["ada"]);
    /// block_on(async {
    ///     let seen = names.upgradable_read().await;
    ///     if !seen.contains(&"alan") {
    ///         // Still not there.
    ///         RwLockUpgradableReadGuard::upgrade(seen).await.push("alan");
    ///     }
    /// });
    /// assert_eq!(names.into_inner(), ["ada", "alan"]);
    /// ```
    #[inline]
    pub fn upgrade(guard: Self) -> Upgrade<H> {
        Upgrade::new(guard)
    }

    /// Has the value to itself if there are no other readers; otherwise returns the guard.
    #[inline]
    pub fn try_upgrade(guard: Self) -> Result<Guard<H, Exclusive>, Self> {
        if !guard.handle.raw().try_upgrade() {
            return Err(guard);
        }
        // SAFETY: the word says that the lock is held like that now.
        Ok(unsafe { Guard::from_locked(Guard::into_handle(guard)) })
    }

    /// As [`upgrade`](Guard::upgrade), on a plain thread, which sleeps as long as it takes.
    #[cfg(any(feature = "std", loom))]
    pub fn upgrade_blocking(guard: Self) -> Guard<H, Exclusive> {
        crate::blocking::block_on(Guard::upgrade(guard))
    }

    /// Is content to read, and lets somebody else be the upgradable reader.
    pub fn downgrade(guard: Self) -> Guard<H, Shared> {
        // SAFETY: a reader stays a reader.
        unsafe { Guard::downgrade_to(guard) }
    }
}

impl<H: Handle> Guard<H, Exclusive> {
    /// Is content to read; readers who wait before the next writer are let in.
    ///
    /// Nobody writes in between.
    ///
    /// ```
    /// use sync_prims::{RwLock, rwlock::RwLockWriteGuard};
    ///
    /// let number = RwLock::new(1);
    /// let mut writing = number.try_write().unwrap();
    /// *writing += 1;
    /// let reading = RwLockWriteGuard::downgrade(writing);
    /// assert_eq!((*reading, *number.try_read().unwrap()), (2, 2));
    /// ```
    pub fn downgrade(guard: Self) -> Guard<H, Shared> {
        // SAFETY: a writer may become anything.
        unsafe { Guard::downgrade_to(guard) }
    }

    /// As [`downgrade`](Guard::downgrade), to the reader who can upgrade.
    pub fn downgrade_to_upgradable(guard: Self) -> Guard<H, Upgradable> {
        // SAFETY: a writer may become anything.
        unsafe { Guard::downgrade_to(guard) }
    }

    /// Narrows the guard to a part of the value.
    ///
    /// If `part` panics the lock is released.
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut H::Value) -> &mut U,
    ) -> MappedGuard<H::Mapped, Exclusive, U> {
        let value: *mut U = part(&mut *guard);
        let handle = Guard::into_handle(guard).into_mapped();
        // SAFETY: the lock is still ours, and `value` is a part of what it protects.
        unsafe { MappedGuard::from_locked(handle, value) }
    }

    /// Narrows the guard to a part of the value, if there is one; otherwise returns the guard.
    pub fn try_map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut H::Value) -> Option<&mut U>,
    ) -> Result<MappedGuard<H::Mapped, Exclusive, U>, Self> {
        let Some(value) = part(&mut *guard) else {
            return Err(guard);
        };
        let value: *mut U = value;
        let handle = Guard::into_handle(guard).into_mapped();
        // SAFETY: as in `map`.
        Ok(unsafe { MappedGuard::from_locked(handle, value) })
    }
}

impl<H: Handle, M: Mode> Deref for Guard<H, M> {
    type Target = H::Value;

    #[inline]
    fn deref(&self) -> &H::Value {
        // SAFETY: the guard has the lock, so nobody writes except through this guard, which is borrowed.
        unsafe { &*self.handle.lock().value.get() }
    }
}

impl<H: Handle> DerefMut for Guard<H, Exclusive> {
    #[inline]
    fn deref_mut(&mut self) -> &mut H::Value {
        // SAFETY: the guard has the lock to itself, and is borrowed mutably.
        unsafe { &mut *self.handle.lock().value.get() }
    }
}

impl<H: Handle, M: Mode> Drop for Guard<H, M> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard has the lock like that, and is gone after this.
        unsafe { self.handle.raw().release(M::REQUEST) }
    }
}

impl<H: Handle<Value: fmt::Debug>, M: Mode> fmt::Debug for Guard<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<H: Handle<Value: fmt::Display>, M: Mode> fmt::Display for Guard<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
