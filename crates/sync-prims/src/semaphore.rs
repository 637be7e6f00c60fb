//! [`Semaphore`]: a number of permits, handed out in the order in which they were asked for.
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

mod error;
mod futures;
mod permit;

#[cfg(all(test, loom))]
mod loom_tests;

use alloc::sync::Arc;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

pub use error::{AcquireError, TryAcquireError};
pub use futures::{Acquire, AcquireOwned};
pub use permit::{OwnedSemaphorePermit, SemaphorePermit};

const CLOSED: usize = 1;
const WAITERS: usize = 1 << 1;
const PERMITS_SHIFT: u32 = 2;

/// The permits that the waiter asked for were taken for it.
const GRANTED: Token = Token(0);
/// The semaphore was closed.
const REFUSED: Token = Token(1);

/// A number of permits that tasks and threads take and give back.
///
/// It is fair: permits go to those who ask in the order in which they asked, and whoever asks for many is not starved by
/// those who ask for few; they stand in line behind it, even if there is enough for them. That goes for
/// [`try_acquire`](Semaphore::try_acquire) too, which fails while somebody waits.
///
/// Permits that are taken are held by a [`SemaphorePermit`], which gives them back when it is dropped. They are not
/// counted: [`add_permits`](Semaphore::add_permits) makes new ones, [`SemaphorePermit::forget`] and
/// [`forget_permits`](Semaphore::forget_permits) lets them vanish. Should that lead to more than
/// [`MAX_PERMITS`](Semaphore::MAX_PERMITS) being available when a permit comes back, those beyond are lost.
///
/// Asking for 0 permits is answered at once, whoever waits.
///
/// To acquire costs one atomic read-modify-write, and to give back another, if nobody waits.
///
/// ```
/// use sync_prims::Semaphore;
///
/// let connections = Semaphore::new(2);
/// let first = connections.try_acquire().unwrap();
/// let second = connections.try_acquire().unwrap();
/// std::thread::scope(|threads| {
///     threads.spawn(|| connections.acquire_blocking().unwrap());
///     drop(first);
/// });
/// drop(second);
/// assert_eq!(connections.available_permits(), 2);
/// ```
pub struct Semaphore {
    state: AtomicUsize,
    queue: Queue,
}

impl Semaphore {
    /// The most permits that can be available at a time.
    pub const MAX_PERMITS: usize = usize::MAX >> PERMITS_SHIFT;

    const_unless_loom! {
        /// A semaphore with so many permits.
        ///
        /// # Panics
        ///
        /// If there are more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
        pub const fn new(permits: usize) -> Semaphore {
            assert!(
                permits <= Semaphore::MAX_PERMITS,
                "a semaphore cannot have more than `Semaphore::MAX_PERMITS` permits"
            );
            Semaphore {
                state: AtomicUsize::new(permits << PERMITS_SHIFT),
                queue: Queue::new(),
            }
        }
    }

    /// Takes a permit if one is available and nobody waits.
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits if they are available and nobody waits.
    ///
    /// More than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are never available.
    #[inline]
    pub fn try_acquire_many(&self, permits: usize) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_take(permits)?;
        Ok(SemaphorePermit::new(self, permits))
    }

    /// As [`try_acquire`](Semaphore::try_acquire), for a permit that keeps the semaphore alive.
    #[inline]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`try_acquire_many`](Semaphore::try_acquire_many), for a permit that keeps the semaphore alive.
    #[inline]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_take(permits)?;
        Ok(OwnedSemaphorePermit::new(self, permits))
    }

    /// Takes a permit, in turn.
    ///
    /// Dropping the future leaves the line; a permit that it had been granted already goes to the next.
    #[inline]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Takes so many permits, all at once and in turn.
    ///
    /// If there are not that many permits, it waits until there are, because some were added, or until the semaphore is
    /// closed; everybody behind it waits as well. Dropping the future leaves the line; permits that it had been granted
    /// already go to the next.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[inline]
    pub fn acquire_many(&self, permits: usize) -> Acquire<'_> {
        assert_possible(permits);
        Acquire::new(self, permits)
    }

    /// As [`acquire`](Semaphore::acquire), for a permit that keeps the semaphore alive.
    #[inline]
    pub fn acquire_owned(self: Arc<Self>) -> AcquireOwned {
        self.acquire_many_owned(1)
    }

    /// As [`acquire_many`](Semaphore::acquire_many), for a permit that keeps the semaphore alive.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[inline]
    pub fn acquire_many_owned(self: Arc<Self>, permits: usize) -> AcquireOwned {
        assert_possible(permits);
        AcquireOwned::new(self, permits)
    }

    /// Sleeps until there is a permit to take, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_blocking(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        crate::blocking::block_on(self.acquire())
    }

    /// Sleeps until there are so many permits to take, on a plain thread.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_many_blocking(
        &self,
        permits: usize,
    ) -> Result<SemaphorePermit<'_>, AcquireError> {
        crate::blocking::block_on(self.acquire_many(permits))
    }

    /// As [`acquire_blocking`](Semaphore::acquire_blocking), for a permit that keeps the semaphore alive.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_owned_blocking(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        crate::blocking::block_on(self.acquire_owned())
    }

    /// As [`acquire_many_blocking`](Semaphore::acquire_many_blocking), for a permit that keeps the semaphore alive.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_many_owned_blocking(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        crate::blocking::block_on(self.acquire_many_owned(permits))
    }

    /// How many permits are available. While somebody waits for many there may be some, and yet none to be had.
    pub fn available_permits(&self) -> usize {
        available(self.state.load(Ordering::Acquire))
    }

    /// Makes so many new permits, for those who wait and those who come.
    ///
    /// A closed semaphore takes them, and hands none out.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) would be available. Nothing has changed then, and the semaphore
    /// can be used further.
    pub fn add_permits(&self, permits: usize) {
        let added = self.put(permits, |available| {
            available
                .checked_add(permits)
                .filter(|&sum| sum <= Semaphore::MAX_PERMITS)
        });
        assert!(
            added,
            "more than `Semaphore::MAX_PERMITS` permits of a semaphore would be available"
        );
    }

    /// Lets up to so many of the available permits vanish; how many did.
    pub fn forget_permits(&self, permits: usize) -> usize {
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

    /// Refuses permits to all who wait and all who come, for good. Permits that are out stay valid, and so do those that a
    /// waiter was granted before, polled or not.
    pub fn close(&self) {
        let locked = self.queue.lock();
        let mut state = self.state.load(Ordering::Relaxed);
        while let Err(actual) = self.exchange(state, (state | CLOSED) & !WAITERS, Ordering::AcqRel)
        {
            state = actual;
        }
        locked.release_all(REFUSED);
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) & CLOSED != 0
    }

    #[inline]
    fn try_take(&self, permits: usize) -> Result<(), TryAcquireError> {
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

    #[inline]
    fn poll_acquire(
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
            let state = self.state.load(Ordering::Relaxed);
            let lacking = state & CLOSED == 0 && available(state) < permits;
            if state & WAITERS != 0
                || lacking
                    && self
                        .exchange(state, state | WAITERS, Ordering::Relaxed)
                        .is_ok()
            {
                return Admission::Back { tag: permits };
            }
        }
    }

    /// Ends a wait for so many permits early.
    fn cancel(&self, waiter: Pin<&mut Waiter>, permits: usize) {
        match self.queue.cancel(waiter) {
            Cancelled::Removed(locked) => self.grant(locked),
            Cancelled::Notified(GRANTED) => self.release(permits),
            Cancelled::Notified(_) | Cancelled::Idle => {}
        }
    }

    /// Takes permits back.
    #[inline]
    fn release(&self, permits: usize) {
        self.put(permits, |available| {
            Some(
                available
                    .saturating_add(permits)
                    .min(Semaphore::MAX_PERMITS),
            )
        });
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

#[track_caller]
#[inline]
fn assert_possible(permits: usize) {
    assert!(
        permits <= Semaphore::MAX_PERMITS,
        "a semaphore never has more than `Semaphore::MAX_PERMITS` permits"
    );
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
