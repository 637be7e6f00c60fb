//! [`Event`]: something happens once.
//!
//! # States
//!
//! One word. `OPEN` has no waiters, `AWAITED` may have some, `SET` is final.
//!
//! | from | `set` | first poll of a wait | a wait is dropped |
//! |---|---|---|---|
//! | `OPEN` | `SET` | under the lock: `AWAITED`, link | – |
//! | `AWAITED` | `SET`, then the lock: tell all, wake | under the lock: link | under the lock: unlink |
//! | `SET` | – | ready | – |
//!
//! # Races
//!
//! - *Register and set*: the waiter moves the word to `AWAITED` by compare-and-swap under the lock and links itself before
//!   it releases the lock. A `set` that comes before sees `OPEN`, and the waiter's exchange fails and finds `SET`; one that
//!   comes after sees `AWAITED`, takes the lock, and so finds the waiter linked.
//! - *Two setters*: one of them exchanges the word from something else than `SET`; it alone wakes.
//! - *Cancel and set*: see the page of the module `queue`. All are told, so there is nothing to pass on.
//! - `AWAITED` stays when the last waiter is dropped: the next `set` takes the lock once in vain.

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Locked, Queue, Token, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

const OPEN: usize = 0;
const AWAITED: usize = 1;
const SET: usize = 2;

/// All are told the same.
const TOLD: Token = Token(0);

/// Something that happens once, and that any number of tasks and threads can wait for.
///
/// It starts unset; [`set`](Event::set) sets it for good and wakes all who wait, in the order they came. A wait that comes
/// later is ready at once. What was written before the `set` is visible after the wait.
///
/// ```
/// use sync_prims::Event;
///
/// let ready = Event::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| ready.wait_blocking());
///     threads.spawn(|| ready.set());
/// });
/// assert!(ready.is_set());
/// ```
pub struct Event {
    state: AtomicUsize,
    queue: Queue,
}

impl Event {
    const_unless_loom! {
        /// An event that is not set.
        pub const fn new() -> Event {
            Event {
                state: AtomicUsize::new(OPEN),
                queue: Queue::new(),
            }
        }
    }

    /// Whether it has happened.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Acquire) == SET
    }

    /// Lets it have happened, and wakes all who wait. `false` if it had been set before: then nothing is done.
    #[inline]
    pub fn set(&self) -> bool {
        match self.state.swap(SET, Ordering::AcqRel) {
            OPEN => true,
            AWAITED => {
                self.queue.lock().release_all(TOLD);
                true
            }
            _ => false,
        }
    }

    /// Waits until it is set.
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            event: self,
            waiter: Waiter::new(),
        }
    }

    /// Sleeps until it is set, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn wait_blocking(&self) {
        crate::blocking::block_on(self.wait());
    }

    /// Under the lock: whether to wait, having left word that somebody does.
    fn admit(&self) -> Admission<()> {
        match self
            .state
            .compare_exchange(OPEN, AWAITED, Ordering::AcqRel, Ordering::Acquire)
        {
            Err(SET) => Admission::Enter(()),
            _ => Admission::Back { tag: 0 },
        }
    }
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait for an [`Event`].
    ///
    /// Dropping it ends the wait. Polled again when it was ready, it is ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'e> {
        event: &'e Event,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Wait<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // Whoever sets an event tells all, so there is nothing to pass on.
            drop(this.event.queue.cancel(this.waiter));
        }
    }
}

impl Future for Wait<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let event = *this.event;
        if this.waiter.is_idle() && event.is_set() {
            return Poll::Ready(());
        }
        let admit = |_: &mut Locked<'_>| event.admit();
        ready!(event.queue.poll(this.waiter, cx, admit));
        Poll::Ready(())
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("event", self.event).finish()
    }
}
