//! The atomics, and the cells that they protect: loom's under `--cfg loom`. Everything else goes through the lock of
//! [`sync_prims::raw`], which has its own shim.

#[cfg(not(loom))]
mod cell;

#[cfg(not(loom))]
pub(crate) use cell::UnsafeCell;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Stores into a flag that others exchange meanwhile.
///
/// An exchange that has read what this overwrites comes before it, for nothing comes between an exchange and what it has
/// read. Loom does not know that of a store, only of another exchange.
#[inline]
pub(crate) fn store_among_exchanges(flag: &AtomicBool, value: bool, ordering: Ordering) {
    #[cfg(not(loom))]
    flag.store(value, ordering);
    #[cfg(loom)]
    flag.swap(value, ordering);
}

/// A mark in an allocation: the models see when one is never freed.
pub(crate) struct Watched {
    #[cfg(loom)]
    _track: loom::alloc::Track<()>,
}

impl Watched {
    pub(crate) fn new() -> Watched {
        Watched {
            #[cfg(loom)]
            _track: loom::alloc::Track::new(()),
        }
    }
}
