//! The foreign code that collected completions call for: wakers, and discards of what nobody waits for.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::inner::{Discard, Inner};
use crate::table::Table;

impl Inner {
    /// Whether collected completions wait for their wakers or their discard to run.
    #[inline]
    pub(crate) fn undelivered(&self) -> bool {
        self.with_wakers(|wakers| !wakers.is_empty())
            || self.with_discards(|discards| !discards.is_empty())
    }

    /// Runs the foreign code that collected completions call for. Nothing is borrowed here. Should one of them panic,
    /// the others stay queued for the next turn.
    #[inline]
    pub(crate) fn deliver(&self) {
        while let Some(waker) = self.with_wakers(VecDeque::pop_front) {
            waker.wake();
        }
        if self.with_discards(|discards| !discards.is_empty()) {
            self.deliver_discards();
        }
    }

    #[cold]
    fn deliver_discards(&self) {
        /// A discard that turns the engine must not find itself: only the outermost delivery goes on.
        struct Delivering<'a>(&'a Cell<bool>);
        impl Drop for Delivering<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        if self.delivering.replace(true) {
            return;
        }
        let _delivering = Delivering(&self.delivering);
        while let Some(discard) = self.with_discards(VecDeque::pop_front) {
            self.discard(discard);
        }
    }

    fn discard(&self, discard: Discard) {
        /// Frees the slot even when the operation's `discard` panics.
        struct Release<'a>(&'a Table, u32);
        impl Drop for Release<'_> {
            fn drop(&mut self) {
                self.0.release(self.1);
            }
        }
        self.counters.update(|stats| stats.discarded += 1);
        let slot = self.table.slot(discard.index);
        let _release = discard.last.then(|| Release(&self.table, discard.index));
        if let Some(vtable) = slot.vtable.get() {
            // SAFETY: the slot's handle is gone, so this is the only access to the payload, whose type the vtable was
            // made for; `last` says that the kernel is done with it. Deliveries do not nest.
            unsafe { (vtable.discard)(slot, discard.completion, discard.last) };
        }
    }
}
