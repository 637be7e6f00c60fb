//! The types of `core`, and the lock.

pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};

pub(crate) use super::cell::UnsafeCell;

mod lock;
pub use lock::{Lock, LockGuard};
