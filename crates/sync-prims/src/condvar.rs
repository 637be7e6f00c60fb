//! [`CondVar`]: wait, with a locked mutex in hand, until somebody says that the value may have changed.
//!
//! # States
//!
//! One flag beside the queue: `occupied`, whether somebody may wait. It is written under the queue's lock alone: raised
//! when a waiter is linked, lowered when the last one leaves. It spares a notifier the lock.
//!
//! A waiter goes through four stages:
//!
//! | stage | it has | polled | notified | dropped |
//! |---|---|---|---|---|
//! | holding | the lock | link, unlock: waiting | – | unlocks |
//! | waiting | a place in this queue | waiting | locking | leaves the queue |
//! | locking | a notification; a place in the mutex's queue | locks: done | – | leaves that queue, passes the notification on |
//! | done | – | panics | – | – |
//!
//! # Why a notification wakes the task
//!
//! It could move the waiter to the mutex's line instead, as some do whose notifier holds the lock, and spare the task a wake
//! in vain. But then the notifier needs the mutex of each waiter, of which one condition variable may serve several, has to
//! ask it whether it is locked, and holds the locks of two queues at once. A task that is woken costs less than it seems:
//! on the notifier's own thread it runs after the notifier let go, and elsewhere it stands in the mutex's line by the time
//! of the unlock. So a wait is two waits in a row, each with its own queue, and works with a mutex of either kind.
//!
//! # Races
//!
//! - *Register and unlock*: the waiter is linked before it unlocks, so whoever locks after it finds it in the queue.
//! - *Notify and register*, with nothing but a relaxed load in `notify`: a notifier that has something to say has changed the
//!   value with the mutex locked, before it notifies. If its turn came before the waiter's, the waiter has seen the change and
//!   does not wait. If it came after, the waiter's unlock happened before the notifier's lock, and with it the raising of
//!   the flag, which the load therefore sees; or it sees a later lowering, by which this waiter was notified or had left.
//!   This holds whether `notify` is called before or after the unlock. A notifier that changes something else, without the
//!   lock, could slip in between a waiter's look and its registration however `notify` were written.
//! - *Notify and cancel*: both take the queue's lock. A dropped waiter that had been notified alone notifies the next.
//! - *Notify all and a late arrival*: all who wait are told in one step; who comes after is not concerned.

mod wait;
mod wait_while;

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::mutex::Guard;
use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicBool, Ordering, const_unless_loom};
pub use wait::Wait;
#[cfg(any(feature = "std", loom))]
pub use wait::WaitTimeoutResult;
pub use wait_while::WaitWhile;

/// The notification was for one waiter, and is passed on if nobody takes it.
const ONE: Token = Token(0);
/// It was for all who waited.
const ALL: Token = Token(1);

/// A queue in which to wait for a change of what a [`Mutex`](crate::Mutex) protects.
///
/// A waiter gives its guard, and gets it back: it is in the queue before the mutex is unlocked, so no change that is made with
/// the mutex locked escapes it. Both kinds of guard serve, [`MutexGuard`](crate::mutex::MutexGuard) and
/// [`OwnedMutexGuard`](crate::mutex::OwnedMutexGuard), of any mutex.
///
/// ```
/// use sync_prims::{CondVar, Mutex, blocking::block_on};
///
/// let numbers = Mutex::new(Vec::new());
/// let changed = CondVar::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| {
///         numbers.lock_blocking().push(7);
///         changed.notify_one();
///     });
///     let taken = block_on(async {
///         let numbers = numbers.lock().await;
///         let mut numbers = changed.wait_while(numbers, |numbers| numbers.is_empty()).await;
///         numbers.pop()
///     });
///     assert_eq!(taken, Some(7));
/// });
/// ```
///
/// # Who is notified
///
/// Waiters are notified in the order they came, each on its own task or thread, where it locks the mutex again. With many
/// notified at once they stand in the mutex's line in the order in which they run.
///
/// Change the value with the mutex locked; notify with it or after it was unlocked, as you like. After is cheaper if the
/// waiter is on another thread, which would have to wait once more. A notification that finds nobody is forgotten, and costs
/// one load.
///
/// # Wakes for nothing
///
/// A wait may end without a notification meant for it: when a notified waiter is dropped before it has the lock back, its
/// notification goes to the next, who may find nothing changed. And what was there at the notification may be gone at the
/// lock. So look at the value after a wait, or let [`wait_while`](CondVar::wait_while) look.
pub struct CondVar {
    occupied: AtomicBool,
    queue: Queue,
}

impl CondVar {
    const_unless_loom! {
        /// A condition variable that nobody waits for.
        pub const fn new() -> CondVar {
            CondVar {
                occupied: AtomicBool::new(false),
                queue: Queue::new(),
            }
        }
    }

    /// Unlocks, waits for a notification, and locks again.
    ///
    /// Until the future is polled the first time nothing happens, and the mutex stays locked.
    ///
    /// Dropping the future ends the wait, and unlocks or leaves the mutex alone. A notification of one that it had got goes
    /// to the next, even if it was already waiting for the mutex: it has not seen the value.
    #[inline]
    pub fn wait<G: Guard>(&self, guard: G) -> Wait<'_, G> {
        Wait::new(self, guard)
    }

    /// Waits as long as `condition` is true for the value.
    ///
    /// `condition` is called with the mutex locked, in a poll of the future: first before any wait, then after each
    /// notification. Whoever finds it true again stands at the end of the line.
    ///
    /// Dropping the future is as for [`wait`](CondVar::wait).
    #[inline]
    pub fn wait_while<G, F>(&self, guard: G, condition: F) -> WaitWhile<'_, G, F>
    where
        G: Guard,
        F: FnMut(&mut G::Target) -> bool,
    {
        WaitWhile::new(self, guard, condition)
    }

    /// Notifies the one who has waited longest; `false` if nobody waits.
    ///
    /// If the waiter is dropped before it has the lock, its notification goes to the next.
    #[inline]
    pub fn notify_one(&self) -> bool {
        self.occupied.load(Ordering::Relaxed) && self.notify_first()
    }

    /// Notifies all who wait at this moment, in the order they came.
    ///
    /// It is one step against waiters that come meanwhile: they are not concerned.
    #[inline]
    pub fn notify_all(&self) {
        if self.occupied.load(Ordering::Relaxed) {
            self.notify_queue();
        }
    }

    #[inline(never)]
    fn notify_first(&self) -> bool {
        let mut locked = self.queue.lock();
        let waker = locked.notify_first(ONE);
        self.settle(&locked);
        drop(locked);
        match waker {
            Some(waker) => {
                waker.wake();
                true
            }
            None => false,
        }
    }

    #[inline(never)]
    fn notify_queue(&self) {
        let locked = self.queue.lock();
        self.occupied.store(false, Ordering::Relaxed);
        locked.release_all(ALL);
    }

    /// Stands in line, or asks whether the notification has come.
    fn poll_told(&self, waiter: Pin<&mut Waiter>, cx: &mut Context<'_>) -> Poll<Token> {
        let admit = |_: &mut Locked<'_>| {
            self.occupied.store(true, Ordering::Relaxed);
            Admission::Back { tag: 0 }
        };
        self.queue
            .poll(waiter, cx, admit)
            .map(|waited| match waited {
                Waited::Entered(token) | Waited::Notified(token) => token,
            })
    }

    /// Leaves the line; the notification, if it has come.
    fn leave(&self, waiter: Pin<&mut Waiter>) -> Option<Token> {
        match self.queue.cancel(waiter) {
            Cancelled::Idle => None,
            Cancelled::Removed(locked) => {
                self.settle(&locked);
                None
            }
            Cancelled::Notified(token) => Some(token),
        }
    }

    /// Under the queue's lock, after somebody left: lowers the flag if that was the last.
    fn settle(&self, locked: &Locked<'_>) {
        if locked.is_empty() {
            self.occupied.store(false, Ordering::Relaxed);
        }
    }
}

impl Default for CondVar {
    fn default() -> CondVar {
        CondVar::new()
    }
}

impl fmt::Debug for CondVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CondVar")
            .field("awaited", &self.occupied.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}
