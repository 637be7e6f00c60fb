//! [`ResetEvent`]: a signal that is raised and lowered, by hand or by whoever passes.
//!
//! # States
//!
//! One word with one of three values. Under the lock of the queue, `AWAITED` says exactly that somebody stands in it.
//!
//! | from | `set`, manual | `set`, automatic | first poll of a wait | `reset` | the last waiter is dropped |
//! |---|---|---|---|---|---|
//! | `UNSET` | `SET` | `SET` | under the lock: `AWAITED`, link | – | – |
//! | `AWAITED` | under the lock: `SET`, tell all; then wake | under the lock: tell the first, `UNSET` if it was the last; then wake | under the lock: link | – | under the lock: `UNSET` |
//! | `SET` | `SET` | `SET` | manual: ready; automatic: `UNSET`, ready | `UNSET` | – |
//!
//! `AWAITED` is left under the lock alone. So the event is never set while somebody waits, and nobody gets ahead of the line.
//!
//! # Races
//!
//! - *Register and set*: the waiter moves the word from `UNSET` to `AWAITED` under the lock and links itself before it
//!   releases the lock. A `set` that comes before is found by it; one that comes after finds `AWAITED` and takes the lock.
//! - *Reset and wait*: those who are in line when the event is set are told under the same hold of the lock. A `reset`
//!   that follows does not reach them, and whoever comes after the `reset` is not told.
//! - *Set and reset, the event being set*: `set` is a read-modify-write even if it changes nothing, so one of the two comes
//!   second. If that is the `reset`, it sees all that was done before the `set` (release, acquire); otherwise the event
//!   stays set. Without this a consumer that resets and then looks for work could miss both the work and the signal.
//!   A wait that takes an automatic signal is such a consumer.
//! - *Two sets*: each that finds somebody in line tells one of them, automatic; those that find nobody are one signal.
//! - *Cancel and set*, automatic: see the page of the module `queue`; a waiter that was told and is dropped sets the event
//!   again, for the next in line or for the next to come.

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

const UNSET: usize = 0;
const AWAITED: usize = 1;
const SET: usize = 2;

/// The signal is the waiter's alone, and is passed on if nobody takes it.
const ONE: Token = Token(0);
/// All who waited were told.
const ALL: Token = Token(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reset {
    Manual,
    Automatic,
}

/// A signal that can be raised again and again.
///
/// Made by [`manual`](ResetEvent::manual), it is a door: [`set`](ResetEvent::set) opens it and lets all through, those who
/// wait and those who come, until [`reset`](ResetEvent::reset) shuts it.
///
/// Made by [`automatic`](ResetEvent::automatic), it is a ticket: each `set` lets one through, the one who has waited longest
/// or, if nobody waits, the next to come. It holds one ticket at most: `set` twice while nobody waits is `set` once. If
/// the waiter that was let through is dropped before it is polled, its ticket goes to the next.
///
/// What was done before a `set` can be seen after the wait that it ended.
///
/// ```
/// use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
///
/// use sync_prims::ResetEvent;
///
/// // "Look again", said to one thread by another.
/// let look = ResetEvent::automatic();
/// let (orders, closed) = (AtomicU32::new(0), AtomicBool::new(false));
/// std::thread::scope(|threads| {
///     threads.spawn(|| {
///         let mut done = 0;
///         while done < 100 {
///             look.wait_blocking();
///             done += orders.swap(0, Relaxed);
///         }
///     });
///     for _ in 0..100 {
///         orders.fetch_add(1, Relaxed);
///         look.set();
///     }
/// });
/// ```
///
/// # Cost
///
/// Without waiters, `set` and `reset` are one atomic read-modify-write. A wait that needs not wait is one load if the event
/// is manual, one read-modify-write if it is automatic. No lock is taken.
pub struct ResetEvent {
    state: AtomicUsize,
    reset: Reset,
    queue: Queue,
}

impl ResetEvent {
    const_unless_loom! {
        /// An event that stays set until it is reset. It is not set.
        pub const fn manual() -> ResetEvent {
            ResetEvent {
                state: AtomicUsize::new(UNSET),
                reset: Reset::Manual,
                queue: Queue::new(),
            }
        }
    }

    const_unless_loom! {
        /// An event that whoever it lets through resets. It is not set.
        pub const fn automatic() -> ResetEvent {
            ResetEvent {
                state: AtomicUsize::new(UNSET),
                reset: Reset::Automatic,
                queue: Queue::new(),
            }
        }
    }

    /// Sets the event: lets all through, or one. `false` if it was set already.
    pub fn set(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state == AWAITED {
                if self.set_awaited() {
                    return true;
                }
                state = self.state.load(Ordering::Relaxed);
                continue;
            }
            // From `SET` to `SET` too: see the third race.
            let exchange =
                self.state
                    .compare_exchange_weak(state, SET, Ordering::Release, Ordering::Relaxed);
            match exchange {
                Ok(before) => return before == UNSET,
                Err(now) => state = now,
            }
        }
    }

    /// Lets through who stands in line; `false` if nobody does any more.
    #[cold]
    fn set_awaited(&self) -> bool {
        let mut locked = self.queue.lock();
        match self.reset {
            _ if locked.is_empty() => return false,
            Reset::Manual => {
                self.state.store(SET, Ordering::Release);
                locked.release_all(ALL);
            }
            Reset::Automatic => {
                let waker = locked.notify_first(ONE);
                self.settle(&locked);
                drop(locked);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
        true
    }

    /// Whoever comes now has to wait. `false` if that was so before.
    #[inline]
    pub fn reset(&self) -> bool {
        self.take()
    }

    /// Whether it is set. It may have changed when the caller looks at the answer.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Acquire) == SET
    }

    /// Passes if the event is set, as a [`wait`](ResetEvent::wait) would, and says whether it has: resets an automatic event.
    #[inline]
    pub fn try_wait(&self) -> bool {
        match self.reset {
            Reset::Manual => self.is_set(),
            Reset::Automatic => self.is_set() && self.take(),
        }
    }

    /// Waits until the event is set, in line from the first poll on.
    ///
    /// Dropping the future leaves the line. If an automatic event had let it through already, the next in line is let
    /// through instead; without one, the event is set.
    #[inline]
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            event: self,
            waiter: Waiter::new(),
        }
    }

    /// Sleeps until the event is set, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn wait_blocking(&self) {
        crate::blocking::block_on(self.wait());
    }

    /// From `SET` to `UNSET`, if it is so.
    fn take(&self) -> bool {
        self.state
            .compare_exchange(SET, UNSET, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Under the lock: passes, or leaves word that somebody waits.
    fn admit(&self) -> Admission<()> {
        loop {
            if self.try_wait() {
                return Admission::Enter(());
            }
            let exchange =
                self.state
                    .compare_exchange(UNSET, AWAITED, Ordering::Relaxed, Ordering::Relaxed);
            if matches!(exchange, Ok(_) | Err(AWAITED)) {
                return Admission::Back { tag: 0 };
            }
        }
    }

    /// Under the lock, after somebody left the line: takes back the word if that was the last.
    fn settle(&self, locked: &Locked<'_>) {
        if locked.is_empty() && self.state.load(Ordering::Relaxed) == AWAITED {
            self.state.store(UNSET, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for ResetEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetEvent")
            .field("reset", &self.reset)
            .field("is_set", &self.is_set())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait for a [`ResetEvent`].
    ///
    /// Dropping it leaves the line, and passes the signal of an automatic event on. Polled again when it was ready, it is
    /// another wait, at the end of the line.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'e> {
        event: &'e ResetEvent,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Wait<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let event = *this.event;
            match event.queue.cancel(this.waiter) {
                Cancelled::Removed(locked) => event.settle(&locked),
                Cancelled::Notified(ONE) => {
                    event.set();
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
        let event = *this.event;
        if this.waiter.is_idle() && event.try_wait() {
            return Poll::Ready(());
        }
        ready!(event.queue.poll(this.waiter, cx, |_| event.admit()));
        Poll::Ready(())
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("event", self.event).finish()
    }
}
