//! Wakers taken under a lock, to be woken after it was released.

use core::fmt;
use core::mem::{self, MaybeUninit};
use core::task::Waker;

use super::quietly::quietly;

/// How many are woken between two holds of the lock.
pub(super) const BATCH: usize = 32;

/// Up to 32 wakers, on the stack. Dropping it wakes them.
pub struct WakeBatch {
    wakers: [MaybeUninit<Waker>; BATCH],
    /// `wakers[woken..filled]` are there.
    filled: usize,
    woken: usize,
}

impl WakeBatch {
    /// An empty batch.
    pub const fn new() -> WakeBatch {
        WakeBatch {
            wakers: [const { MaybeUninit::uninit() }; BATCH],
            filled: 0,
            woken: 0,
        }
    }

    /// Whether there is no more room.
    pub const fn is_full(&self) -> bool {
        self.filled == BATCH
    }

    /// How many more there is room for.
    pub const fn room(&self) -> usize {
        BATCH - self.filled
    }

    /// Adds a waker.
    ///
    /// # Panics
    ///
    /// If the batch is full.
    #[inline]
    pub fn push(&mut self, waker: Waker) {
        self.wakers[self.filled].write(waker);
        self.filled += 1;
    }

    /// Adds a waker, if there is one.
    ///
    /// # Panics
    ///
    /// If the batch is full and there is one.
    #[inline]
    pub fn push_some(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.push(waker);
        }
    }

    /// Wakes all, in the order they were pushed, and is empty then. If a waker panics, the rest is woken while the panic
    /// unwinds.
    #[inline]
    pub fn wake_all(&mut self) {
        struct OnPanic<'b>(&'b mut WakeBatch);

        impl Drop for OnPanic<'_> {
            fn drop(&mut self) {
                // A waker that panics as well is one less.
                while !quietly(|| while self.0.wake_next() {}) {}
            }
        }

        let batch = OnPanic(self);
        while batch.0.wake_next() {}
        mem::forget(batch);
    }

    fn wake_next(&mut self) -> bool {
        if self.woken == self.filled {
            (self.woken, self.filled) = (0, 0);
            return false;
        }
        let next = self.woken;
        self.woken += 1;
        // SAFETY: `woken <= next < filled`, and the step of `woken` gives this waker away once.
        unsafe { self.wakers[next].assume_init_read() }.wake();
        true
    }
}

impl Default for WakeBatch {
    fn default() -> WakeBatch {
        WakeBatch::new()
    }
}

impl fmt::Debug for WakeBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeBatch")
            .field("wakers", &(self.filled - self.woken))
            .finish()
    }
}

impl Drop for WakeBatch {
    #[inline]
    fn drop(&mut self) {
        self.wake_all();
    }
}
