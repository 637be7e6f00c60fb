//! Waits of plain threads.

use core::pin::{Pin, pin};
use std::time::{Duration, Instant};

use super::{Guard, Stage, Wait};
use crate::blocking::{block_on, block_on_deadline};
use crate::condvar::{ALL, CondVar};

impl CondVar {
    /// [`wait`](CondVar::wait) on a plain thread, which sleeps meanwhile.
    pub fn wait_blocking<G: Guard>(&self, guard: G) -> G {
        block_on(self.wait(guard))
    }

    /// [`wait_while`](CondVar::wait_while) on a plain thread, which sleeps meanwhile.
    pub fn wait_while_blocking<G, F>(&self, guard: G, condition: F) -> G
    where
        G: Guard,
        F: FnMut(&mut G::Target) -> bool,
    {
        block_on(self.wait_while(guard, condition))
    }

    /// [`wait`](CondVar::wait) on a plain thread, for at most so long.
    ///
    /// Then it locks the mutex, however long that takes, and says whether the time was up without a notification.
    pub fn wait_timeout_blocking<G: Guard>(
        &self,
        guard: G,
        timeout: Duration,
    ) -> (G, WaitTimeoutResult) {
        // A time that the clock cannot express never comes.
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_deadline_blocking(guard, deadline),
            None => {
                let guard = self.wait_blocking(guard);
                (guard, WaitTimeoutResult { timed_out: false })
            }
        }
    }

    /// [`wait_while`](CondVar::wait_while) on a plain thread, for at most so long.
    ///
    /// Then it locks the mutex, however long that takes, and looks once more: the time is up only if the condition is
    /// still true.
    pub fn wait_while_timeout_blocking<G, F>(
        &self,
        mut guard: G,
        timeout: Duration,
        mut condition: F,
    ) -> (G, WaitTimeoutResult)
    where
        G: Guard,
        F: FnMut(&mut G::Target) -> bool,
    {
        let deadline = Instant::now().checked_add(timeout);
        let mut timed_out = false;
        while condition(&mut *guard) {
            if timed_out {
                return (guard, WaitTimeoutResult { timed_out });
            }
            let Some(deadline) = deadline else {
                guard = self.wait_blocking(guard);
                continue;
            };
            let (locked, result) = self.wait_deadline_blocking(guard, deadline);
            guard = locked;
            timed_out = result.timed_out;
        }
        (guard, WaitTimeoutResult { timed_out: false })
    }

    fn wait_deadline_blocking<G: Guard>(
        &self,
        guard: G,
        deadline: Instant,
    ) -> (G, WaitTimeoutResult) {
        let mut wait = pin!(self.wait(guard));
        if let Some(guard) = block_on_deadline(wait.as_mut(), deadline) {
            return (guard, WaitTimeoutResult { timed_out: false });
        }
        let result = wait.as_mut().give_up();
        (block_on(wait), result)
    }
}

impl<G: Guard> Wait<'_, G> {
    /// Waits no longer for a notification, and goes on to lock the mutex; whether there was a notification after all.
    fn give_up(self: Pin<&mut Self>) -> WaitTimeoutResult {
        let mut this = self.project();
        let told = match this.stage {
            Stage::Waiting(_) => this.condvar.leave(this.acquire.as_mut().waiter()),
            _ => return WaitTimeoutResult { timed_out: false },
        };
        if let Stage::Waiting(mutex) = this.stage.take() {
            // Who was not told has nothing to pass on, as if all had been told.
            *this.stage = Stage::Locking(mutex, told.unwrap_or(ALL));
        }
        WaitTimeoutResult {
            timed_out: told.is_none(),
        }
    }
}

/// How a wait with a time limit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult {
    timed_out: bool,
}

impl WaitTimeoutResult {
    /// Whether the time came before the notification, or before the condition was seen to hold.
    pub fn timed_out(self) -> bool {
        self.timed_out
    }
}
