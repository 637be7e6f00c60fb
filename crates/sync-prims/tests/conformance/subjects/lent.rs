//! A primitive together with a guard that borrows it.

use std::ptr::NonNull;
use std::sync::Mutex;

/// A primitive that was taken, and what says so: a guard, a permit.
pub(crate) struct Lent<P: 'static, G> {
    primitive: NonNull<P>,
    held: Mutex<Option<G>>,
}

// SAFETY: it owns the primitive, as a box does, and the guard.
unsafe impl<P: Send, G: Send> Send for Lent<P, G> {}
// SAFETY: shared, it lends the primitive, and passes the guard from thread to thread.
unsafe impl<P: Sync, G: Send> Sync for Lent<P, G> {}

impl<P, G> Lent<P, G> {
    /// Takes the primitive and lends it out.
    pub(crate) fn new(primitive: P, lend: impl FnOnce(&'static P) -> G) -> Lent<P, G> {
        let lent = Lent {
            primitive: NonNull::from(Box::leak(Box::new(primitive))),
            held: Mutex::new(None),
        };
        lent.keep(lend(lent.primitive()));
        lent
    }

    /// The primitive. What borrows it has to go before this.
    pub(crate) fn primitive(&self) -> &'static P {
        // SAFETY: it lives until the drop below, when everything that borrows it is gone, as asked.
        unsafe { self.primitive.as_ref() }
    }

    /// Puts a guard where [`take`](Lent::take) finds it.
    pub(crate) fn keep(&self, guard: G) {
        let before = self.held.lock().unwrap().replace(guard);
        assert!(before.is_none(), "two have the guard");
    }

    /// The guard, unless somebody has taken it, or is about to get it.
    pub(crate) fn take(&self) -> Option<G> {
        self.held.lock().unwrap().take()
    }
}

impl<P, G> Drop for Lent<P, G> {
    fn drop(&mut self) {
        drop(self.take());
        // SAFETY: nothing borrows it any more, and it comes from a box.
        drop(unsafe { Box::from_raw(self.primitive.as_ptr()) });
    }
}
