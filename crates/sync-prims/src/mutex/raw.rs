//! The mutex without its data: one word and a queue.
//!
//! # The word
//!
//! | bit | set when |
//! |---|---|
//! | `LOCKED` | somebody has the lock, or it was handed to a waiter that has not been polled yet |
//! | `WAITERS` | somebody stands in the queue; written under the queue's lock alone, and exact there |
//! | `WOKEN` | barging only: the first in line was taken out and woken to compete, and has neither won nor lost yet |
//!
//! Under [`Policy::Fifo`] a word without `LOCKED` is zero: while anybody waits the lock goes from hand to hand and is never
//! free, so nobody can overtake the queue. Under [`Policy::Barging`] it is free in between, for whoever comes first.
//!
//! # Transitions
//!
//! "Under the lock" means the queue's lock. `L`, `W`, `K` are the three bits; `·` is "whatever it was".
//!
//! | from | `try_lock`, first poll | the second look, under the lock | `unlock` | the last waiter is dropped, under the lock |
//! |---|---|---|---|---|
//! | 0 | `L` | `L` | | |
//! | `L` | – | `L W`, link | 0 | |
//! | `L W` | – | link | under the lock: see below | `L` |
//! | `W K` (barging) | `L W K` | `L · ·`, without `K` for the woken | | `K` |
//! | `K` (barging) | `L K` | `L ·`, without `K` for the woken | | |
//! | `L K` (barging) | – | `L W ·`, link; the woken links in front and clears `K` | `K` | |
//! | `L W K` (barging) | – | the same | `W K` | `L K` |
//!
//! `unlock` from `L W`, under the lock, the first waiter taken out and told, `W` cleared if it was the last:
//!
//! - *Hand-off* (always under [`Policy::Fifo`]; else if the first has lost [`LOST_ROUNDS`] times): it is told
//!   [`OWNED`]; `L` stays.
//! - *Barging*: it is told [`COMPETE`]; `L` is cleared and `K` set.
//!
//! A waiter that was told [`COMPETE`] and is dropped, under the lock: from `L · K` to `L ·`, from `K` to 0; from `W K` the next
//! is told instead, and `W` is cleared if it was the last.
//!
//! Whoever holds the queue's lock, finds `L` without `K`, and has the lock that `L` speaks of, is the only one who can change
//! the word: `try_lock` needs `L` clear, `W` needs the queue's lock, and only a woken waiter clears `K`. Such a holder
//! stores; all others exchange.
//!
//! # Races
//!
//! - *Register and unlock*: the waiter sets `W` by exchange from a word with `L`, under the queue's lock, and is linked when
//!   that lock is released. An unlock before it leaves a word without `L`, and the exchange fails; one after it cannot
//!   exchange `L` for 0, takes the queue's lock, and finds the waiter.
//! - *Try and hand-off*: `L` is set all the time, so a `try_lock` fails and writes nothing.
//! - *Hand-off and cancel*: the canceller finds `OWNED` and unlocks, which hands on; or it left before the unlocker came,
//!   who then finds somebody else or nobody.
//! - *Unlock and cancel*: the unlocker that saw `W` finds nobody under the queue's lock, where `W` was cleared, and stores 0.
//! - *Cancel and cancel*: both under the queue's lock; the last one clears `W`.
//! - *The new owner is faster than the old*: it may find `OWNED`, and even unlock, before the old owner has cleared `W`. It
//!   finds `W` set then, needs the queue's lock, and waits for the old owner to let go of it.
//! - *Barging and cancel*: a dropped waiter that had been told `COMPETE` takes the queue's lock; so the unlocker that told it
//!   has set `K` by then. If the lock is held it clears `K`, in one exchange with having seen `L`: the holder's unlock, which
//!   would have relied on `K`, finds it cleared and wakes somebody. Otherwise it tells the next and leaves `K` to it.
//! - *The woken loses*: it clears `K` and sets `W` in one exchange from a word with `L`, and stands in front of the queue
//!   before it lets go of the queue's lock. So again the unlock finds `K`, and the woken has not looked yet; or finds `W`.

use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

const FREE: usize = 0;
const LOCKED: usize = 1;
const WAITERS: usize = 1 << 1;
const WOKEN: usize = 1 << 2;

/// The lock was handed over: whoever takes the token has it.
const OWNED: Token = Token(0);
/// The lock is, or was, free: whoever takes the token may compete for it, and has `WOKEN` to clear.
const COMPETE: Token = Token(1);

/// How often the first in line may lose to others before the lock is handed to it.
///
/// Each loss costs a wake in vain and each hand-off makes everybody wait for one task to be scheduled. There is no clock here
/// to weigh them by; a small number keeps a waiter at most so many turns behind what first come, first served would give.
const LOST_ROUNDS: u8 = if cfg!(loom) { 1 } else { 4 };

/// Who gets a lock that others wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// Whoever has waited longest.
    Fifo,
    /// Whoever comes first, until the one who has waited longest has lost [`LOST_ROUNDS`] times.
    Barging,
}

/// A mutex without data.
pub struct RawMutex {
    state: AtomicUsize,
    policy: Policy,
    queue: Queue,
}

pin_project! {
    /// An attempt to get the lock: what a future holds besides the mutex.
    ///
    /// Whoever polls it calls [`RawMutex::cancel`] before it goes away, unless the last poll got the lock.
    pub struct Acquire {
        #[pin]
        waiter: Waiter,
        lost: u8,
        // It took `COMPETE`, and has `WOKEN` to clear. Only seen from outside of a poll if a waker panicked in it.
        woken: bool,
    }
}

impl Acquire {
    #[inline]
    pub(crate) fn new() -> Acquire {
        Acquire {
            waiter: Waiter::new(),
            lost: 0,
            woken: false,
        }
    }

    /// The node, for a wait in another queue before or after this attempt.
    #[inline]
    pub(crate) fn waiter(self: Pin<&mut Self>) -> Pin<&mut Waiter> {
        self.project().waiter
    }

    #[inline]
    fn is_fresh(&self) -> bool {
        self.waiter.is_idle() && !self.woken
    }
}

impl RawMutex {
    const_unless_loom! {
        pub(super) const fn new(policy: Policy) -> RawMutex {
            RawMutex {
                state: AtomicUsize::new(FREE),
                policy,
                queue: Queue::new(),
            }
        }
    }

    pub(super) fn policy(&self) -> Policy {
        self.policy
    }

    #[inline]
    pub(super) fn is_locked(&self) -> bool {
        self.state.load(Ordering::Relaxed) & LOCKED != 0
    }

    /// For the models: nobody has the lock, and no trace is left of those who waited.
    #[cfg(all(test, loom))]
    pub(super) fn assert_free(&self) {
        assert_eq!(self.state.load(Ordering::Relaxed), FREE);
    }

    /// Takes the lock if it is free.
    #[inline]
    pub(super) fn try_lock(&self) -> bool {
        match self.policy {
            Policy::Fifo => self.exchange(FREE, LOCKED, Ordering::Acquire),
            // A free word may have other bits: an exchange at a guess would often be in vain.
            Policy::Barging => {
                let state = self.state.load(Ordering::Relaxed);
                self.take_if_free(state, 0).is_ok()
            }
        }
    }

    /// Ready when the caller has the lock.
    #[inline]
    pub(crate) fn poll_lock(&self, acquire: Pin<&mut Acquire>, cx: &mut Context<'_>) -> Poll<()> {
        if acquire.is_fresh() && self.try_lock() {
            return Poll::Ready(());
        }
        self.poll_contended(acquire, cx)
    }

    #[inline(never)]
    fn poll_contended(&self, acquire: Pin<&mut Acquire>, cx: &mut Context<'_>) -> Poll<()> {
        let mut acquire = acquire.project();
        loop {
            let admit = |_: &mut Locked<'_>| {
                let admission = self.admit(*acquire.woken, *acquire.lost);
                *acquire.woken = false;
                admission
            };
            match ready!(self.queue.poll(acquire.waiter.as_mut(), cx, admit)) {
                Waited::Notified(COMPETE) => {}
                Waited::Entered(()) | Waited::Notified(_) => break,
            }
            // The next turn of the loop stands in line again, or finds the lock free.
            *acquire.woken = true;
            let state = self.state.load(Ordering::Relaxed);
            if self.take_if_free(state, WOKEN).is_ok() {
                *acquire.woken = false;
                break;
            }
            *acquire.lost = acquire.lost.saturating_add(1);
        }
        // The next attempt, after a wait in another queue, stands behind the others again.
        *acquire.lost = 0;
        Poll::Ready(())
    }

    /// Gives an attempt up; what it had got already goes to the next.
    #[inline]
    pub(crate) fn cancel(&self, acquire: Pin<&mut Acquire>) {
        if !acquire.is_fresh() {
            self.cancel_contended(acquire);
        }
    }

    #[cold]
    fn cancel_contended(&self, acquire: Pin<&mut Acquire>) {
        let acquire = acquire.project();
        match self.queue.cancel(acquire.waiter) {
            // It was woken before, as it is not fresh.
            Cancelled::Idle => self.pass_on(),
            Cancelled::Removed(locked) => self.settle(&locked),
            // SAFETY: whoever takes this token has the lock, and nobody else will give it back.
            Cancelled::Notified(OWNED) => unsafe { self.unlock() },
            Cancelled::Notified(_) => self.pass_on(),
        }
    }

    /// Gives the lock back.
    ///
    /// # Safety
    ///
    /// The caller has the lock, and does not rely on having it any more.
    #[inline]
    pub(crate) unsafe fn unlock(&self) {
        let unlocked = match self.policy {
            Policy::Fifo => self.exchange(LOCKED, FREE, Ordering::Release),
            Policy::Barging => self.unlock_unless_waited_for(),
        };
        if !unlocked {
            self.unlock_contended();
        }
    }

    #[cold]
    fn unlock_contended(&self) {
        let mut locked = self.queue.lock();
        let must_hand_off =
            self.policy == Policy::Fifo || locked.first_tag() >= Some(LOST_ROUNDS.into());
        let token = if must_hand_off { OWNED } else { COMPETE };
        let first = locked.notify_first(token);
        let waiters = if locked.is_empty() { 0 } else { WAITERS };
        // Nobody else changes the word now: see the page of this module.
        match &first {
            Some(_) if must_hand_off => self.state.store(LOCKED | waiters, Ordering::Relaxed),
            Some(_) => self.state.store(WOKEN | waiters, Ordering::Release),
            None => self.state.store(FREE, Ordering::Release),
        }
        drop(locked);
        wake(first);
    }

    #[inline]
    fn exchange(&self, from: usize, to: usize, success: Ordering) -> bool {
        self.state
            .compare_exchange(from, to, success, Ordering::Relaxed)
            .is_ok()
    }

    /// Barging: lets go, if there is nobody to wake or somebody is on the way already.
    #[inline]
    fn unlock_unless_waited_for(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & (WAITERS | WOKEN) != WAITERS {
            match self.state.compare_exchange_weak(
                state,
                state & !LOCKED,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Takes the lock and clears the bits `settled`, or says in which state it is not free; `state` is what was seen last.
    #[inline]
    fn take_if_free(&self, mut state: usize, settled: usize) -> Result<(), usize> {
        while state & LOCKED == 0 {
            match self.state.compare_exchange_weak(
                state,
                (state | LOCKED) & !settled,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
        }
        Err(state)
    }

    /// Under the queue's lock: takes the lock, or leaves word that somebody waits.
    fn admit(&self, woken: bool, lost: u8) -> Admission<()> {
        let settled = if woken { WOKEN } else { 0 };
        let mut state = self.state.load(Ordering::Relaxed);
        // An unlock from this word needs the queue's lock, and everything else needs another word.
        if state == LOCKED | WAITERS {
            return Admission::Back { tag: 0 };
        }
        loop {
            match self.take_if_free(state, settled) {
                Ok(()) => return Admission::Enter(()),
                Err(held) => state = held,
            }
            match self.state.compare_exchange_weak(
                state,
                (state | WAITERS) & !settled,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) if lost > 0 => return Admission::Front { tag: lost.into() },
                Ok(_) => return Admission::Back { tag: 0 },
                Err(now) => state = now,
            }
        }
    }

    /// Barging: lets somebody else compete, as a woken waiter will not.
    #[cold]
    fn pass_on(&self) {
        let mut locked = self.queue.lock();
        let mut state = self.state.load(Ordering::Relaxed);
        while state & LOCKED != 0 || state & WAITERS == 0 {
            match self.state.compare_exchange_weak(
                state,
                state & !WOKEN,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
        let next = locked.notify_first(COMPETE);
        self.settle(&locked);
        drop(locked);
        wake(next);
    }

    /// Under the queue's lock, after somebody left.
    fn settle(&self, locked: &Locked<'_>) {
        if locked.is_empty() {
            self.state.fetch_and(!WAITERS, Ordering::Relaxed);
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
