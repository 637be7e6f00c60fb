//! [`OnceCell`]: a value that is made once, by whoever needs it first.
//!
//! # States
//!
//! One word with one of four values.
//!
//! | value | means |
//! |---|---|
//! | `EMPTY` | there is no value, and nobody makes one |
//! | `BUSY` | somebody has the turn to make the value |
//! | `BUSY` and `AWAITED` | the same, and somebody may stand in the queue |
//! | `SET` | the value is there, for good |
//!
//! | from | first poll of `get_or_init` | `set` | the value is made | making it failed, panicked or was dropped |
//! |---|---|---|---|---|
//! | `EMPTY` | `BUSY`, make it | `BUSY`, write, `SET` | – | – |
//! | `BUSY` | under the lock: + `AWAITED`, link | refused | write, `SET` | `EMPTY` |
//! | `BUSY`, `AWAITED` | under the lock: link | refused | write, `SET`, then the lock: tell all, wake | under the lock: tell the first that it has the turn, then wake; or `EMPTY` if nobody is left |
//! | `SET` | ready | refused | – | – |
//!
//! Who makes the step from `EMPTY` to `BUSY` has the turn, and who is told so in the queue. It alone may write the value,
//! and leaves `BUSY` in one of the two ways above.
//!
//! # Races
//!
//! - *Two begin*: one of them makes the step from `EMPTY` to `BUSY`.
//! - *Register and the turn's end*: the waiter goes from `BUSY` to `AWAITED` under the lock and links itself before it
//!   releases the lock; if the turn has ended before, it takes it or finds the value. A turn that ends after that finds
//!   `AWAITED`, takes the lock, and so finds the waiter linked.
//! - *The turn's end and a cancelled waiter*: both take the lock. A waiter that was told of its turn and is dropped ends the
//!   turn like one that failed; if the last waiter was dropped before, the turn's end finds nobody and leaves `EMPTY`.
//! - *The turn's end and the next turn*: whoever was told of its turn may end it at once, so telling is the last thing that
//!   one turn does, and the word stays as it is. `AWAITED` may be left of somebody who was the last in line: the turn's end
//!   takes the lock once in vain then.
//! - *Write and read*: the value is written before the step to `SET` (release) and read after a look at the word that
//!   found it (acquire).

mod error;
mod get_or_init;

#[cfg(all(test, loom))]
mod loom_tests;

use core::fmt;
#[cfg(any(feature = "std", loom))]
use core::future::ready;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use crate::queue::{Admission, Cancelled, Queue, Token, Waited, Waiter};
use crate::slot::Slot;
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

pub use error::SetError;
pub use get_or_init::{GetOrInit, GetOrTryInit};

const EMPTY: usize = 0;
const BUSY: usize = 1;
const AWAITED: usize = 1 << 1;
const SET: usize = 1 << 2;

/// The turn is the waiter's alone, and is passed on if nobody takes it.
const TURN: Token = Token(0);
/// The value is there.
const THERE: Token = Token(1);

/// Room for a value that is made once, by whoever needs it first.
///
/// [`get_or_init`](OnceCell::get_or_init) looks for the value and, if it is not there, makes it, while all others who ask
/// for it wait. If making it fails, panics, or is given up because the future is dropped, the one who has waited longest
/// makes it, its own way.
///
/// ```
/// use sync_prims::{OnceCell, blocking::block_on};
///
/// async fn resolve(name: &str) -> Result<u32, &'static str> {
///     name.len().try_into().map_err(|_| "too long")
/// }
///
/// static ADDRESS: OnceCell<u32> = OnceCell::new();
///
/// block_on(async {
///     assert_eq!(ADDRESS.get_or_try_init(|| async { Err("unreachable") }).await, Err("unreachable"));
///     assert_eq!(ADDRESS.get_or_try_init(|| resolve("corio")).await, Ok(&5));
///     // It is not asked again.
///     assert_eq!(*ADDRESS.get_or_init(|| async { unreachable!() }).await, 5);
/// });
/// ```
///
/// For a value that one side sets and others wait for, there is [`SetOnce`](crate::SetOnce).
///
/// # Cost
///
/// A look at a value that is there is one load, also through `get_or_init`. Making it without others that wait is two atomic
/// read-modify-writes, and no lock is taken.
pub struct OnceCell<T> {
    state: AtomicUsize,
    queue: Queue,
    value: Slot<T>,
}

// SAFETY: a cell owns its value, and all else of it may be sent anyway.
unsafe impl<T: Send> Send for OnceCell<T> {}
// SAFETY: through a shared cell one thread moves the value in, for another to drop (`Send`), and all look at it (`Sync`).
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    const_unless_loom! {
        /// A cell without a value.
        pub const fn new() -> OnceCell<T> {
            OnceCell {
                state: AtomicUsize::new(EMPTY),
                queue: Queue::new(),
                value: Slot::empty(),
            }
        }
    }

    /// Whether the value is there.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Acquire) == SET
    }

    /// The value, if it is there.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: the value is there when the word says `SET`; it is taken out through an exclusive reference only.
        self.is_set().then(|| unsafe { self.value.get() })
    }

    /// The value, if it is there, to change it.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the value is there when the word says `SET`.
        self.is_set().then(|| unsafe { self.value.get_mut() })
    }

    /// Takes the value out, if it is there. The cell is as new then.
    pub fn take(&mut self) -> Option<T> {
        if !self.is_set() {
            return None;
        }
        // Nobody else has the cell, and with the reference it goes to others in its new state.
        self.state.store(EMPTY, Ordering::Relaxed);
        // SAFETY: the word said that the value is there, and does not any more.
        Some(unsafe { self.value.take() })
    }

    /// The value, if it is there.
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// Sets the value, if there is none and nobody makes one.
    ///
    /// # Errors
    ///
    /// The value comes back if there is another, and if somebody is making one.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match self.begin() {
            Begin::Turn => {
                Turn(self).end_with(value);
                Ok(())
            }
            Begin::There => Err(SetError::Set(value)),
            Begin::Busy => Err(SetError::Busy(value)),
        }
    }

    /// The value; if it is not there, `init` makes it, or that of somebody else who came before does.
    ///
    /// `init` is called, and what it returns is polled, by the future that has the turn. Do not ask for the value of the same
    /// cell in there: it would wait for itself.
    ///
    /// Dropping the future while it makes the value drops what `init` returned, and gives the turn to the next in line.
    ///
    /// # Panics
    ///
    /// The future panics if `init`, or what it returned, does. The turn goes to the next in line.
    #[inline]
    pub fn get_or_init<F, I>(&self, init: F) -> GetOrInit<'_, T, F, I>
    where
        F: FnOnce() -> I,
        I: Future<Output = T>,
    {
        GetOrInit::new(self, init)
    }

    /// The same for an `init` that may fail: its error comes back, and the turn goes to the next in line.
    #[inline]
    pub fn get_or_try_init<F, I, E>(&self, init: F) -> GetOrTryInit<'_, T, F, I>
    where
        F: FnOnce() -> I,
        I: Future<Output = Result<T, E>>,
    {
        GetOrTryInit::new(self, init)
    }

    /// [`get_or_init`](OnceCell::get_or_init) on a plain thread, which makes the value or sleeps while another does.
    ///
    /// # Panics
    ///
    /// If `init` does.
    #[cfg(any(feature = "std", loom))]
    pub fn get_or_init_blocking(&self, init: impl FnOnce() -> T) -> &T {
        crate::blocking::block_on(self.get_or_init(|| ready(init())))
    }

    /// [`get_or_try_init`](OnceCell::get_or_try_init) on a plain thread, which makes the value or sleeps while another does.
    ///
    /// # Errors
    ///
    /// That of `init`.
    ///
    /// # Panics
    ///
    /// If `init` does.
    #[cfg(any(feature = "std", loom))]
    pub fn get_or_try_init_blocking<E>(
        &self,
        init: impl FnOnce() -> Result<T, E>,
    ) -> Result<&T, E> {
        crate::blocking::block_on(self.get_or_try_init(|| ready(init())))
    }

    /// Takes the turn, if nobody has it.
    fn begin(&self) -> Begin {
        let exchange =
            self.state
                .compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Acquire);
        match exchange {
            Ok(_) => Begin::Turn,
            Err(SET) => Begin::There,
            Err(_) => Begin::Busy,
        }
    }

    /// Waits for the turn; `None` if the value is there.
    fn poll_turn(
        &self,
        waiter: Pin<&mut Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Turn<'_, T>>> {
        if waiter.is_idle() {
            match self.begin() {
                Begin::Turn => return Poll::Ready(Some(Turn(self))),
                Begin::There => return Poll::Ready(None),
                Begin::Busy => {}
            }
        }
        let waited = ready!(self.queue.poll(waiter, cx, |_| self.admit()));
        let has_turn = match waited {
            Waited::Entered(has_turn) => has_turn,
            Waited::Notified(token) => token == TURN,
        };
        Poll::Ready(has_turn.then(|| Turn(self)))
    }

    /// Under the lock: takes the turn, or leaves word that somebody waits for it.
    fn admit(&self) -> Admission<bool> {
        loop {
            match self.begin() {
                Begin::Turn => return Admission::Enter(true),
                Begin::There => return Admission::Enter(false),
                Begin::Busy => {}
            }
            let exchange = self.state.compare_exchange(
                BUSY,
                BUSY | AWAITED,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if exchange.is_ok() || exchange == Err(BUSY | AWAITED) {
                return Admission::Back { tag: 0 };
            }
        }
    }

    /// Ends the wait for the turn.
    #[inline]
    fn cancel(&self, waiter: Pin<&mut Waiter>) {
        if !waiter.is_idle() {
            self.cancel_wait(waiter);
        }
    }

    #[cold]
    fn cancel_wait(&self, waiter: Pin<&mut Waiter>) {
        match self.queue.cancel(waiter) {
            Cancelled::Notified(TURN) => drop(Turn(self)),
            Cancelled::Removed(_) | Cancelled::Notified(_) | Cancelled::Idle => {}
        }
    }
}

enum Begin {
    Turn,
    There,
    Busy,
}

/// The turn to make the value. Dropped, it goes to the next in line.
struct Turn<'c, T>(&'c OnceCell<T>);

impl<'c, T> Turn<'c, T> {
    /// Puts the value in, and lends it.
    fn end_with(self, value: T) -> &'c T {
        let cell = self.0;
        mem::forget(self);
        // SAFETY: the turn has the slot for itself: `BUSY` is left by it alone, and nobody reads before `SET`.
        unsafe { cell.value.write(value) };
        if cell.state.swap(SET, Ordering::Release) & AWAITED != 0 {
            cell.queue.lock().release_all(THERE);
        }
        // SAFETY: it was written above, and stays while the cell is borrowed.
        unsafe { cell.value.get() }
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        let cell = self.0;
        let state = &cell.state;
        let exchange = state.compare_exchange(BUSY, EMPTY, Ordering::Release, Ordering::Relaxed);
        if exchange.is_ok() {
            return;
        }
        let mut locked = cell.queue.lock();
        if locked.is_empty() {
            state.store(EMPTY, Ordering::Release);
            return;
        }
        let waker = locked.notify_first(TURN);
        drop(locked);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            drop(self.take());
        }
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    /// A cell with this value.
    fn from(value: T) -> OnceCell<T> {
        OnceCell {
            state: AtomicUsize::new(SET),
            queue: Queue::new(),
            value: Slot::filled(value),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell")
            .field("value", &self.get())
            .finish_non_exhaustive()
    }
}
