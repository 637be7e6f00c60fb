//! The semaphore: one word and a queue.
//!
//! # The word
//!
//! | bits | meaning |
//! |---|---|
//! | `CLOSED` (bit 0) | no permit is handed out any more; final |
//! | `WAITERS` (bit 1) | somebody stands in the queue; written under the queue's lock alone, and exact when that is free |
//! | the rest | how many permits are available |
//!
//! While `WAITERS` is set, the word changes under the queue's lock alone: nobody overtakes, and whoever holds the lock may
//! load and store. While it is clear, everybody exchanges.
//!
//! # Transitions
//!
//! `p` permits are available; `n` are asked for or come back. "Grant" is: while the first in line needs at most what is
//! available, take that and tell it [`GRANTED`]; when nobody is left, clear `WAITERS`.
//!
//! | from | acquire `n` | `n` come back, are added | forget `n` | a waiter is dropped | close |
//! |---|---|---|---|---|---|
//! | `p` ≥ `n` | `p - n` | `p + n` | `p - n` | – | under the lock: `p CLOSED` |
//! | `p` < `n` | under the lock: `p WAITERS`, link | `p + n` | 0 | – | the same |
//! | `p WAITERS` | under the lock: link | under the lock: `p + n`, grant | under the lock: `p - min(n, p)` | under the lock: unlink, grant | under the lock: `p CLOSED`, tell all [`REFUSED`] |
//! | `p CLOSED` | refused | `p + n` | `p - min(n, p)` | – | – |
//!
//! # Races
//!
//! - *Acquire and release*: the waiter looks again under the lock, and sets `WAITERS` by exchange from a word that has too
//!   little. A release before that makes the exchange fail; one after it finds `WAITERS`, takes the lock, and finds the
//!   waiter linked.
//! - *Acquire many and two releases*: the permits of the first stay in the word, where nobody can take them, because of
//!   `WAITERS`. The second finds enough there.
//! - *Acquire and close*: the same exchange fails on `CLOSED`; or the close comes after and tells the waiter.
//! - *Grant and cancel*: a dropped waiter that finds [`GRANTED`] gives its permits back. One that is still linked leaves,
//!   and grants, as the next may need less than it did.
//! - *Grant and close*: who was granted before the close has its permits, polled or not.
//! - *Add and forget*: both are one exchange of the word, or happen under the lock.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::{AcquireError, TryAcquireError};
use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

const CLOSED: usize = 1;
const WAITERS: usize = 1 << 1;
const PERMITS_SHIFT: u32 = 2;

/// The most permits that the word has room for.
pub(super) const MAX_PERMITS: usize = usize::MAX >> PERMITS_SHIFT;

/// The permits that the waiter asked for were taken for it.
const GRANTED: Token = Token(0);
/// The semaphore was closed.
const REFUSED: Token = Token(1);

/// A semaphore without guards: who takes permits gives them back.
pub(super) struct RawSemaphore {
    state: AtomicUsize,
    queue: Queue,
}

impl RawSemaphore {
    const_unless_loom! {
        /// `permits` are at most [`MAX_PERMITS`].
        pub(super) const fn new(permits: usize) -> RawSemaphore {
            RawSemaphore {
                state: AtomicUsize::new(permits << PERMITS_SHIFT),
                queue: Queue::new(),
            }
        }
    }

    #[inline]
    pub(super) fn available_permits(&self) -> usize {
        available(self.state.load(Ordering::Acquire))
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Takes permits if they are available and nobody waits.
    #[inline]
    pub(super) fn try_take(&self, permits: usize) -> Result<(), TryAcquireError> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            if state & CLOSED != 0 {
                return Err(TryAcquireError::Closed);
            }
            if permits == 0 {
                return Ok(());
            }
            if state & WAITERS != 0 || available(state) < permits {
                return Err(TryAcquireError::NoPermits);
            }
            match self.exchange(state, state - (permits << PERMITS_SHIFT), Ordering::Acquire) {
                Ok(()) => return Ok(()),
                Err(actual) => state = actual,
            }
        }
    }

    /// Ready when the caller has the permits, or cannot have them any more.
    #[inline]
    pub(super) fn poll_acquire(
        &self,
        waiter: Pin<&mut Waiter>,
        permits: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), AcquireError>> {
        if waiter.is_idle() {
            match self.try_take(permits) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(TryAcquireError::Closed) => return Poll::Ready(Err(AcquireError)),
                Err(TryAcquireError::NoPermits) => {}
            }
        }
        self.poll_in_line(waiter, permits, cx)
    }

    /// Apart, so that what comes before is small enough to become part of the caller.
    #[inline(never)]
    fn poll_in_line(
        &self,
        waiter: Pin<&mut Waiter>,
        permits: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), AcquireError>> {
        let admit = |_: &mut Locked<'_>| self.admit(permits);
        match ready!(self.queue.poll(waiter, cx, admit)) {
            Waited::Entered(result) => Poll::Ready(result),
            Waited::Notified(GRANTED) => Poll::Ready(Ok(())),
            Waited::Notified(_) => Poll::Ready(Err(AcquireError)),
        }
    }

    /// Under the lock: whether to wait, having left word that somebody does.
    fn admit(&self, permits: usize) -> Admission<Result<(), AcquireError>> {
        loop {
            match self.try_take(permits) {
                Ok(()) => return Admission::Enter(Ok(())),
                Err(TryAcquireError::Closed) => return Admission::Enter(Err(AcquireError)),
                Err(TryAcquireError::NoPermits) => {}
            }
            // It may be another word by now, but not a closed one: a close needs the lock.
            let state = self.state.load(Ordering::Relaxed);
            let wait = Admission::Back { tag: permits };
            if state & WAITERS != 0 {
                return wait;
            }
            if available(state) < permits
                && self
                    .exchange(state, state | WAITERS, Ordering::Relaxed)
                    .is_ok()
            {
                return wait;
            }
        }
    }

    /// Ends a wait for so many permits early.
    #[inline]
    pub(super) fn cancel(&self, waiter: Pin<&mut Waiter>, permits: usize) {
        match self.queue.cancel(waiter) {
            Cancelled::Removed(locked) => self.grant(locked),
            Cancelled::Notified(GRANTED) => self.release(permits),
            Cancelled::Notified(_) | Cancelled::Idle => {}
        }
    }

    /// Takes permits back.
    #[inline]
    pub(super) fn release(&self, permits: usize) {
        self.put(permits, |available| {
            Some(available.saturating_add(permits).min(MAX_PERMITS))
        });
    }

    /// Makes new permits available; `false`, and nothing is done, if there would be too many.
    pub(super) fn add(&self, permits: usize) -> bool {
        self.put(permits, |available| {
            available
                .checked_add(permits)
                .filter(|&sum| sum <= MAX_PERMITS)
        })
    }

    /// Lets up to so many of the available permits vanish; how many did.
    pub(super) fn forget(&self, permits: usize) -> usize {
        let take = |state| {
            let forgotten = available(state).min(permits);
            (state - (forgotten << PERMITS_SHIFT), forgotten)
        };
        let mut state = self.state.load(Ordering::Relaxed);
        while state & WAITERS == 0 {
            let (rest, forgotten) = take(state);
            match self.exchange(state, rest, Ordering::Acquire) {
                Ok(()) => return forgotten,
                Err(actual) => state = actual,
            }
        }
        let _locked = self.queue.lock();
        loop {
            let state = self.state.load(Ordering::Relaxed);
            let (rest, forgotten) = take(state);
            if self.exchange(state, rest, Ordering::AcqRel).is_ok() {
                return forgotten;
            }
        }
    }

    /// Refuses permits to all who wait and all who come, for good.
    pub(super) fn close(&self) {
        let locked = self.queue.lock();
        let mut state = self.state.load(Ordering::Relaxed);
        while let Err(actual) = self.exchange(state, (state | CLOSED) & !WAITERS, Ordering::AcqRel)
        {
            state = actual;
        }
        locked.release_all(REFUSED);
    }

    /// Makes permits available, as `sum` says; `false`, and nothing is done, if it says `None`.
    #[inline]
    fn put(&self, permits: usize, sum: impl Fn(usize) -> Option<usize>) -> bool {
        if permits == 0 {
            return true;
        }
        let mut state = self.state.load(Ordering::Relaxed);
        while state & WAITERS == 0 {
            let Some(sum) = sum(available(state)) else {
                return false;
            };
            match self.exchange(state, with_available(state, sum), Ordering::Release) {
                Ok(()) => return true,
                Err(actual) => state = actual,
            }
        }
        self.put_before_waiters(sum)
    }

    #[cold]
    fn put_before_waiters(&self, sum: impl Fn(usize) -> Option<usize>) -> bool {
        let locked = self.queue.lock();
        loop {
            let state = self.state.load(Ordering::Relaxed);
            let Some(sum) = sum(available(state)) else {
                return false;
            };
            let new = with_available(state, sum);
            if self.exchange(state, new, Ordering::AcqRel).is_ok() {
                break;
            }
        }
        self.grant(locked);
        true
    }

    /// Hands permits to those in front for whom there are enough, and wakes them.
    fn grant(&self, locked: Locked<'_>) {
        locked.notify_while(|first| {
            let state = self.state.load(Ordering::Acquire);
            match first {
                None => {
                    if state & WAITERS != 0 {
                        self.state.store(state & !WAITERS, Ordering::Release);
                    }
                    None
                }
                Some(needed) if needed > available(state) => None,
                Some(needed) => {
                    let rest = state - (needed << PERMITS_SHIFT);
                    self.state.store(rest, Ordering::Release);
                    Some(GRANTED)
                }
            }
        });
    }

    #[inline]
    fn exchange(&self, from: usize, to: usize, success: Ordering) -> Result<(), usize> {
        self.state
            .compare_exchange(from, to, success, Ordering::Acquire)
            .map(drop)
    }
}

/// How many permits a word says are available.
#[inline]
const fn available(state: usize) -> usize {
    state >> PERMITS_SHIFT
}

/// The same word with another number.
#[inline]
const fn with_available(state: usize, permits: usize) -> usize {
    state & (CLOSED | WAITERS) | permits << PERMITS_SHIFT
}
