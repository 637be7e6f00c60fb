//! The read-write lock without its data: one word and a queue.
//!
//! # The word
//!
//! | bits | meaning |
//! |---|---|
//! | `WRITER` (bit 0) | one has the lock to itself |
//! | `WAITERS` (bit 1) | somebody stands in the queue; written under the queue's lock alone, and exact when that is free |
//! | `UPGRADABLE` (bit 2) | one of the readers may become the writer |
//! | the rest | how many readers have the lock, the upgradable one included |
//!
//! Whoever was let in and has not been polled yet counts as having the lock.
//!
//! # Who may enter
//!
//! | request | enters a word that has | which becomes |
//! |---|---|---|
//! | [`SHARED`] | no `WRITER` | one reader more |
//! | [`UPGRADABLE`](Request) | no `WRITER`, no `UPGRADABLE` | one reader more, `UPGRADABLE` |
//! | [`EXCLUSIVE`] | neither `WRITER` nor readers | `WRITER` |
//! | [`UPGRADE`] | one reader, which is the upgradable one: itself | `WRITER` |
//!
//! and a word that has `WAITERS` only as the first in line. An upgrade goes before the line, as it has the lock already and
//! nobody who wants to write could pass it.
//!
//! # Transitions
//!
//! | | without `WAITERS` | with `WAITERS` |
//! |---|---|---|
//! | a request, first poll | enters by exchange, or goes on under the lock | under the lock: link |
//! | the same, under the lock | enters by exchange, or sets `WAITERS` by exchange, and links | link |
//! | an upgrade, first poll | enters by exchange, or goes on under the lock | the same |
//! | the same, under the lock | enters by exchange, or sets `WAITERS` by exchange, and links in front | the same |
//! | a release, a downgrade | subtracts what is given up | the same; then, under the lock: grant |
//! | a waiter is dropped | – | under the lock: unlink, grant |
//!
//! "Grant" is: while the first in line may enter, exchange the word for it and tell it [`GRANTED`]; when nobody is left,
//! clear `WAITERS`. A reader that leaves others behind spares itself the lock: nobody may enter because of it.
//!
//! # Races
//!
//! - *Request and release*: the waiter looks again under the lock, and sets `WAITERS` by exchange from a word that keeps it
//!   out. A release before that makes the exchange fail; one after it finds `WAITERS`, takes the lock, and finds the waiter
//!   linked.
//! - *Release and release*: each subtracts and looks at what its own subtraction left. The last one to leave finds nobody
//!   else, and grants; that the lock may have been granted in between by somebody who had the queue's lock does no harm.
//! - *Release and upgrade*: the last reader but the upgradable one finds that it leaves that one alone, and grants.
//! - *Grant and a release, a downgrade, an upgrade at once*: those who have the lock change the word without the queue's lock.
//!   A grant exchanges it, and looks again if it has changed.
//! - *Upgrade and write*: the upgrade is first in line. The writer is behind it, or was there before and stays behind it.
//! - *Downgrade and queued readers*: the downgrade leaves a word that they may enter, and then grants; so may anybody who comes
//!   between with the queue's lock.
//! - *Grant and cancel*: a dropped waiter that finds [`GRANTED`] has the lock, and releases it. One that is still linked
//!   leaves, and grants, as it may have kept those behind it from entering.
//! - *The new owner is faster than the old*: it may release before the old one has cleared `WAITERS`, and waits then for the
//!   queue's lock.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use crate::queue::{Admission, Cancelled, Locked, Queue, Token, Waited, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_unless_loom};

const WRITER: usize = 1;
const WAITERS: usize = 1 << 1;
const UPGRADABLE_READER: usize = 1 << 2;
const READER: usize = 1 << 3;

/// The lock was taken for the waiter.
const GRANTED: Token = Token(0);

/// What somebody wants of the lock. Except for an upgrade, it is also what the word has more when they have got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request(usize);

/// To read.
pub(super) const SHARED: Request = Request(READER);
/// To read, and to be the one who can upgrade.
pub(super) const UPGRADABLE: Request = Request(READER + UPGRADABLE_READER);
/// To write.
pub(super) const EXCLUSIVE: Request = Request(WRITER);
/// To write, having [`UPGRADABLE`], which is given up for it.
const UPGRADE: Request = Request(0);

impl Request {
    /// The word with this request let in, if it may enter. `WAITERS` stays as it is.
    #[inline]
    fn enter(self, state: usize) -> Option<usize> {
        let free = match self {
            SHARED => state & WRITER == 0,
            UPGRADABLE => state & (WRITER | UPGRADABLE_READER) == 0,
            EXCLUSIVE => state & !WAITERS == 0,
            _ => return (state & !WAITERS == UPGRADABLE.0).then_some(state & WAITERS | WRITER),
        };
        // No room for one reader more: it stays outside.
        if free {
            state.checked_add(self.0)
        } else {
            None
        }
    }

    fn wait(self) -> Admission<()> {
        let Request(tag) = self;
        match self {
            UPGRADE => Admission::Front { tag },
            _ => Admission::Back { tag },
        }
    }
}

/// A read-write lock without data.
pub struct RawRwLock {
    state: AtomicUsize,
    queue: Queue,
}

impl RawRwLock {
    const_unless_loom! {
        pub(super) const fn new() -> RawRwLock {
            RawRwLock {
                state: AtomicUsize::new(0),
                queue: Queue::new(),
            }
        }
    }

    /// For the models: nobody has the lock, and no trace is left of those who waited.
    #[cfg(all(test, loom))]
    pub(super) fn assert_free(&self) {
        assert_eq!(self.state.load(Ordering::Relaxed), 0);
    }

    /// Takes the lock if that can be done at once and nobody waits.
    #[inline]
    pub(super) fn try_acquire(&self, request: Request) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & WAITERS == 0
            && let Some(entered) = request.enter(state)
        {
            match self.exchange(state, entered) {
                Ok(()) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Has the writer's lock for the upgradable reader's, if there is no other reader.
    ///
    /// To be called by who has [`UPGRADABLE`].
    #[inline]
    pub(super) fn try_upgrade(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while let Some(entered) = UPGRADE.enter(state) {
            match self.exchange(state, entered) {
                Ok(()) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Ready when the caller has the lock.
    #[inline]
    pub(super) fn poll_acquire(
        &self,
        waiter: Pin<&mut Waiter>,
        request: Request,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if waiter.is_idle() && self.try_acquire(request) {
            return Poll::Ready(());
        }
        self.poll_contended(waiter, request, cx)
    }

    /// Ready when the caller has the writer's lock for the upgradable reader's.
    #[inline]
    pub(super) fn poll_upgrade(&self, waiter: Pin<&mut Waiter>, cx: &mut Context<'_>) -> Poll<()> {
        if waiter.is_idle() && self.try_upgrade() {
            return Poll::Ready(());
        }
        self.poll_contended(waiter, UPGRADE, cx)
    }

    #[inline(never)]
    fn poll_contended(
        &self,
        waiter: Pin<&mut Waiter>,
        request: Request,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let admit = |_: &mut Locked<'_>| self.admit(request);
        match ready!(self.queue.poll(waiter, cx, admit)) {
            Waited::Entered(()) | Waited::Notified(_) => Poll::Ready(()),
        }
    }

    /// Under the queue's lock: whether to wait, having left word that somebody does.
    fn admit(&self, request: Request) -> Admission<()> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let is_line = state & WAITERS != 0;
            let may_pass = !is_line || request == UPGRADE;
            let step = match request.enter(state) {
                Some(entered) if may_pass => {
                    let entered = self.exchange(state, entered);
                    entered.map(|()| Admission::Enter(()))
                }
                _ if is_line => Ok(request.wait()),
                _ => {
                    let marked = self.exchange(state, state | WAITERS);
                    marked.map(|()| request.wait())
                }
            };
            match step {
                Ok(admission) => return admission,
                Err(now) => state = now,
            }
        }
    }

    /// Ends a wait for the lock early; whether the lock was granted meanwhile, which the caller has then.
    #[inline]
    pub(super) fn cancel(&self, waiter: Pin<&mut Waiter>) -> bool {
        match self.queue.cancel(waiter) {
            Cancelled::Idle => false,
            Cancelled::Removed(locked) => {
                self.grant(locked);
                false
            }
            Cancelled::Notified(_) => true,
        }
    }

    /// Gives up what was got by this request, which is not [`UPGRADE`].
    ///
    /// # Safety
    ///
    /// The caller has got it, and does not rely on it any more.
    #[inline]
    pub(super) unsafe fn release(&self, held: Request) {
        let before = self.state.fetch_sub(held.0, Ordering::Release);
        if before & WAITERS != 0 {
            self.pass_on(held, before - held.0);
        }
    }

    /// Gives up one hold for a lesser one.
    ///
    /// # Safety
    ///
    /// The caller has got `held`, and relies on `kept` alone from now on.
    #[inline]
    pub(super) unsafe fn downgrade(&self, held: Request, kept: Request) {
        // The sum wraps around when there is less in the word after it.
        let change = kept.0.wrapping_sub(held.0);
        let before = self.state.fetch_add(change, Ordering::Release);
        if before & WAITERS != 0 {
            self.grant(self.queue.lock());
        }
    }

    /// After a release that left waiters.
    #[cold]
    fn pass_on(&self, released: Request, left: usize) {
        let holders = left & !WAITERS;
        if released == SHARED && holders != 0 && holders != UPGRADABLE.0 {
            return;
        }
        self.grant(self.queue.lock());
    }

    /// Lets those in front enter who may, and wakes them. Whoever comes between two batches stands in line, and is let in by
    /// this grant too if nobody keeps it from entering.
    fn grant(&self, locked: Locked<'_>) {
        locked.notify_while(|first| {
            let Some(first) = first.map(Request) else {
                self.state.fetch_and(!WAITERS, Ordering::Relaxed);
                return None;
            };
            let mut state = self.state.load(Ordering::Relaxed);
            while let Some(entered) = first.enter(state) {
                match self.exchange(state, entered) {
                    Ok(()) => return Some(GRANTED),
                    Err(now) => state = now,
                }
            }
            None
        });
    }

    #[inline]
    fn exchange(&self, from: usize, to: usize) -> Result<(), usize> {
        self.state
            .compare_exchange_weak(from, to, Ordering::Acquire, Ordering::Relaxed)
            .map(drop)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_cannot_be_counted_stays_outside() {
        let lock = RawRwLock::new();
        let full = usize::MAX & !(READER - 1);
        lock.state.store(full, Ordering::Relaxed);
        assert!(!lock.try_acquire(SHARED));
        assert!(!lock.try_acquire(UPGRADABLE));
        // The upgradable one is counted too.
        lock.state.store(full - READER, Ordering::Relaxed);
        assert!(lock.try_acquire(UPGRADABLE));
        assert!(!lock.try_acquire(SHARED));
        assert_eq!(lock.state.load(Ordering::Relaxed), full | UPGRADABLE_READER);
    }
}
