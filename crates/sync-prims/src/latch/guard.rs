//! [`LatchGuard`]: counts on every way out.

use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use super::Latch;

/// Counts a [`Latch`] down by one when it is dropped: at the end of the scope, at an early return, on unwinding from a
/// panic, and when the future that holds it is dropped.
///
/// `L` is what leads to the latch: `&Latch`, an [`Arc`] ([`OwnedLatchGuard`]), or another pointer. It is made by
/// [`Latch::guard`], [`Latch::guard_owned`] or [`LatchGuard::new`].
///
/// ```
/// use sync_prims::Latch;
///
/// let done = Latch::new(2);
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| {
///             let _done = done.guard();
///             // Whatever happens here, it is counted.
///         });
///     }
///     done.wait_blocking();
/// });
/// ```
#[must_use = "the latch is counted down when the guard is dropped, which is at once if it has no name"]
pub struct LatchGuard<L: Deref<Target = Latch>> {
    latch: L,
    armed: bool,
}

/// A [`LatchGuard`] that keeps its latch alive.
pub type OwnedLatchGuard = LatchGuard<Arc<Latch>>;

impl<L: Deref<Target = Latch>> LatchGuard<L> {
    /// A guard that counts this latch down when it is dropped.
    pub const fn new(latch: L) -> LatchGuard<L> {
        LatchGuard { latch, armed: true }
    }

    /// The latch that it counts down.
    pub fn latch(&self) -> &Latch {
        &self.latch
    }

    /// Drops the guard without counting.
    pub fn disarm(mut self) {
        self.armed = false;
    }
}

impl<L: Deref<Target = Latch>> Drop for LatchGuard<L> {
    fn drop(&mut self) {
        if self.armed {
            self.latch.count_down();
        }
    }
}

impl<L: Deref<Target = Latch>> fmt::Debug for LatchGuard<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LatchGuard")
            .field("latch", &*self.latch)
            .finish()
    }
}

impl Latch {
    /// A guard that counts this latch down when it is dropped.
    pub const fn guard(&self) -> LatchGuard<&Latch> {
        LatchGuard::new(self)
    }

    /// The same, and it keeps the latch alive.
    pub fn guard_owned(self: &Arc<Latch>) -> OwnedLatchGuard {
        LatchGuard::new(self.clone())
    }
}
