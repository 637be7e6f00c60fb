//! [`AtomicWaker`]: one task waits, anybody wakes it.
//!
//! # States
//!
//! Two slots for a waker, and one word that says which of them holds the registered one: `NONE`, `FIRST` or `SECOND`.
//! Whoever changes the word from a slot to something else owns what is in that slot; no two can.
//!
//! | from | `register` | `wake`, `take_waker` |
//! |---|---|---|
//! | `NONE` | claims a free slot, fills it, swaps the slot into the word | swaps `NONE` for `NONE` |
//! | a slot, with the same waker | – | swaps `NONE` into the word, empties the slot |
//! | a slot, with another waker | swaps `NONE` into the word, fills the same slot, swaps the slot into the word | as above |
//!
//! A slot is free while its vtable is null, and tells so itself: it is claimed by compare-and-swap from null, and given
//! back by a plain store of null after it was emptied. The waker is kept in its two parts, as atomics, so that `register`
//! can compare it with another without owning it.
//!
//! So a wake costs one read-modify-write, and a registration two (none if the same waker is registered still).
//!
//! # Races
//!
//! - *Register and wake*: a wake that comes before the swap of `register` finds nobody, and what was written before it is
//!   visible after the `register`, for that swap reads what the wake left (both are acquire and release). One that comes
//!   after finds the waker.
//! - *Register the same waker and wake*: `register` may read a word that a wake has just changed. That wake wakes this
//!   very task, after this poll began, so it is polled once more.
//! - *Register and a wake that has not emptied its slot yet*: there is a second slot. In the well-known design with one
//!   slot (tokio, `atomic-waker`) the task wakes itself instead, and may do so over and over if the thread in `wake` was
//!   preempted. Here that takes two threads, both preempted between the swap and the store, in two wakes of the same task.
//! - *Two wakes*: one of them gets the slot out of the word.
//! - *Two registrations*, by mistake: each claims or takes over a slot of its own; the later swap gets the other's waker out
//!   of the word and drops it. One that finds no slot wakes its own task at once.
//! - *Wakers that call back, or panic*: a waker is cloned before the first step and woken or dropped after the last one, so
//!   they find the word and the slots in one of the states above, and leave them so.
//!
//! # Source, and what it was measured against
//!
//! The two slots are an idea of `diatomic-waker`; there, a lock bit in the word says which of them is in use. This protocol
//! was measured with one slot and with two, and costs the same: so two, which spare the self-wake. In the same run, the
//! three-state word of `atomic-waker` and `futures-util` took twice as long for a wake that finds nobody and a third longer
//! for a registration and a wake. `diatomic-waker` took half as long again for the one and a third longer for the other as
//! long as cloning a waker is free. It keeps the waker after the wake, and so saves a clone and a drop when the same task
//! comes again: with a waker that counts references it took a fifth less than this. That waker keeps its task in memory for
//! as long as nobody else registers; here nothing of a task is left once it was woken.

mod slot;

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::task::Waker;

use crate::sync::{AtomicUsize, Ordering, const_unless_loom};
use slot::Slot;

/// Nobody is registered. Every other value is the number of a slot plus one.
const NONE: usize = 0;
const SLOTS: usize = 2;

/// A place for the waker of one task, which any thread can wake.
///
/// One task registers, each time it is polled; others wake it. A wake with nobody registered costs one read-modify-write,
/// a registration two, and none if the same waker is registered still.
///
/// Several tasks that register with one `AtomicWaker` get in each other's way, but safely: the last one stays, and the others
/// are forgotten or woken at once. For several tasks there are [`Event`](crate::Event) and [`WaitQueue`](crate::WaitQueue).
///
/// # Register, then look
///
/// A task that looks at its condition first and then registers can miss a wake between the two. So register before you look:
///
/// ```
/// use std::future::poll_fn;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::task::Poll;
///
/// use sync_prims::{AtomicWaker, blocking::block_on};
///
/// static DONE: AtomicBool = AtomicBool::new(false);
/// static WAKER: AtomicWaker = AtomicWaker::new();
///
/// std::thread::spawn(|| {
///     DONE.store(true, Ordering::Relaxed);
///     WAKER.wake();
/// });
///
/// block_on(poll_fn(|cx| {
///     // A first look may spare the registration.
///     if DONE.load(Ordering::Relaxed) {
///         return Poll::Ready(());
///     }
///     WAKER.register(cx.waker());
///     // From here on a wake finds this task. What was written before an earlier one is visible now.
///     if DONE.load(Ordering::Relaxed) {
///         return Poll::Ready(());
///     }
///     Poll::Pending
/// }));
/// ```
///
/// `Relaxed` is enough for the condition itself; `Acquire` and `Release` are for what else it announces.
///
/// # Wakers that panic or call back
///
/// A panic in a waker's `clone`, `wake` or `drop` goes on to the caller and leaves the `AtomicWaker` usable. A waker may call
/// any method of the `AtomicWaker` that it is registered with.
pub struct AtomicWaker {
    registered: AtomicUsize,
    slots: [Slot; SLOTS],
}

impl AtomicWaker {
    const_unless_loom! {
        /// Nobody is registered.
        pub const fn new() -> AtomicWaker {
            AtomicWaker {
                registered: AtomicUsize::new(NONE),
                slots: [Slot::new(), Slot::new()],
            }
        }
    }

    /// Registers the task to be woken, in place of the one before. Call it before you look at the condition.
    ///
    /// If this waker is registered already ([`Waker::will_wake`]), it is not cloned.
    ///
    /// In one case the task is woken at once instead, and has to be polled again: two other threads were interrupted in the
    /// middle of waking it.
    #[inline]
    pub fn register(&self, waker: &Waker) {
        if !self.holds(waker) {
            self.store(waker.clone());
        }
    }

    /// The same as [`register`](AtomicWaker::register), under the name that it has elsewhere.
    #[inline]
    pub fn register_by_ref(&self, waker: &Waker) {
        self.register(waker);
    }

    /// Like [`register`](AtomicWaker::register), for who has a waker to give away.
    #[inline]
    pub fn register_owned(&self, waker: Waker) {
        if !self.holds(&waker) {
            self.store(waker);
        }
    }

    /// Wakes the registered task, which is registered no more then; `false` if there was none.
    ///
    /// If there was none, what the caller wrote before is visible to the next one that registers.
    #[inline]
    pub fn wake(&self) -> bool {
        match self.take_waker() {
            Some(waker) => {
                waker.wake();
                true
            }
            None => false,
        }
    }

    /// Takes the registered waker, without waking it. Against other calls it is like [`wake`](AtomicWaker::wake).
    #[inline]
    #[must_use = "the task is not woken by this"]
    pub fn take_waker(&self) -> Option<Waker> {
        self.swap(NONE)
    }

    /// Whether the same waker is registered, or was so a moment ago.
    #[inline]
    fn holds(&self, waker: &Waker) -> bool {
        // Relaxed: a waker that is there still was registered by this very task.
        match self.registered.load(Ordering::Relaxed) {
            NONE => false,
            registered => self.slots[registered - 1].holds(waker),
        }
    }

    #[inline]
    fn store(&self, waker: Waker) {
        let (index, replaced) = match self.withdraw() {
            Some((index, replaced)) => (index, Some(replaced)),
            None => match self.slots.iter().position(Slot::claim) {
                Some(index) => (index, None),
                None => return waker.wake(),
            },
        };
        self.slots[index].fill(waker);
        let overtaken = self.swap(index + 1);
        // Foreign code: nothing is left to do for this registration.
        drop((replaced, overtaken));
    }

    /// Takes the waker that is to be replaced, and keeps its slot.
    #[inline]
    fn withdraw(&self) -> Option<(usize, Waker)> {
        if self.registered.load(Ordering::Relaxed) == NONE {
            return None;
        }
        let index = self
            .registered
            .swap(NONE, Ordering::Acquire)
            .checked_sub(1)?;
        // SAFETY: the swap took this filled slot out of the word, so it is this call's, which takes the waker once.
        Some((index, unsafe { self.slots[index].take() }))
    }

    /// Sets the word, empties the slot that it named before and hands out the waker from there.
    #[inline]
    fn swap(&self, registered: usize) -> Option<Waker> {
        let index = self
            .registered
            .swap(registered, Ordering::AcqRel)
            .checked_sub(1)?;
        let slot = &self.slots[index];
        // SAFETY: the swap took this filled slot out of the word, so it is this call's, which takes the waker once.
        let waker = unsafe { slot.take() };
        slot.release();
        Some(waker)
    }
}

impl Default for AtomicWaker {
    fn default() -> AtomicWaker {
        AtomicWaker::new()
    }
}

impl fmt::Debug for AtomicWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicWaker")
            .field(
                "registered",
                &(self.registered.load(Ordering::Relaxed) != NONE),
            )
            .finish_non_exhaustive()
    }
}

impl Drop for AtomicWaker {
    fn drop(&mut self) {
        // The load spares an empty one the swap; nobody else is left who could change it.
        if self.registered.load(Ordering::Relaxed) != NONE {
            drop(self.take_waker());
        }
    }
}
