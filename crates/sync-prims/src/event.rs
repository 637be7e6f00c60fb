//! [`Event`]: something happens once, and may leave a value.
//!
//! # States
//!
//! One word of three bits.
//!
//! | bit | name | means |
//! |---|---|---|
//! | 0 | `AWAITED` | somebody may stand in the queue |
//! | 1 | `FILLING` | somebody writes the value, nobody else may |
//! | 2 | `SET` | it has happened, the value is there; final, and the other bits mean nothing any more |
//!
//! | from | `set`, no bytes in the value | `set_value` begins | `set_value` ends | first poll of a wait | a wait is dropped |
//! |---|---|---|---|---|---|
//! | nothing | `SET` | + `FILLING` | – | under the lock: + `AWAITED`, link | – |
//! | `AWAITED` | `SET`, then the lock: tell all, wake | + `FILLING` | – | under the lock: link | under the lock: unlink |
//! | `FILLING` | – | refused | `SET` | under the lock: + `AWAITED`, link | – |
//! | `FILLING`, `AWAITED` | – | refused | `SET`, then the lock: tell all, wake | under the lock: link | under the lock: unlink |
//! | `SET` | refused | refused | – | ready | – |
//!
//! # Races
//!
//! - *Register and set*: the waiter adds `AWAITED` under the lock and links itself before it releases the lock. A `set`
//!   that comes before it lets the waiter find `SET`; one that comes after finds `AWAITED`, takes the lock, and so finds
//!   the waiter linked. A value that is being written changes nothing in this: the waiter stands in line until it is there.
//! - *Two setters*: one of them finds neither `FILLING` nor `SET`; it alone writes and wakes. A value without bytes is
//!   written by the step to `SET` itself.
//! - *Write and read*: the value is written before the step to `SET` (release) and read after a look at the word that
//!   found it, or after the notification by the one who made the step (both acquire).
//! - *Cancel and set*: see the page of the module `queue`. All are told, so there is nothing to pass on.
//! - `AWAITED` stays when the last waiter is dropped: the next `set` takes the lock once in vain.

mod guard;
mod value;

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Locked, Queue, Token, Waiter};
use crate::slot::Slot;
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

pub use guard::{EventGuard, OwnedEventGuard};
pub use value::{SetOnce, WaitCloned, WaitValue};

const AWAITED: usize = 1;
const FILLING: usize = 1 << 1;
const SET: usize = 1 << 2;

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
///
/// # With a value
///
/// An `Event<T>` is set by [`set_value`](Event::set_value), once, to a value that everybody can look at from then on.
///
/// ```
/// use sync_prims::{Event, blocking::block_on};
///
/// let answer = Event::new();
/// let (waited, set) = std::thread::scope(|threads| {
///     let waiter = threads.spawn(|| *block_on(answer.wait_value()));
///     let setter = threads.spawn(|| answer.set_value(42));
///     (waiter.join().unwrap(), setter.join().unwrap())
/// });
/// assert_eq!((waited, set), (42, Ok(())));
/// assert_eq!(answer.set_value(43), Err(43));
/// assert_eq!(answer.get(), Some(&42));
/// ```
///
/// # Cost
///
/// Without waiters `set` is one atomic read-modify-write, `set_value` two, and no lock is taken. A wait for what has happened,
/// [`is_set`](Event::is_set) and [`get`](Event::get) are one load.
pub struct Event<T = ()> {
    state: AtomicUsize,
    queue: Queue,
    value: Slot<T>,
}

// SAFETY: an event owns its value, and all else of it may be sent anyway.
unsafe impl<T: Send> Send for Event<T> {}
// SAFETY: through a shared event one thread moves the value in, for another to drop (`Send`), and all look at it (`Sync`).
unsafe impl<T: Send + Sync> Sync for Event<T> {}

impl Event {
    /// Lets it have happened, and wakes all who wait. `false` if it had been set before: then nothing is done.
    #[inline]
    pub fn set(&self) -> bool {
        self.set_value(()).is_ok()
    }
}

impl<T> Event<T> {
    const_unless_loom! {
        /// An event that is not set.
        pub const fn new() -> Event<T> {
            Event {
                state: AtomicUsize::new(0),
                queue: Queue::new(),
                value: Slot::empty(),
            }
        }
    }

    /// Whether it has happened.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Acquire) & SET != 0
    }

    /// Waits until it is set.
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn wait(&self) -> Wait<'_, T> {
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

    /// Makes the step to `SET`, and tells those who wait; `false` if somebody else has made it.
    #[inline]
    fn finish(&self) -> bool {
        let before = self.state.swap(SET, Ordering::AcqRel);
        if before & (SET | AWAITED) == AWAITED {
            self.queue.lock().release_all(TOLD);
        }
        before & SET == 0
    }

    /// Under the lock: whether to wait, having left word that somebody does.
    fn admit(&self) -> Admission<()> {
        if self.state.fetch_or(AWAITED, Ordering::AcqRel) & SET != 0 {
            Admission::Enter(())
        } else {
            Admission::Back { tag: 0 }
        }
    }
}

impl<T> Default for Event<T> {
    fn default() -> Event<T> {
        Event::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Event");
        match self.get() {
            Some(value) if size_of::<T>() != 0 => debug.field("value", value),
            value => debug.field("is_set", &value.is_some()),
        };
        debug.finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait for an [`Event`].
    ///
    /// Dropping it ends the wait. Polled again when it was ready, it is ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'e, T = ()> {
        event: &'e Event<T>,
        #[pin]
        waiter: Waiter,
    }

    impl<T> PinnedDrop for Wait<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // Whoever sets an event tells all, so there is nothing to pass on.
            drop(this.event.queue.cancel(this.waiter));
        }
    }
}

impl<T> Future for Wait<'_, T> {
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

impl<T: fmt::Debug> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("event", self.event).finish()
    }
}
