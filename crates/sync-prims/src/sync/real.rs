//! The types of `core`, and the lock.

pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

pub(crate) use super::cell::UnsafeCell;

#[cfg(not(feature = "std"))]
mod spin;
#[cfg(not(feature = "std"))]
pub use spin::{Lock, LockGuard};

#[cfg(feature = "std")]
mod futex;
#[cfg(feature = "std")]
pub use futex::{Lock, LockGuard};
