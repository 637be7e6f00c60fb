//! [`Barrier`]: several wait for each other, again and again.
//!
//! # States
//!
//! Two numbers, written under the queue's lock alone: whoever arrives either stands in the queue or wakes those who do, so
//! there is nothing to spare a lock for.
//!
//! | number | meaning |
//! |---|---|
//! | `arrived` | how many wait for this round's others, less than there are parties |
//! | `round` | how often the barrier has opened; wraps around |
//!
//! | `arrived` | a wait, first poll | a wait is dropped |
//! |---|---|---|
//! | all but one | the leader: 0, next round, tell all, wake | one less, unlink |
//! | fewer | one more, link | the same |
//! | of a later round than the waiter | – | unlink |
//!
//! # Races
//!
//! - *Arrive and arrive*: both under the lock. The last one finds all others linked, and tells them before the first of the
//!   next round can be linked.
//! - *Arrive and cancel*: both under the lock. The canceller takes its arrival back before the last one comes, who then is not
//!   the last; or it was told.
//! - *Told and cancel*: all are told in one step but notified a batch at a time. Who is dropped in between is still linked, and
//!   knows by its round that its arrival was counted, so it takes none of the next round back.
//! - *Reuse*: who was told may arrive again at once, in the next round, while others of its round are still to be woken. They
//!   stand in another list than it does then: see the page of the module `queue`.

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

/// All are told the same.
const TOLD: Token = Token(0);

/// A meeting point for a number of tasks and threads, which all go on when the last has arrived.
///
/// It can be used again at once: the next who wait meet in the next round. One of each round, the last to arrive, is told
/// that it is the leader. What anybody did before it arrived is visible to all after.
///
/// # A wait that is dropped
///
/// Someone who does not wait any longer has not arrived: a future that is dropped takes its arrival back, and the others
/// wait for somebody else in its place. If all had arrived already, whether it was polled since or not, its arrival counts
/// and the drop changes nothing: the others have gone on.
///
/// So a round is never left with fewer than it needs, and nobody of the next is counted for somebody who left.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use sync_prims::Barrier;
///
/// let (meeting, done) = (Barrier::new(3), AtomicU32::new(0));
/// std::thread::scope(|threads| {
///     for _ in 0..3 {
///         threads.spawn(|| {
///             for round in 1..=10 {
///                 done.fetch_add(1, Relaxed);
///                 if meeting.wait_blocking().is_leader() {
///                     assert_eq!(done.load(Relaxed), 3 * round);
///                 }
///                 // Nobody begins the next round before the leader has looked.
///                 meeting.wait_blocking();
///             }
///         });
///     }
/// });
/// ```
pub struct Barrier {
    parties: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    queue: Queue,
}

/// What a party learns when the barrier opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    is_leader: bool,
}

impl BarrierWaitResult {
    /// Whether this is the one of its round that arrived last.
    pub fn is_leader(&self) -> bool {
        self.is_leader
    }
}

const LEADER: BarrierWaitResult = BarrierWaitResult { is_leader: true };
const FOLLOWER: BarrierWaitResult = BarrierWaitResult { is_leader: false };

impl Barrier {
    const_unless_loom! {
        /// A barrier for so many parties. For 1, and likewise for 0, everybody is a leader at once.
        pub const fn new(parties: usize) -> Barrier {
            Barrier {
                parties,
                arrived: AtomicUsize::new(0),
                round: AtomicUsize::new(0),
                queue: Queue::new(),
            }
        }
    }

    /// Arrives, and waits for the others.
    ///
    /// It arrives when it is polled first. Dropping the future takes the arrival back, unless all had arrived already.
    #[inline]
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            barrier: Some(self),
            round: 0,
            waiter: Waiter::new(),
        }
    }

    /// Arrives, and sleeps until the others have, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn wait_blocking(&self) -> BarrierWaitResult {
        crate::blocking::block_on(self.wait())
    }

    /// How many are needed for it to open.
    pub fn parties(&self) -> usize {
        self.parties
    }

    #[inline]
    fn is_last(&self) -> bool {
        self.arrived.load(Ordering::Relaxed) + 1 >= self.parties
    }

    /// Arrives if that makes it the last.
    fn lead(&self) -> Option<BarrierWaitResult> {
        if self.parties <= 1 {
            return Some(LEADER);
        }
        if !self.is_last() {
            return None;
        }
        let locked = self.queue.lock();
        if !self.is_last() {
            return None;
        }
        self.open();
        locked.release_all(TOLD);
        Some(LEADER)
    }

    /// Under the lock: begins the next round.
    fn open(&self) {
        let next = self.round.load(Ordering::Relaxed).wrapping_add(1);
        self.round.store(next, Ordering::Relaxed);
        self.arrived.store(0, Ordering::Relaxed);
    }

    /// Under the lock: arrives; `round` is which it arrives in.
    fn arrive(&self, round: &mut usize) -> Admission<BarrierWaitResult> {
        if self.is_last() {
            self.open();
            return Admission::TellAll {
                value: LEADER,
                token: TOLD,
            };
        }
        *round = self.round.load(Ordering::Relaxed);
        let arrived = self.arrived.load(Ordering::Relaxed);
        self.arrived.store(arrived + 1, Ordering::Relaxed);
        Admission::Back { tag: 0 }
    }

    /// Under the lock, after somebody left who arrived in this round.
    fn take_back(&self, _locked: &Locked<'_>, round: usize) {
        if self.round.load(Ordering::Relaxed) == round {
            let arrived = self.arrived.load(Ordering::Relaxed);
            self.arrived.store(arrived - 1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("arrived", &self.arrived.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait at a [`Barrier`].
    ///
    /// It arrives when it is polled first. Dropping it takes the arrival back, unless all had arrived already.
    ///
    /// # Panics
    ///
    /// If it is polled after it was ready.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'b> {
        // Gone when the wait has ended.
        barrier: Option<&'b Barrier>,
        // Of the barrier, when it arrived.
        round: usize,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Wait<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(barrier) = this.barrier.take()
                && let Cancelled::Removed(locked) = barrier.queue.cancel(this.waiter)
            {
                barrier.take_back(&locked, *this.round);
            }
        }
    }
}

impl Future for Wait<'_> {
    type Output = BarrierWaitResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        let this = self.project();
        let barrier = this.barrier.expect("polled after it was ready");
        if this.waiter.is_idle()
            && let Some(leader) = barrier.lead()
        {
            *this.barrier = None;
            return Poll::Ready(leader);
        }
        let arrive = |_: &mut Locked<'_>| barrier.arrive(this.round);
        let waited = ready!(barrier.queue.poll(this.waiter, cx, arrive));
        *this.barrier = None;
        Poll::Ready(match waited {
            Waited::Entered(leader) => leader,
            Waited::Notified(_) => FOLLOWER,
        })
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}
