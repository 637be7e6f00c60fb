//! [`Notify`]: tells one waiter, or the next that comes; or all at once.
//!
//! # The word
//!
//! | bits | meaning |
//! |---|---|
//! | `PERMIT` (bit 0) | a notification of one has found nobody, and waits for the next that comes |
//! | `WAITERS` (bit 1) | somebody stands in the queue; written under the queue's lock alone, and exact when that is free |
//! | the rest | the round: how often all were told; it wraps around |
//!
//! While `WAITERS` is set, `PERMIT` is clear, and the word changes under the queue's lock alone. While it is clear, everybody
//! exchanges.
//!
//! A wait carries the round in which it was made. It was told if the round has passed when it is first polled.
//!
//! # Transitions
//!
//! `r` is the round.
//!
//! | from | `notify_one`, `notify_last` | `notify_waiters` | first poll, `enable` | a wait is dropped |
//! |---|---|---|---|---|
//! | `r` | `r PERMIT` | `r + 1` | under the lock: `r WAITERS`, link | – |
//! | `r PERMIT` | the same | `r + 1 PERMIT` | `r`, ready | – |
//! | `r WAITERS` | under the lock: tell the first (last); was it the only one: `r` | under the lock: `r + 1`, tell all | under the lock: link | under the lock: unlink; was it the only one: `r` |
//! | a later round | – | – | ready | – |
//!
//! # Races
//!
//! - *Register and notify one*: the waiter looks again under the lock, and sets `WAITERS` by exchange from a word without a
//!   permit. A notification before that leaves a permit, and the exchange fails; one after it finds `WAITERS`, takes the
//!   lock, and finds the waiter linked.
//! - *Register and notify all*: the same exchange fails if the round has changed, and the waiter finds itself told.
//! - *Two that notify one*: both exchange the word, or both come under the lock; two permits are one.
//! - *Two that take the permit*: one of them exchanges it away.
//! - *Cancel and notify one*: a dropped wait that was told alone tells the next, or leaves the permit.
//! - *Cancel and notify all*: there is nothing to pass on. The dropped wait may be told, or not linked any more.
//! - *Notify one and notify all*: under the lock, one after the other; a waiter is told by one of the two.

mod futures;

#[cfg(all(test, loom))]
mod loom_tests;

use alloc::sync::Arc;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

pub use futures::{Notified, OwnedNotified};

const PERMIT: usize = 1;
const WAITERS: usize = 1 << 1;
const ROUND: usize = 1 << 2;

/// The notification was for one waiter; nobody else was told.
const ONE: Token = Token(0);
/// As `ONE`, for the one that came last.
const LAST: Token = Token(1);
/// It was for all who were there.
const ALL: Token = Token(2);

/// Tells tasks and threads to look again: one of them, or all.
///
/// It holds no value; what there is to see stands elsewhere. [`notify_one`](Notify::notify_one) tells the one who has waited
/// longest. If nobody waits it leaves a permit, of which there is at most one, and the next wait takes it and is ready at
/// once. [`notify_waiters`](Notify::notify_waiters) tells all waits there are, and leaves nothing.
///
/// What was written before a notification is visible to whom it tells.
///
/// To notify costs one atomic read-modify-write if nobody waits, and so does taking the permit.
///
/// # A wait exists from the call on
///
/// For `notify_waiters`, a [`Notified`] counts from the moment at which [`notified`](Notify::notified) has made it, polled
/// or not. So a task can make one, look at its condition, and then wait, and no `notify_waiters` escapes it. Its place in
/// line for `notify_one` it has from the first poll on, or from [`enable`](Notified::enable).
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use sync_prims::{Notify, blocking::block_on};
///
/// let stop = AtomicBool::new(false);
/// let changed = Notify::new();
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| {
///             block_on(async {
///                 loop {
///                     let change = changed.notified();
///                     if stop.load(Ordering::Relaxed) {
///                         break;
///                     }
///                     change.await;
///                 }
///             })
///         });
///     }
///     stop.store(true, Ordering::Relaxed);
///     changed.notify_waiters();
/// });
/// ```
///
/// # One consumer
///
/// ```
/// use std::sync::{Mutex, PoisonError};
///
/// use sync_prims::{Notify, blocking::block_on};
///
/// #[derive(Default)]
/// struct Mailbox {
///     letter: Mutex<Option<String>>,
///     delivered: Notify,
/// }
///
/// impl Mailbox {
///     fn put(&self, letter: String) {
///         *self.letter.lock().unwrap_or_else(PoisonError::into_inner) = Some(letter);
///         self.delivered.notify_one();
///     }
///
///     async fn take(&self) -> String {
///         loop {
///             if let Some(letter) = self.letter.lock().unwrap_or_else(PoisonError::into_inner).take() {
///                 return letter;
///             }
///             // A letter that comes in between leaves its permit here.
///             self.delivered.notified().await;
///         }
///     }
/// }
///
/// let mailbox = Mailbox::default();
/// mailbox.put("dear reader".to_owned());
/// assert_eq!(block_on(mailbox.take()), "dear reader");
/// ```
///
/// # Other than `tokio::sync::Notify`
///
/// - A wait that was told by `notify_waiters` leaves the permit to others.
/// - A wait that was told before it was polled ([`enable`](Notified::enable) returned `true`) and is dropped unpolled passes a
///   notification of one on.
/// - A wait that is polled again after it was ready panics.
pub struct Notify {
    state: AtomicUsize,
    queue: Queue,
}

impl Notify {
    const_unless_loom! {
        /// Nobody waits, and there is no permit.
        pub const fn new() -> Notify {
            Notify {
                state: AtomicUsize::new(0),
                queue: Queue::new(),
            }
        }
    }

    /// Tells the one who has waited longest; if nobody waits, leaves a permit for the next that comes.
    ///
    /// A waiter that was told and is dropped unpolled tells the next in its place.
    #[inline]
    pub fn notify_one(&self) {
        self.notify(ONE);
    }

    /// As [`notify_one`](Notify::notify_one), but tells the one who came last.
    ///
    /// A worker that has just become idle has what it needs in its cache; those who have waited longest may be let go.
    #[inline]
    pub fn notify_last(&self) {
        self.notify(LAST);
    }

    /// Tells all who wait, in the order they came, and every wait that was made but not polled yet. Leaves no permit.
    ///
    /// It is one step against waits that are made meanwhile: they are not concerned.
    #[inline]
    pub fn notify_waiters(&self) {
        if !self.change(|word| word.wrapping_add(ROUND)) {
            self.notify_all_waiting();
        }
    }

    /// Waits for a notification. `notify_waiters` reaches it from this call on, `notify_one` from the first poll on.
    ///
    /// Dropping the future leaves the line; a notification of one that it had got already goes to the next.
    #[inline]
    pub fn notified(&self) -> Notified<'_> {
        Notified::new(self)
    }

    /// As [`notified`](Notify::notified), for a future that keeps the `Notify` alive.
    #[inline]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified::new(self)
    }

    /// Sleeps until there is a notification, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn notified_blocking(&self) {
        crate::blocking::block_on(self.notified());
    }

    /// The round that a wait made now belongs to.
    #[inline]
    fn round(&self) -> usize {
        // Acquire: whoever was told in an earlier round sees what was written before that.
        round(self.state.load(Ordering::Acquire))
    }

    #[inline]
    fn notify(&self, token: Token) {
        if !self.leave_permit() {
            self.notify_waiting(token);
        }
    }

    /// Without a waiter: leaves a permit; `false` if somebody waits.
    #[inline]
    fn leave_permit(&self) -> bool {
        // Exchanged even if there is a permit already, so that whoever takes it sees what was written before this call.
        self.change(|word| word | PERMIT)
    }

    /// Without a waiter: changes the word; `false` if somebody waits.
    #[inline]
    fn change(&self, change: impl Fn(usize) -> usize) -> bool {
        let mut word = self.state.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            match self.state.compare_exchange_weak(
                word,
                change(word),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[cold]
    fn notify_waiting(&self, token: Token) {
        let mut locked = self.queue.lock();
        // All who waited may have left, and the word is free again.
        if self.leave_permit() {
            return;
        }
        let waker = if token == LAST {
            locked.notify_last(token)
        } else {
            locked.notify_first(token)
        };
        self.settle(&locked);
        drop(locked);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    #[cold]
    fn notify_all_waiting(&self) {
        let locked = self.queue.lock();
        if self.change(|word| word.wrapping_add(ROUND)) {
            return;
        }
        // Acquire and release: a wait of an earlier round that sees this one was told by all in between.
        let word = self.state.load(Ordering::Acquire);
        self.state
            .store((word & !WAITERS).wrapping_add(ROUND), Ordering::Release);
        locked.release_all(ALL);
    }

    /// Under the lock, after somebody left: lowers `WAITERS` if that was the last.
    fn settle(&self, locked: &Locked<'_>) {
        if locked.is_empty() {
            let word = self.state.load(Ordering::Acquire);
            if word & WAITERS != 0 {
                self.state.store(word & !WAITERS, Ordering::Release);
            }
        }
    }

    /// Without the lock: whether a wait of that round need not wait.
    #[inline]
    fn look(&self, made_in: usize) -> Option<Token> {
        let word = self.state.load(Ordering::Acquire);
        if round(word) != made_in {
            return Some(ALL);
        }
        let taken = word & PERMIT != 0
            && self
                .state
                .compare_exchange(word, word & !PERMIT, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        taken.then_some(ONE)
    }

    /// Under the lock: whether a wait of that round has to wait, having left word that somebody does.
    fn admit(&self, made_in: usize) -> Admission<Token> {
        let mut word = self.state.load(Ordering::Acquire);
        loop {
            if round(word) != made_in {
                return Admission::Enter(ALL);
            }
            if word & WAITERS != 0 {
                return Admission::Back { tag: 0 };
            }
            let (new, admission) = if word & PERMIT != 0 {
                (word & !PERMIT, Admission::Enter(ONE))
            } else {
                (word | WAITERS, Admission::Back { tag: 0 })
            };
            match self
                .state
                .compare_exchange_weak(word, new, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => return admission,
                Err(now) => word = now,
            }
        }
    }

    /// Polls a wait of that round that was not told yet.
    fn poll_notified(
        &self,
        waiter: Pin<&mut Waiter>,
        made_in: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Token> {
        if waiter.is_idle()
            && let Some(token) = self.look(made_in)
        {
            return Poll::Ready(token);
        }
        self.queue
            .poll(waiter, cx, |_| self.admit(made_in))
            .map(|waited| match waited {
                Waited::Entered(token) | Waited::Notified(token) => token,
            })
    }

    /// Ends a wait early.
    fn cancel(&self, waiter: Pin<&mut Waiter>) {
        match self.queue.cancel(waiter) {
            Cancelled::Removed(locked) => self.settle(&locked),
            Cancelled::Notified(token) => self.pass_on(token),
            Cancelled::Idle => {}
        }
    }

    /// Tells another one, in place of one that was told and will not look.
    fn pass_on(&self, token: Token) {
        if token != ALL {
            self.notify(token);
        }
    }
}

/// The bits of a word that say the round.
#[inline]
fn round(word: usize) -> usize {
    word & !(PERMIT | WAITERS)
}

impl Default for Notify {
    fn default() -> Notify {
        Notify::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.state.load(Ordering::Relaxed);
        f.debug_struct("Notify")
            .field("has_permit", &(word & PERMIT != 0))
            .field("has_waiters", &(word & WAITERS != 0))
            .finish_non_exhaustive()
    }
}
