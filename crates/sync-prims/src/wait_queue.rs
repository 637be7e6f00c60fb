//! [`WaitQueue`]: the building block, for primitives of one's own.
//!
//! # States
//!
//! One flag beside the queue: whether somebody may wait. It spares a notifier the lock.
//!
//! # Races
//!
//! - *Register and notify*: a user's waiter registers and then looks at the user's condition; a user's notifier changes
//!   the condition and then notifies. Neither may miss the other, so there is a sequentially consistent fence between the
//!   two steps on both sides: [`Wait::poll`] has it after the flag is raised, `notify` before the flag is read. Either the
//!   notifier sees the flag, or the waiter sees the condition.
//! - *Lower the flag*: under the lock, when the last waiter leaves; *raise it*: under the lock, when one is linked.
//! - *Cancel and notify*: see the page of the module `queue`; a dropped waiter that was notified alone notifies the next.

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicBool, Ordering, const_unless_loom, fence};

/// The notification was for one waiter, and is passed on if nobody takes it.
const ONE: Token = Token(0);
/// It was for all who waited.
const ALL: Token = Token(1);

/// A queue of waiters without a condition of its own.
///
/// This is what the other primitives of the crate are built like, for building one more: keep the condition in an atomic of
/// your own, change it and then notify; wait with [`wait_until`](WaitQueue::wait_until), which registers before it looks.
///
/// A notification that finds nobody is forgotten. [`Notify`](https://docs.rs/tokio/latest/tokio/sync/struct.Notify.html)-like
/// permits, counts and locks are what to build on top.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use sync_prims::{WaitQueue, blocking::block_on};
///
/// /// Tickets to be taken, waited for if there are none.
/// struct Tickets {
///     left: AtomicU32,
///     queue: WaitQueue,
/// }
///
/// impl Tickets {
///     fn put(&self) {
///         self.left.fetch_add(1, Ordering::SeqCst);
///         self.queue.notify_one();
///     }
///
///     async fn take(&self) {
///         self.queue
///             .wait_until(|| {
///                 self.left
///                     .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
///                     .ok()
///             })
///             .await;
///     }
/// }
///
/// let tickets = Tickets { left: AtomicU32::new(0), queue: WaitQueue::new() };
/// std::thread::scope(|threads| {
///     threads.spawn(|| block_on(tickets.take()));
///     threads.spawn(|| tickets.put());
/// });
/// ```
pub struct WaitQueue {
    occupied: AtomicBool,
    queue: Queue,
}

impl WaitQueue {
    const_unless_loom! {
        /// A queue in which nobody waits.
        pub const fn new() -> WaitQueue {
            WaitQueue {
                occupied: AtomicBool::new(false),
                queue: Queue::new(),
            }
        }
    }

    /// Notifies the one who has waited longest; `false` if nobody waits.
    ///
    /// If the waiter is dropped before it is polled, its notification goes to the next.
    #[inline]
    pub fn notify_one(&self) -> bool {
        if !self.may_be_occupied() {
            return false;
        }
        self.notify_first()
    }

    /// Notifies up to `count` waiters, in the order they came; how many there were.
    pub fn notify(&self, count: usize) -> usize {
        (0..count).take_while(|_| self.notify_one()).count()
    }

    /// Notifies all who wait at this moment, in the order they came.
    ///
    /// It is one step against waiters that come meanwhile: they are not concerned.
    pub fn notify_all(&self) {
        if !self.may_be_occupied() {
            return;
        }
        let locked = self.queue.lock();
        self.occupied.store(false, Ordering::Relaxed);
        locked.release_all(ALL);
    }

    /// Whether nobody waits. It may have changed when the caller looks at the answer.
    pub fn is_empty(&self) -> bool {
        !self.occupied.load(Ordering::Relaxed)
    }

    /// Waits for a notification. It has its place in line from the first poll on.
    ///
    /// Dropping the future leaves the line; a notification that it had got already goes to the next.
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            queue: self,
            waiter: Waiter::new(),
        }
    }

    /// Waits until `condition` gives a value: looks, stands in line, looks again, and so on after each notification.
    ///
    /// `condition` runs on the waiting task, without a lock. If it takes something (a ticket, say), it must do so in one
    /// step. Dropping the future loses no notification.
    pub async fn wait_until<T>(&self, mut condition: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(value) = condition() {
                return value;
            }
            let mut wait = pin!(self.wait());
            let mut listening = false;
            let seen = poll_fn(|cx| {
                let told = wait.as_mut().poll(cx).is_ready();
                if told || listening {
                    return if told {
                        Poll::Ready(None)
                    } else {
                        Poll::Pending
                    };
                }
                listening = true;
                match condition() {
                    Some(value) => Poll::Ready(Some(value)),
                    None => Poll::Pending,
                }
            });
            if let Some(value) = seen.await {
                return value;
            }
        }
    }

    fn may_be_occupied(&self) -> bool {
        // Pairs with the fence in `Wait::poll`.
        fence(Ordering::SeqCst);
        self.occupied.load(Ordering::Relaxed)
    }

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

    /// Under the lock, after somebody left: lowers the flag if that was the last.
    fn settle(&self, locked: &Locked<'_>) {
        if locked.is_empty() {
            self.occupied.store(false, Ordering::Relaxed);
        }
    }
}

impl Default for WaitQueue {
    fn default() -> WaitQueue {
        WaitQueue::new()
    }
}

impl fmt::Debug for WaitQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitQueue")
            .field("is_empty", &self.is_empty())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait in a [`WaitQueue`].
    ///
    /// Dropping it leaves the line; a notification that it had got already goes to the next. Polled again when it was
    /// ready, it waits for another notification, at the end of the line.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'q> {
        queue: &'q WaitQueue,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Wait<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let queue = *this.queue;
            match queue.queue.cancel(this.waiter) {
                Cancelled::Removed(locked) => queue.settle(&locked),
                Cancelled::Notified(ONE) => {
                    queue.notify_first();
                }
                Cancelled::Notified(_) | Cancelled::Idle => {}
            }
        }
    }
}

impl Future for Wait<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let queue = *this.queue;
        let was_idle = this.waiter.is_idle();
        let polled = queue.queue.poll(this.waiter, cx, |_| {
            queue.occupied.store(true, Ordering::Relaxed);
            Admission::<()>::Back { tag: 0 }
        });
        if was_idle {
            // Pairs with the fence in `may_be_occupied`: the caller looks at its condition after this.
            fence(Ordering::SeqCst);
        }
        match ready!(polled) {
            Waited::Entered(()) | Waited::Notified(_) => Poll::Ready(()),
        }
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("queue", self.queue).finish()
    }
}
