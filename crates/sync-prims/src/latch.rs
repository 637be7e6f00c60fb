//! [`Latch`]: opens for good when it was counted down to zero.
//!
//! # States
//!
//! One word.
//!
//! | bits | name | means |
//! |---|---|---|
//! | 0 | `AWAITED` | somebody may stand in the queue |
//! | the others | remaining | how often it has to be counted down yet; at zero the latch is open, for good, and `AWAITED` means nothing any more |
//!
//! | remaining | count down by less | count down by that or more | first poll of a wait | a wait is dropped |
//! |---|---|---|---|---|
//! | some | less | zero | under the lock: + `AWAITED`, link | – |
//! | some, `AWAITED` | less | zero, then the lock: tell all, wake | under the lock: link | under the lock: unlink |
//! | zero | – | – | ready | – |
//!
//! # Races
//!
//! - *The last two count down, and one waits*: each takes its part by compare-and-swap, so one of them makes the step to
//!   zero, and wakes. It has acquired what the others released, so whoever waited sees what all did before they counted.
//! - *Register and the last count*: the waiter adds `AWAITED` under the lock and links itself before it releases the lock.
//!   A last count that comes before is found by it; one that comes after finds `AWAITED`, takes the lock, and so finds the
//!   waiter linked.
//! - *Cancel and the last count*: see the page of the module `queue`. All are told, so there is nothing to pass on.
//! - `AWAITED` stays when the last waiter is dropped: the last count takes the lock once in vain.

mod guard;

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Locked, Queue, Token, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

pub use guard::{LatchGuard, OwnedLatchGuard};

const AWAITED: usize = 1;
/// One count.
const ONE: usize = 1 << 1;

/// All are told the same.
const TOLD: Token = Token(0);

/// A door that opens for good when it was counted down to zero.
///
/// The number is fixed at the start. For one that grows with the work, and that can be used again, there is
/// [`WaitGroup`](crate::WaitGroup); for several that wait for each other, again and again, a barrier.
///
/// What was done before a count can be seen after the wait.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use sync_prims::Latch;
///
/// let (ready, parts) = (Latch::new(3), AtomicU32::new(0));
/// std::thread::scope(|threads| {
///     for _ in 0..3 {
///         threads.spawn(|| {
///             parts.fetch_add(1, Relaxed);
///             ready.count_down();
///         });
///     }
///     ready.wait_blocking();
///     assert_eq!(parts.load(Relaxed), 3);
/// });
/// ```
///
/// # Cost
///
/// Without waiters a count is one atomic read-modify-write, and no lock is taken. A wait for an open latch is one load.
pub struct Latch {
    state: AtomicUsize,
    queue: Queue,
}

impl Latch {
    /// The greatest number to count down from.
    pub const MAX: usize = usize::MAX / ONE;

    const_unless_loom! {
        /// A latch to be counted down so often. With zero it is open.
        ///
        /// # Panics
        ///
        /// If the number is greater than [`Latch::MAX`].
        pub const fn new(count: usize) -> Latch {
            assert!(count <= Latch::MAX, "a latch cannot count as far as that");
            Latch {
                state: AtomicUsize::new(count * ONE),
                queue: Queue::new(),
            }
        }
    }

    /// Counts down by one. Whether this has opened the latch.
    ///
    /// A latch that is open stays as it is.
    #[inline]
    pub fn count_down(&self) -> bool {
        self.count_down_by(1)
    }

    /// Counts down by that much, at most to zero. Whether this has opened the latch.
    #[inline]
    pub fn count_down_by(&self, count: usize) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let left = (state / ONE).saturating_sub(count);
            if count == 0 || state < ONE {
                return false;
            }
            let next = if left == 0 { 0 } else { state - count * ONE };
            let exchange =
                self.state
                    .compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed);
            match exchange {
                Ok(_) if left != 0 => return false,
                Ok(_) => break,
                Err(now) => state = now,
            }
        }
        if state & AWAITED != 0 {
            self.queue.lock().release_all(TOLD);
        }
        true
    }

    /// How often it has to be counted down yet. It may have changed when the caller looks at the answer.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.state.load(Ordering::Acquire) / ONE
    }

    /// Whether it was counted down to zero.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.remaining() == 0
    }

    /// Waits until it was counted down to zero.
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            latch: self,
            waiter: Waiter::new(),
        }
    }

    /// Sleeps until it was counted down to zero, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn wait_blocking(&self) {
        crate::blocking::block_on(self.wait());
    }

    /// Counts down by one, at the first poll, and waits for the others.
    ///
    /// Dropping the future ends the wait; if it was polled, its count stays.
    #[inline]
    pub fn arrive_and_wait(&self) -> ArriveAndWait<'_> {
        ArriveAndWait {
            has_arrived: false,
            wait: self.wait(),
        }
    }

    /// Counts down by one and sleeps until the others have, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn arrive_and_wait_blocking(&self) {
        self.count_down();
        self.wait_blocking();
    }

    /// Under the lock: whether to wait, having left word that somebody does.
    fn admit(&self) -> Admission<()> {
        if self.state.fetch_or(AWAITED, Ordering::AcqRel) < ONE {
            Admission::Enter(())
        } else {
            Admission::Back { tag: 0 }
        }
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latch")
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait for a [`Latch`].
    ///
    /// Dropping it ends the wait. Polled again when it was ready, it is ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'l> {
        latch: &'l Latch,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Wait<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // Whoever opens the latch tells all, so there is nothing to pass on.
            drop(this.latch.queue.cancel(this.waiter));
        }
    }
}

impl Future for Wait<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let latch = *this.latch;
        if this.waiter.is_idle() && latch.is_open() {
            return Poll::Ready(());
        }
        let admit = |_: &mut Locked<'_>| latch.admit();
        ready!(latch.queue.poll(this.waiter, cx, admit));
        Poll::Ready(())
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("latch", self.latch).finish()
    }
}

pin_project! {
    /// A count for a [`Latch`], and a wait for the others.
    ///
    /// It counts at its first poll. Dropping it ends the wait and takes no count back. Polled again when it was ready, it is
    /// ready again, and does not count again.
    #[must_use = "futures do nothing unless polled: this one has not counted yet"]
    #[derive(Debug)]
    pub struct ArriveAndWait<'l> {
        has_arrived: bool,
        #[pin]
        wait: Wait<'l>,
    }
}

impl Future for ArriveAndWait<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if !mem::replace(this.has_arrived, true) {
            this.wait.latch.count_down();
        }
        this.wait.poll(cx)
    }
}
