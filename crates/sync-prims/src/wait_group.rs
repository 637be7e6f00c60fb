//! [`WaitGroup`]: counts who is at work, and says when nobody is.
//!
//! # States
//!
//! One word.
//!
//! | bits | name | means |
//! |---|---|---|
//! | 0 | `AWAITED` | under the lock of the queue: somebody stands in it |
//! | the others | count | how many are at work |
//!
//! | count | `add` | `done` | first poll of a wait | the last waiter is dropped |
//! |---|---|---|---|---|
//! | zero | more | panic, and nothing changes | ready | – |
//! | some | more | less, maybe zero | under the lock: + `AWAITED`, link | – |
//! | one, `AWAITED` | more | under the lock: zero, not `AWAITED`, tell all; then wake | under the lock: link | under the lock: not `AWAITED` |
//! | more, `AWAITED` | more | less | under the lock: link | under the lock: not `AWAITED` |
//!
//! Nobody stands in the queue while the count is zero, so the word is never zero and `AWAITED`.
//!
//! # Races
//!
//! - *Register and the last done*: the waiter adds `AWAITED` to a count that is not zero, under the lock, and links itself
//!   before it releases the lock. A `done` that makes it zero before that is found; one that comes after finds `AWAITED`
//!   and takes the lock.
//! - *The last done and add*: `done` makes the step to zero by compare-and-swap, with waiters under the lock. If an `add`
//!   was first, it was not the last; if an `add` comes after, all who waited were told, and stay so.
//! - *The last done, add, and wait*: whoever comes after that `add` waits for the new work, and is not told of the old: the
//!   step to zero and the telling are one hold of the lock.
//! - *Two dones*: one of them makes the step to zero. It has acquired what the others released, so whoever waited sees what
//!   all did before they were done.
//! - *Cancel and the last done*: see the page of the module `queue`. All are told, so there is nothing to pass on.

mod guard;

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Cancelled, Queue, Token, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

pub use guard::{OwnedWaitGroupGuard, WaitGroupGuard};

const AWAITED: usize = 1;
/// One at work.
const ONE: usize = 1 << 1;

/// All are told the same.
const TOLD: Token = Token(0);

/// Counts who is at work, for those who wait until nobody is.
///
/// [`add`](WaitGroup::add) before work is handed out and [`done`](WaitGroup::done) after it; or [`enter`](WaitGroup::enter),
/// whose guard does both, can be cloned for more work, and is dropped on every way out.
///
/// A group can be used again. A wait ends when the count is zero at some moment after its first poll, and stays ended
/// if more is added then; a wait that begins after that waits for the new work. So add what is to be waited for before the
/// wait begins: a worker that adds for itself may be too late.
///
/// What was done before a `done` can be seen after the wait.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use sync_prims::WaitGroup;
///
/// let (work, done) = (WaitGroup::new(), AtomicU32::new(0));
/// std::thread::scope(|threads| {
///     for _ in 0..3 {
///         let at_work = work.enter();
///         let done = &done;
///         threads.spawn(move || {
///             let _at_work = at_work;
///             done.fetch_add(1, Relaxed);
///         });
///     }
///     work.wait_blocking();
///     assert_eq!(done.load(Relaxed), 3);
/// });
/// ```
///
/// # Cost
///
/// Without waiters `add` and `done` are one atomic read-modify-write, and no lock is taken. With waiters that is so except
/// for the last `done`. A wait for nobody is one load.
pub struct WaitGroup {
    state: AtomicUsize,
    queue: Queue,
}

impl WaitGroup {
    /// How many can be at work at once.
    pub const MAX: usize = usize::MAX / ONE;

    const_unless_loom! {
        /// A group of nobody.
        pub const fn new() -> WaitGroup {
            WaitGroup {
                state: AtomicUsize::new(0),
                queue: Queue::new(),
            }
        }
    }

    /// So many more are at work.
    ///
    /// # Panics
    ///
    /// If they would be more than [`WaitGroup::MAX`]. The count stays as it was.
    #[inline]
    pub fn add(&self, count: usize) {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            assert!(
                count <= WaitGroup::MAX - state / ONE,
                "a wait group cannot count as far as that"
            );
            let exchange = self.state.compare_exchange_weak(
                state,
                state + count * ONE,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match exchange {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
    }

    /// One of them is done. Whether it was the last.
    ///
    /// # Panics
    ///
    /// If nobody is at work: `done` was called more often than was added. The count stays zero.
    #[inline]
    pub fn done(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            assert!(state >= ONE, "done was called more often than was added");
            if state == ONE | AWAITED {
                if self.last_is_done() {
                    return true;
                }
                state = self.state.load(Ordering::Relaxed);
                continue;
            }
            let exchange = self.state.compare_exchange_weak(
                state,
                state - ONE,
                Ordering::Release,
                Ordering::Relaxed,
            );
            match exchange {
                Ok(_) => return state == ONE,
                Err(now) => state = now,
            }
        }
    }

    /// The step to zero while somebody waits; `false` if this is not it any more.
    #[cold]
    fn last_is_done(&self) -> bool {
        let locked = self.queue.lock();
        let exchange =
            self.state
                .compare_exchange(ONE | AWAITED, 0, Ordering::AcqRel, Ordering::Relaxed);
        let is_last = exchange.is_ok();
        if is_last {
            locked.release_all(TOLD);
        }
        is_last
    }

    /// How many are at work. It may have changed when the caller looks at the answer.
    #[inline]
    pub fn count(&self) -> usize {
        self.state.load(Ordering::Acquire) / ONE
    }

    /// Waits until nobody is at work.
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            group: self,
            waiter: Waiter::new(),
        }
    }

    /// Sleeps until nobody is at work, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn wait_blocking(&self) {
        crate::blocking::block_on(self.wait());
    }

    /// Under the lock: whether to wait, having left word that somebody does.
    fn admit(&self) -> Admission<()> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            if state < ONE {
                return Admission::Enter(());
            }
            let exchange = self.state.compare_exchange(
                state,
                state | AWAITED,
                Ordering::Relaxed,
                Ordering::Acquire,
            );
            match exchange {
                Ok(_) => return Admission::Back { tag: 0 },
                Err(now) => state = now,
            }
        }
    }
}

impl Default for WaitGroup {
    fn default() -> WaitGroup {
        WaitGroup::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait for a [`WaitGroup`].
    ///
    /// Dropping it ends the wait. Polled again when it was ready, it is another wait, for whoever is at work then.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'g> {
        group: &'g WaitGroup,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Wait<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let group = *this.group;
            if let Cancelled::Removed(locked) = group.queue.cancel(this.waiter)
                && locked.is_empty()
            {
                group.state.fetch_and(!AWAITED, Ordering::Relaxed);
            }
        }
    }
}

impl Future for Wait<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let group = *this.group;
        if this.waiter.is_idle() && group.count() == 0 {
            return Poll::Ready(());
        }
        ready!(group.queue.poll(this.waiter, cx, |_| group.admit()));
        Poll::Ready(())
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("group", self.group).finish()
    }
}
