//! The types of `core`, and the lock.

pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

#[cfg(not(feature = "std"))]
mod spin;
#[cfg(not(feature = "std"))]
pub use spin::{Lock, LockGuard};

#[cfg(feature = "std")]
mod futex;
#[cfg(feature = "std")]
pub use futex::{Lock, LockGuard};

/// [`core::cell::UnsafeCell`] with the interface of loom's, which sees every access.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(core::cell::UnsafeCell::new(value))
    }

    /// Lends a pointer to read through.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Lends a pointer to read and write through.
    #[inline]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
