//! A waiter's steps that are the same on both sides of a channel.

use core::pin::Pin;
use core::task::{Context, Waker};

use sync_prims::raw::{Token, WaitList, Waiter};

use super::state::State;
use super::{Exchange, Form, Guard};

/// Where a waiter stands when it is polled.
pub(super) enum Standing {
    /// In no list: it has not waited yet.
    New,
    /// In no list any more.
    Told(Token),
    /// In its list, with the waker of this poll.
    Waiting,
}

/// What a waiter that gives up has left.
pub(super) enum Left<'c, F: Form + 'c> {
    /// No list.
    Nothing,
    /// A notification that nobody has seen.
    Told(Token),
    /// Its list, whose lock is held, so that what this changes can be settled. The waker is to be dropped after that.
    List(Guard<'c, F>, Option<Waker>),
}

/// The list of a state that a waiter is linked into.
pub(super) type ListOf<F> = fn(&mut State<<F as Form>::Buffer>) -> &mut WaitList;

impl<F: Form> Exchange<F> {
    /// Finds out where a waiter stands; if it waits, has it woken through the waker of this poll.
    #[inline]
    pub(super) fn standing(&self, waiter: Pin<&Waiter>, cx: &Context<'_>) -> Standing {
        if let Some(token) = waiter.take_notified() {
            return Standing::Told(token);
        }
        if waiter.is_idle() {
            return Standing::New;
        }
        if waiter.has_stored(cx.waker()) {
            return Standing::Waiting;
        }
        self.replace_waker(waiter, cx.waker())
    }

    #[cold]
    fn replace_waker(&self, waiter: Pin<&Waiter>, waker: &Waker) -> Standing {
        // Declared before the lock is taken: holds whichever waker is not needed, and is dropped last.
        let mut other = Some(waker.clone());
        let state = self.lock();
        if let Some(token) = waiter.take_notified() {
            drop(state);
            return Standing::Told(token);
        }
        // SAFETY: it was not notified and is not idle, so it is linked, and the lock is held.
        unsafe { waiter.swap_waker(&mut other) };
        drop(state);
        Standing::Waiting
    }

    /// Lets a waiter give up.
    pub(super) fn leave<'c>(&'c self, waiter: Pin<&Waiter>, list: ListOf<F>) -> Left<'c, F> {
        if waiter.is_idle() {
            return Left::Nothing;
        }
        if let Some(token) = waiter.take_notified() {
            return Left::Told(token);
        }
        let mut state = self.lock();
        if let Some(token) = waiter.take_notified() {
            return Left::Told(token);
        }
        // SAFETY: the waiter is linked, into the one list its owner ever links it into, and the lock is held.
        let waker = unsafe { list(&mut state).unlink(waiter) };
        Left::List(state, waker)
    }
}
