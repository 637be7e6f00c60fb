//! The atomics of the handles' counts: loom's under `--cfg loom`. Everything else goes through the lock of
//! [`sync_prims::raw`], which has its own shim.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};
