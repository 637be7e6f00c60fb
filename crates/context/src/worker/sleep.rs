//! Falling asleep, and what a context looks at before it does.
//!
//! The sleep state (`sleep_state.rs`) is published first, then everything that another thread may have changed is looked at
//! once more: inbox, stop request, end of the run. A thread that changes one of these does so first and then looks
//! at the sleep state. All four accesses are sequentially consistent, so one of the two sees the other: either the worker
//! does not sleep, or the other thread wakes it.

use std::time::{Duration, Instant};

use super::{RunError, Until, Worker};
use crate::report;
use crate::stop::Request;
use crate::timer;

impl Worker<'_> {
    /// Sleeps until there is something to do. Returns when it woke up.
    pub(super) fn sleep(&mut self, until: &Until<'_>, awake_since: u64) -> Result<u64, RunError> {
        if self
            .spin
            .spin(timer::now_ns, || !self.core.inbox.is_empty())
        {
            return Ok(awake_since);
        }
        let asleep_since = self.add_busy(awake_since);
        // What ends the run may have changed before the sleep state was published, too.
        if !self.park_begin() || !self.core.inbox.is_empty() || self.would_end(until) {
            self.park_end();
            return Ok(asleep_since);
        }
        let time = self.time_to_sleep(asleep_since);
        let slept = self.driver.sleep(time);
        self.park_end();
        slept?;
        let now = self.awake_after(asleep_since);
        self.spin.slept(
            now.saturating_sub(asleep_since),
            !self.core.inbox.is_empty(),
        );
        Ok(now)
    }

    /// Takes note of a sleep that has ended. Returns the time.
    pub(super) fn awake_after(&mut self, asleep_since: u64) -> u64 {
        let now = timer::now_ns();
        self.core.home().now.set(now);
        let metrics = &self.core.metrics;
        metrics.sleeps.add(1);
        metrics.idle.add(now.saturating_sub(asleep_since));
        metrics.driver.update(&self.driver);
        self.watch_stall(now);
        now
    }

    /// Publishes that this thread is about to sleep; false if a wake-up has come already.
    fn park_begin(&self) -> bool {
        self.core.sleep.begin() && self.driver.park_begin()
    }

    /// Publishes that this thread is awake.
    pub(super) fn park_end(&self) {
        self.driver.park_end();
        self.core.sleep.end();
    }

    /// True if [`end`](Self::end) might say so now, or has a look to take; decides nothing.
    pub(super) fn would_end(&self, until: &Until<'_>) -> bool {
        let idle = || self.core.live() == 0 && self.core.guards.count() == 0;
        if self.core.stop.wants_look() {
            return true;
        }
        match (self.core.stop.request(), until) {
            (Request::Abort, _) => true,
            (Request::Drain, _) | (Request::Run, Until::Idle) => idle(),
            (Request::Run, Until::Done(done)) => done(),
            (Request::Run, Until::Stopped) => false,
        }
    }

    /// The time until the nearest deadline, `None` if there is none.
    pub(super) fn time_to_sleep(&mut self, now: u64) -> Option<Duration> {
        let timer = {
            let timers = self.core.home().timers.borrow();
            self.core.metrics.timers_pending.set(timers.len() as u64);
            timers.next_deadline_ns()
        };
        let timer = timer.map(|deadline| Duration::from_nanos(deadline.saturating_sub(now)));
        let stop = match self.core.stop.request() {
            Request::Drain => self.core.stop.deadline(),
            Request::Run | Request::Abort => None,
        };
        let stop = stop.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let stall = if timer.is_none() && self.stands_still() {
            self.stall.time_left(now)
        } else {
            None
        };
        [timer, stop, stall].into_iter().flatten().min()
    }

    /// True if tasks wait for something that is not this context's doing: no I/O, no timer, no guard.
    fn stands_still(&self) -> bool {
        self.core.live() > 0
            && self.driver.in_flight() == 0
            && self.core.guards.count() == 0
            && self.core.home().timers.borrow().is_empty()
    }

    fn watch_stall(&mut self, now: u64) {
        let quiet = self.core.home().run_queue.is_empty()
            && self.core.inbox.is_empty()
            && self.stands_still();
        if self.stall.is_due(quiet, now) {
            let stalled = self.core.stall_report();
            match &self.core.config.on_stall {
                Some(callback) => report::guard("the stall callback", || callback(&stalled)),
                None => report::line(format_args!("{stalled}")),
            }
        }
    }

    pub(super) fn add_busy(&self, since: u64) -> u64 {
        let now = timer::now_ns();
        self.core.home().now.set(now);
        self.core.metrics.busy.add(now.saturating_sub(since));
        self.core.metrics.awake_since.set(0);
        now
    }
}
