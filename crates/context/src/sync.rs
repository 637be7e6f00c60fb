//! The atomics of the protocols that are modelled with loom: loom's under `--cfg loom`, the standard
//! library's otherwise.
//!
//! Loom explores the interleavings of everything that goes through this module. It does not model plain
//! memory reached through raw pointers, so the models build their nodes from these types too.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence,
};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence,
};

#[cfg(not(loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

/// Lets another thread run for a moment, while this one waits for a short critical section to end.
#[cfg(not(loom))]
pub(crate) fn yield_thread() {
    std::thread::yield_now();
}

#[cfg(loom)]
pub(crate) fn yield_thread() {
    loom::thread::yield_now();
}
