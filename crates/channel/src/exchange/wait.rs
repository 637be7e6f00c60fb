//! The steps of [`wait`](crate::wait) with a channel's lock.

use core::pin::Pin;
use core::task::Context;

use sync_prims::raw::{WaitList, Waiter};

use super::state::State;
use super::{Exchange, Form, Guard};
use crate::wait;
pub(super) use crate::wait::{Left, Standing};

/// The list of a state that a waiter is linked into.
pub(super) type ListOf<F> = fn(&mut State<<F as Form>::Buffer>) -> &mut WaitList;

impl<F: Form> Exchange<F> {
    /// Finds out where a waiter stands; if it waits, has it woken through the waker of this poll.
    #[inline]
    pub(super) fn standing(&self, waiter: Pin<&Waiter>, cx: &Context<'_>) -> Standing {
        wait::standing(&self.lock, waiter, cx)
    }

    /// Lets a waiter give up.
    pub(super) fn leave<'c>(&'c self, waiter: Pin<&Waiter>, list: ListOf<F>) -> Left<Guard<'c, F>> {
        wait::leave(&self.lock, waiter, list)
    }
}
