//! A worker loop in turns, for a thread that sleeps elsewhere: in somebody else's event loop.
//!
//! A turn is one round of [`Worker::run`] without its sleep. Where that would sleep, the turn leaves the sleep state published
//! (`sleep_state.rs`) and returns; whoever calls waits for the driver's descriptor, and the next turn ends the sleep.
//!
//! What the loop does in one system call is here two steps, submitting and waiting, so one more race exists: *a call comes
//! after the state is published, and the very turn that submits collects its wake-up.* The word is then NOTIFIED, later calls
//! wake nobody, and the descriptor is silent. So both words, the context's and the driver's, are read once more at the end: only
//! a sleep that nobody has called into may begin.
//!
//! A ring with `DEFER_TASKRUN` finishes completions when its thread enters it, and its descriptor stays silent until then
//! (seen on Linux 6.18: `poll(2)` on it sleeps through). So a ring for this is set up without.

use std::time::Duration;

use uring_engine::Feature;

use super::{RunError, Until, Worker};
use crate::builder::Config;

/// What a turn leaves to do.
pub(crate) enum Left {
    /// Another turn.
    Work,
    /// Nothing, until the descriptor is readable or the time is over.
    Wait(Option<Duration>),
    /// Nothing any more: the context was stopped.
    Ended,
}

/// The settings, for a ring whose descriptor becomes readable by itself.
pub(super) fn with_telling_ring(config: &Config) -> Config {
    let mut config = config.clone();
    config.engine.without = config.engine.without.feature(Feature::DeferTaskrun);
    config
}

impl Worker<'_> {
    /// One round.
    pub(crate) fn turn_outside(&mut self) -> Result<Left, RunError> {
        let awake_since = match self.outside_since.take() {
            Some(asleep_since) => {
                self.park_end();
                self.awake_after(asleep_since)
            }
            None => crate::timer::now_ns(),
        };
        self.core.metrics.awake_since.set(awake_since);
        self.work();
        if let Some(end) = self.end(&Until::Stopped) {
            self.add_busy(awake_since);
            return end.map(|()| Left::Ended);
        }
        if !self.is_quiet() {
            if self.driver.wants_turn() {
                self.driver.turn()?;
            }
            self.add_busy(awake_since);
            return Ok(Left::Work);
        }
        let parked = self.core.sleep.begin() && self.driver.park_outside()?;
        let now = self.add_busy(awake_since);
        self.core.metrics.driver.update(&self.driver);
        if !parked
            || !self.is_quiet()
            || !self.core.inbox.is_empty()
            || self.would_end(&Until::Stopped)
            || !self.core.sleep.is_uncalled()
        {
            self.park_end();
            return Ok(Left::Work);
        }
        self.outside_since = Some(now);
        let time = self.time_to_sleep(now);
        let limit = self.driver.wait_limit();
        Ok(Left::Wait([time, limit].into_iter().flatten().min()))
    }

    /// True if no task is runnable and no completion is there.
    fn is_quiet(&self) -> bool {
        self.core.home().run_queue.is_empty() && !self.driver.has_completions()
    }
}
