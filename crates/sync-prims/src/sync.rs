//! What the protocols are made of: the real types, loom's under `--cfg loom`, shuttle's under `--cfg shuttle`.
//!
//! Loom explores the interleavings of everything that goes through this module: the atomics, the lock, and the cells that
//! the lock protects. It has no model of a weaker ordering than the code asks for on real hardware, and none of a waker
//! that is leaked; the ordinary tests look at those. Shuttle takes random schedules through programs too large for loom,
//! and treats every ordering as sequentially consistent.
//!
//! Loom's types have no `const` constructors, so [`const_unless_loom`] writes those of the primitives.

#[cfg(not(any(loom, shuttle)))]
mod real;
#[cfg(not(any(loom, shuttle)))]
use real as types;

#[cfg(loom)]
mod model;
#[cfg(loom)]
use model as types;

#[cfg(all(shuttle, not(loom)))]
mod scheduled;
#[cfg(all(shuttle, not(loom)))]
use scheduled as types;

#[cfg(not(loom))]
mod cell;

pub(crate) use types::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell, fence};
pub use types::{Lock, LockGuard};

/// A function that is `const`, except under loom.
macro_rules! const_unless_loom {
    ($(#[$meta:meta])* $visibility:vis const fn $name:ident $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $visibility const fn $name $($rest)*

        #[cfg(loom)]
        $(#[$meta])*
        $visibility fn $name $($rest)*
    };
}
pub(crate) use const_unless_loom;
