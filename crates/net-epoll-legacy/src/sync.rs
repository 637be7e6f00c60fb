//! The locks and atomics of what threads share: loom's under `--cfg loom`, where no thread pool can be had.

#[cfg(not(loom))]
pub(crate) use blocking::unblock;
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};

/// Stands between a `SeqCst` access of one variable and one of another: those are ordered anyhow, but loom knows that of fences
/// only.
#[inline]
pub(crate) fn order_seq_cst() {
    #[cfg(loom)]
    loom::sync::atomic::fence(Ordering::SeqCst);
}

/// Runs here what a thread is to run; no model calls it.
#[cfg(loom)]
pub(crate) async fn unblock<T>(work: impl FnOnce() -> T) -> T {
    work()
}
