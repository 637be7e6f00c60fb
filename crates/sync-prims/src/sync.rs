//! What the protocols are made of: loom's types under `--cfg loom`, the real ones otherwise.
//!
//! Loom explores the interleavings of everything that goes through this module: the atomics, the lock, and the cells that
//! the lock protects. It has no model of a weaker ordering than the code asks for on real hardware, and none of a waker
//! that is leaked; the ordinary tests look at those.
//!
//! Loom's types have no `const` constructors, so [`const_unless_loom`] writes those of the primitives.

#[cfg(not(loom))]
mod real;
#[cfg(not(loom))]
pub(crate) use real::{AtomicBool, AtomicUsize, Ordering, UnsafeCell, fence};
#[cfg(not(loom))]
pub use real::{Lock, LockGuard};

#[cfg(loom)]
mod model;
#[cfg(loom)]
pub(crate) use model::{AtomicBool, AtomicUsize, Ordering, UnsafeCell, fence};
#[cfg(loom)]
pub use model::{Lock, LockGuard};

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
