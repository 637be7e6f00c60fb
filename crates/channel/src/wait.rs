//! A waiter's steps, the same for every channel: its waiters stand under one lock.

use core::pin::Pin;
use core::task::{Context, Waker};

use sync_prims::raw::{Token, WaitList, Waiter};

use crate::exchange::StateLock;

/// Where a waiter stands when it is polled.
pub(crate) enum Standing {
    /// In no list: it has not waited yet.
    New,
    /// In no list any more.
    Told(Token),
    /// In its list, with the waker of this poll.
    Waiting,
}

/// What a waiter that gives up has left.
pub(crate) enum Left<G> {
    /// No list.
    Nothing,
    /// A notification that nobody has seen.
    Told(Token),
    /// Its list, whose lock is held, so that what this changes can be settled. The waker is to be dropped after that.
    List(G, Option<Waker>),
}

/// Finds out where a waiter stands; if it waits, has it woken through the waker of this poll.
#[inline]
pub(crate) fn standing<S>(
    lock: &impl StateLock<S>,
    waiter: Pin<&Waiter>,
    cx: &Context<'_>,
) -> Standing {
    if let Some(token) = waiter.take_notified() {
        return Standing::Told(token);
    }
    if waiter.is_idle() {
        return Standing::New;
    }
    if waiter.has_stored(cx.waker()) {
        return Standing::Waiting;
    }
    replace_waker(lock, waiter, cx.waker())
}

#[cold]
fn replace_waker<S>(lock: &impl StateLock<S>, waiter: Pin<&Waiter>, waker: &Waker) -> Standing {
    // Declared before the lock is taken: holds whichever waker is not needed, and is dropped last.
    let mut other = Some(waker.clone());
    let state = lock.lock();
    if let Some(token) = waiter.take_notified() {
        drop(state);
        return Standing::Told(token);
    }
    // SAFETY: it was not notified and is not idle, so it is linked, and the lock is held.
    unsafe { waiter.swap_waker(&mut other) };
    drop(state);
    Standing::Waiting
}

/// Lets a waiter give up that is only ever linked into this list.
#[inline]
pub(crate) fn leave<'l, S, L: StateLock<S>>(
    lock: &'l L,
    waiter: Pin<&Waiter>,
    list: fn(&mut S) -> &mut WaitList,
) -> Left<L::Guard<'l>> {
    if waiter.is_idle() {
        return Left::Nothing;
    }
    if let Some(token) = waiter.take_notified() {
        return Left::Told(token);
    }
    let mut state = lock.lock();
    if let Some(token) = waiter.take_notified() {
        return Left::Told(token);
    }
    // SAFETY: the waiter is linked, into the one list its owner ever links it into, and the lock is held.
    let waker = unsafe { list(&mut state).unlink(waiter) };
    Left::List(state, waker)
}
