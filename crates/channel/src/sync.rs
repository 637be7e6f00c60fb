//! The atomics of the handles' counts and of a select's claim: loom's under `--cfg loom`. Everything else goes through the lock of
//! [`sync_prims::raw`], which has its own shim.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
