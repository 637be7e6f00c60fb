//! Wait guards: what keeps a context from counting as idle although no task of its own is live.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::core::CoreRef;

/// The number of guards of a context, and whether its run has ended. Behind a lock, as guards are rare and the end of a
/// run must be decided exactly: see [`Guards::end_if_idle`].
#[derive(Default)]
pub(crate) struct Guards(Mutex<State>);

#[derive(Default)]
struct State {
    count: usize,
    ended: bool,
}

impl Guards {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self) -> usize {
        self.state().count
    }

    /// Counts a guard; false if the run has ended.
    #[must_use]
    fn begin(&self) -> bool {
        let mut state = self.state();
        if !state.ended {
            state.count += 1;
        }
        !state.ended
    }

    /// Counts a guard less. True if it was the last: the caller wakes the context.
    #[must_use]
    fn end(&self) -> bool {
        let mut state = self.state();
        state.count -= 1;
        state.count == 0
    }

    /// True once the run is over.
    pub(crate) fn have_ended(&self) -> bool {
        self.state().ended
    }

    /// Ends the run if there is no guard and `close` succeeds. No guard can appear in between.
    pub(crate) fn end_if_idle(&self, close: impl FnOnce() -> bool) -> bool {
        let mut state = self.state();
        if state.count == 0 && close() {
            state.ended = true;
        }
        state.ended
    }

    /// Says that the run is over (`true`), whatever guards there are, or that a new one begins (`false`).
    pub(crate) fn set_ended(&self, ended: bool) {
        self.state().ended = ended;
    }
}

/// The context's run has ended; it takes no new work until it is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the context's run has ended: start it again before giving it work")]
pub struct Ended;

/// Keeps a context from counting as idle: while one exists, [`Context::run`](crate::Context::run) does not return.
///
/// For work that will come back to the context from outside, such as a thread that will submit to it. Dropping the guard
/// balances it.
#[must_use = "the context counts as busy only while the guard lives"]
pub struct WaitGuard {
    core: CoreRef,
}

impl WaitGuard {
    pub(crate) fn new(core: CoreRef) -> Result<Self, Ended> {
        // The scheduler's share first: a guard that is counted by its context and then refused by the scheduler would keep the
        // context from ending in between, and nobody would wake it up afterwards.
        if let Some(work) = &core.work
            && !work.try_begin()
        {
            return Err(Ended);
        }
        if !core.guards.begin() {
            if let Some(work) = &core.work {
                work.end();
            }
            return Err(Ended);
        }
        Ok(Self { core })
    }
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        let last = self.core.guards.end();
        if let Some(work) = &self.core.work {
            work.end();
        }
        if last {
            self.core.unpark();
        }
    }
}

impl fmt::Debug for WaitGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGuard")
            .field("context", &self.core.id)
            .finish()
    }
}
