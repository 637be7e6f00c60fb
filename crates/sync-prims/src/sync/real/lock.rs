//! A lock of one byte: an exchange to take it, a store to give it back.
//!
//! It is held for a few dozen instructions, and never while foreign code runs. So whoever finds it held either waits for
//! nanoseconds, or for a thread that the kernel has taken off its processor; for that there is nothing better than to leave
//! the processor as well, for longer and longer, so that even a thread of a lower priority comes to run. A lock that puts
//! its waiters to sleep in the kernel has to ask on every unlock whether there are any, which is a second
//! read-modify-write. Measured with two and with eight threads on two cores, the lock of the standard library serves 15 to
//! 20 ns an operation where this one serves 8 to 18, and alone 12 to 15 where this one serves 6 to 9.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};

/// The first pause, as a power of two of instructions: about as long as the lock is held. Who looks earlier takes the cache line from
/// the holder, who needs it to go on; between two threads that do nothing but send and receive, this spares a third of the time.
const FIRST_PAUSE: u32 = 5;

/// Tries, each after a pause of twice as many instructions as the one before.
const SPINS: u32 = 4;

/// A value that one thread at a time may touch.
pub struct Lock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard alone, and `held` lets one guard exist at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

/// The right to touch the value, given back on drop.
pub struct LockGuard<'a, T> {
    lock: &'a Lock<T>,
    /// A guard is as much a borrow of the value as this, and may be sent and shared when this may.
    _value: PhantomData<&'a mut T>,
}

impl<T> Lock<T> {
    /// A value that nobody touches yet.
    pub const fn new(value: T) -> Lock<T> {
        Lock {
            held: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until nobody else touches the value, and lends it. To be held for a few instructions.
    #[inline]
    pub fn lock(&self) -> LockGuard<'_, T> {
        if self.held.swap(true, Ordering::Acquire) {
            self.wait();
        }
        LockGuard {
            lock: self,
            _value: PhantomData,
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) {
        let mut round = 0;
        // The load keeps the byte's cache line shared among those who wait.
        while self.held.load(Ordering::Relaxed) || self.held.swap(true, Ordering::Acquire) {
            if round < SPINS {
                (0..1 << (FIRST_PAUSE + round)).for_each(|_| core::hint::spin_loop());
            } else {
                idle::leave_processor(round - SPINS);
            }
            round += 1;
        }
    }
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one, as `held` says.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for LockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.held.store(false, Ordering::Release);
    }
}

impl<T> core::fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

impl<T> core::fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LockGuard").finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
mod idle {
    use std::thread;
    use std::time::Duration;

    /// Times that the processor is offered to whoever is next, before the thread sleeps.
    const OFFERS: u32 = 8;
    const SHORTEST: Duration = Duration::from_micros(20);
    const DOUBLINGS: u32 = 5;

    pub(super) fn leave_processor(round: u32) {
        match round.checked_sub(OFFERS) {
            None => thread::yield_now(),
            Some(round) => thread::sleep(SHORTEST * (1 << round.min(DOUBLINGS))),
        }
    }
}

#[cfg(not(feature = "std"))]
mod idle {
    /// There is nobody to leave it to.
    pub(super) fn leave_processor(_round: u32) {
        (0..1 << (super::FIRST_PAUSE + super::SPINS)).for_each(|_| core::hint::spin_loop());
    }
}
