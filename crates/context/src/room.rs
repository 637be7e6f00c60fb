//! The room of a bounded context: how many submitted tasks may wait for their context to take them up.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Counts submitted tasks that have not been taken up. Without a capacity it counts nothing.
pub(crate) struct Room {
    capacity: Option<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    used: usize,
    closed: bool,
    next_waiter: u64,
    waiters: VecDeque<Waiter>,
}

struct Waiter {
    id: u64,
    /// `None` once it was woken, until it is polled again. So no waker is ever cloned under the lock, which would be foreign
    /// code.
    waker: Option<Waker>,
}

/// What a submitter that waits for room remembers between polls.
#[derive(Debug, Default)]
pub(crate) struct Ticket(Option<u64>);

/// No room, or no context to have room in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    Full,
    Closed,
}

impl Room {
    pub(crate) fn new(capacity: Option<usize>) -> Self {
        Self {
            capacity,
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, unless there is none or somebody waits for it already.
    #[inline]
    pub(crate) fn try_take(&self) -> Result<(), NoRoom> {
        let Some(capacity) = self.capacity else {
            return Ok(());
        };
        let mut state = self.state();
        if state.closed {
            Err(NoRoom::Closed)
        } else if state.used >= capacity || !state.waiters.is_empty() {
            Err(NoRoom::Full)
        } else {
            state.used += 1;
            Ok(())
        }
    }

    /// Takes a place in order of arrival; ready with an error once the context has ended.
    pub(crate) fn poll_take(
        &self,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), NoRoom>> {
        let Some(capacity) = self.capacity else {
            return Poll::Ready(Ok(()));
        };
        // Cloned outside the lock, as foreign code must not run under it.
        let mut waker = Some(cx.waker().clone());
        let mut state = self.state();
        if state.closed {
            return Poll::Ready(Err(NoRoom::Closed));
        }
        // One that waited when the run before this ended is in no queue any more, and begins anew.
        let place = ticket
            .0
            .and_then(|id| state.waiters.iter().position(|waiter| waiter.id == id));
        let first = place.map_or(state.waiters.is_empty(), |place| place == 0);
        if first && state.used < capacity {
            state.used += 1;
            ticket.0 = None;
            let old = place.and_then(|_| state.waiters.pop_front());
            // Several places may have come free before the first waiter looked.
            let next = state.take_due(capacity);
            drop(state);
            drop(old);
            wake(next);
            return Poll::Ready(Ok(()));
        }
        let id = match ticket.0 {
            Some(id) => id,
            None => {
                let id = state.next_waiter;
                state.next_waiter += 1;
                ticket.0 = Some(id);
                id
            }
        };
        if let Some(place) = place {
            waker = std::mem::replace(&mut state.waiters[place].waker, waker);
        } else {
            let waker = waker.take();
            state.waiters.push_back(Waiter { id, waker });
        }
        drop(state);
        drop(waker);
        Poll::Pending
    }

    /// Gives up a wait; if the waiter was due, the next one is woken in its place.
    pub(crate) fn leave(&self, ticket: &mut Ticket) {
        let Some(id) = ticket.0.take() else { return };
        let Some(capacity) = self.capacity else {
            return;
        };
        let mut state = self.state();
        let old = state
            .waiters
            .iter()
            .position(|waiter| waiter.id == id)
            .and_then(|at| state.waiters.remove(at));
        let next = state.take_due(capacity);
        drop(state);
        drop(old);
        wake(next);
    }

    /// A place came free.
    #[inline]
    pub(crate) fn freed(&self) {
        let Some(capacity) = self.capacity else {
            return;
        };
        let mut state = self.state();
        state.used = state.used.saturating_sub(1);
        let next = state.take_due(capacity);
        drop(state);
        wake(next);
    }

    /// The context has ended (`true`) or begins anew (`false`).
    pub(crate) fn set_closed(&self, closed: bool) {
        let mut state = self.state();
        state.closed = closed;
        let waiters = if closed {
            std::mem::take(&mut state.waiters)
        } else {
            VecDeque::new()
        };
        drop(state);
        for waiter in waiters {
            wake(waiter.waker);
        }
    }
}

impl State {
    /// The waker of the first waiter, if there is room for it and it does not know yet.
    fn take_due(&mut self, capacity: usize) -> Option<Waker> {
        if self.used >= capacity {
            return None;
        }
        self.waiters.front_mut()?.waker.take()
    }
}

/// Wakes a submitter. Its waker is foreign code, whose panic must not reach the worker loop.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        crate::report::guard("a waker", || waker.wake());
    }
}
