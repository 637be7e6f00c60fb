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
        {
            let mut state = core.guards.state();
            if state.ended {
                return Err(Ended);
            }
            state.count += 1;
        }
        if let Some(work) = &core.work
            && !work.try_begin()
        {
            core.guards.state().count -= 1;
            return Err(Ended);
        }
        Ok(Self { core })
    }
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        let last = {
            let mut state = self.core.guards.state();
            state.count -= 1;
            state.count == 0
        };
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
