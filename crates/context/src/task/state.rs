//! The word of a task that every thread may change, and its transitions.
//!
//! | bits | name | meaning |
//! |------|------|---------|
//! | 0 | `NOTIFIED` | the task is in its context's inbox, or on its way there; the inbox owns one reference |
//! | 1 | `COMPLETE` | the future is gone, the output (if wanted) is written, the home thread's references are in the count |
//! | 2 | `INTEREST` | a handle on any thread wants the output |
//! | 3 | `ABORT` | the task was asked from another thread to end |
//! | 4.. | count | references counted by all threads but the home thread, as a signed number |
//!
//! References are counted in two places, after *biased reference counting* (Choi, Shull, Torrellas, PACT 2018):
//! the home thread counts the ones it makes and drops in a plain cell of the header, all other threads count here.
//! A reference made on one side and dropped on the other leaves one count high and the other low, so either can be
//! negative; only the sum means anything. While the task lives nobody frees it, so nobody needs the sum. When it
//! completes, on the home thread, [`Shared::complete`] adds the home thread's count to this one in the same
//! step that sets `COMPLETE`; from then on every thread counts here, and the one that takes the count to zero frees
//! the task.
//!
//! | transition | by | from | to |
//! |------------|----|------|----|
//! | [`Shared::retain`] | any thread but home; home after `COMPLETE` | any | count + 1 |
//! | [`Shared::release`] | the same | any | count − 1; with `COMPLETE` and 0 left: the caller frees |
//! | [`Shared::notify`] | any thread but home | `!NOTIFIED !COMPLETE` | `NOTIFIED`, count + 1; the caller pushes |
//! | [`Shared::notify`] | any thread but home | otherwise | unchanged, but written, so that it synchronises |
//! | [`Shared::abort`] | any thread | as `notify` | as `notify`, with `ABORT` |
//! | [`Shared::take`] | home | `NOTIFIED` | `!NOTIFIED`, count − 1; with `COMPLETE` and 0 left: the caller frees |
//! | [`Shared::complete`] | home, once | `!COMPLETE` | `COMPLETE`, count + home's + 1 for the caller |
//! | [`Shared::forgo`] | the handle, once | `INTEREST` | `!INTEREST`; with `COMPLETE`: the caller drops the output |
//!
//! Races, each with a model below:
//!
//! - *notify × take*: a notify that finds `NOTIFIED` set adds nothing to the inbox, and relies on the home thread's
//!   later `take`. Its write is in the modification order before that `take`, which acquires it: what the notifier
//!   wrote before is seen by the poll that follows.
//! - *notify × complete*: after `COMPLETE` a notify does nothing; before it, the inbox's reference keeps the memory
//!   until `take`.
//! - *release × complete*: the count can pass through zero before `COMPLETE`; freeing needs both.
//! - *forgo × complete*: both write the word, so one comes first: if `forgo` does, `complete` reports no interest and
//!   the home thread drops the output; if `complete` does, `forgo` reports completion and the handle drops it.

use crate::sync::{AtomicUsize, Ordering};

const NOTIFIED: usize = 1 << 0;
const COMPLETE: usize = 1 << 1;
const INTEREST: usize = 1 << 2;
const ABORT: usize = 1 << 3;
const ONE: usize = 1 << 4;
const FLAGS: usize = ONE - 1;

/// Far beyond any number of wakers that fit into memory, far below overflow of the count.
const MAX_COUNT: isize = isize::MAX >> 6;

/// The word; see the module's page.
#[derive(Debug)]
pub(crate) struct Shared(AtomicUsize);

/// What the caller of [`Shared::notify`] or [`Shared::abort`] has to do.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notify {
    /// Push the task into its context's inbox, which now owns a reference.
    Push,
    /// Nothing: the task is there already, or complete.
    Nothing,
}

/// What [`Shared::take`] found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The inbox held the last reference to a complete task: free it.
    pub(crate) last: bool,
    /// Somebody asked for the task's end.
    pub(crate) abort: bool,
}

impl Shared {
    /// The word of a task spawned on its home thread: no reference of another thread's.
    pub(crate) fn spawned() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// The word of a task submitted from any thread: one reference for the inbox it is about to be pushed into, one
    /// for its handle.
    pub(crate) fn submitted() -> Self {
        Self(AtomicUsize::new(NOTIFIED | INTEREST | (2 * ONE)))
    }

    /// Adds a reference.
    #[inline]
    pub(crate) fn retain(&self) {
        let before = self.0.fetch_add(ONE, Ordering::Relaxed);
        if count(before) > MAX_COUNT {
            // As with `Arc`: a count that leaks its way to overflow would end in a use after free.
            std::process::abort();
        }
    }

    /// Drops a reference. True if it was the last of a complete task: the caller frees it.
    #[inline]
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        let before = self.0.fetch_sub(ONE, Ordering::AcqRel);
        before & COMPLETE != 0 && count(before) == 1
    }

    /// Asks for a poll from a thread other than the home thread.
    #[inline]
    pub(crate) fn notify(&self) -> Notify {
        self.notify_with(0)
    }

    /// Asks for the task's end from any thread.
    pub(crate) fn abort(&self) -> Notify {
        self.notify_with(ABORT)
    }

    #[inline]
    fn notify_with(&self, bits: usize) -> Notify {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (next, outcome) = if word & (NOTIFIED | COMPLETE) == 0 {
                ((word | NOTIFIED | bits).wrapping_add(ONE), Notify::Push)
            } else {
                (word | bits, Notify::Nothing)
            };
            // Written even when unchanged: see "notify × take".
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return outcome,
                Err(now) => word = now,
            }
        }
    }

    /// Takes the task out of the inbox, with the inbox's reference.
    #[inline]
    pub(crate) fn take(&self) -> Taken {
        let before = self.0.fetch_sub(NOTIFIED + ONE, Ordering::AcqRel);
        debug_assert!(before & NOTIFIED != 0);
        Taken {
            last: before & COMPLETE != 0 && count(before) == 1,
            abort: before & ABORT != 0,
        }
    }

    /// True if no thread but the home thread refers to the task in any way, nor can come to without the home thread's
    /// doing (given that the home thread counts no waker either).
    #[inline]
    pub(crate) fn is_private(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// Marks the task complete and moves the home thread's `references` into the count, with one more for the caller,
    /// who releases it when done. True if a handle wants the output.
    #[must_use]
    pub(crate) fn complete(&self, references: isize) -> bool {
        let add = (references + 1).wrapping_mul(ONE as isize) as usize;
        let before = self
            .0
            .fetch_add(add.wrapping_add(COMPLETE), Ordering::AcqRel);
        debug_assert!(before & COMPLETE == 0);
        before & INTEREST != 0
    }

    /// True once the task is complete; what it wrote before is then visible.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Acquire) & COMPLETE != 0
    }

    /// The handle no longer wants the output. True if the task is complete: then the caller drops the output.
    #[must_use]
    pub(crate) fn forgo(&self) -> bool {
        self.0.fetch_and(!INTEREST, Ordering::AcqRel) & COMPLETE != 0
    }

    /// A task that ended unmerged, and of which the home thread's handle is the only reference, is about to get another: the
    /// handle's reference is counted here from now on.
    pub(crate) fn merge_ended(&self) {
        let alone = self.complete(0);
        debug_assert!(!alone, "no handle of another thread's can exist");
    }

    /// A handle that lived on the home thread becomes one that any thread may hold: it gets `INTEREST`, and its reference
    /// is counted here. `complete` and `merged` say what the home thread knows of the task.
    pub(crate) fn share_handle(&self, complete: bool, merged: bool) {
        // A merged count has the handle's reference in it. A complete task that was not merged has no other.
        let reference = if merged { 0 } else { ONE };
        let completion = if complete && !merged { COMPLETE } else { 0 };
        let before = self
            .0
            .fetch_add(INTEREST + reference + completion, Ordering::AcqRel);
        debug_assert!(before & INTEREST == 0);
    }
}

/// The signed count above the flags.
#[inline]
fn count(word: usize) -> isize {
    (word & !FLAGS) as isize >> FLAGS.count_ones()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_count_may_pass_through_negative() {
        let shared = Shared::spawned();
        // A waker cloned at home was dropped elsewhere.
        assert!(!shared.release());
        assert!(!shared.is_private());
        // Home counts it as alive: the sum is zero, only the caller's own reference is left.
        assert!(!shared.complete(1));
        assert!(shared.release());
    }

    /// After more wakes by other threads than fit into 32 bits: each waker was cloned at home and dropped elsewhere.
    #[test]
    fn a_count_may_pass_through_billions() {
        let wakes = 5_000_000_000_isize;
        let shared = Shared(AtomicUsize::new((-wakes * ONE as isize) as usize));
        assert!(!shared.is_private());
        assert!(!shared.complete(wakes));
        assert!(shared.release());
    }

    #[test]
    fn a_second_notify_does_not_push() {
        let shared = Shared::spawned();
        assert_eq!(shared.notify(), Notify::Push);
        assert_eq!(shared.notify(), Notify::Nothing);
        assert_eq!(shared.abort(), Notify::Nothing);
        assert_eq!(
            shared.take(),
            Taken {
                last: false,
                abort: true
            }
        );
        assert_eq!(shared.notify(), Notify::Push);
    }

    #[test]
    fn the_inbox_may_hold_the_last_reference() {
        let shared = Shared::spawned();
        assert_eq!(shared.notify(), Notify::Push);
        assert!(!shared.complete(0));
        assert!(!shared.release());
        assert_eq!(shared.notify(), Notify::Nothing);
        assert!(shared.take().last);
    }

    #[test]
    fn the_output_has_one_owner() {
        let shared = Shared::submitted();
        assert!(!shared.take().last);
        assert!(shared.complete(0));
        assert!(shared.forgo());
        assert!(!shared.release());
        assert!(shared.release());

        let shared = Shared::submitted();
        assert!(!shared.take().last);
        assert!(!shared.forgo());
        assert!(!shared.complete(0));
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
