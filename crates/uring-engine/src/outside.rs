//! An engine whose thread sleeps elsewhere: in the event loop of somebody else, which waits for the engine's descriptor.

use std::os::fd::RawFd;
use std::time::Duration;

use crate::engine::{Engine, Wait};
use crate::error::TurnError;
use crate::feature::Feature;
use crate::inner::Inner;
use crate::ring::Ring;

impl Engine {
    /// What becomes readable when a turn would find something: for an event loop of somebody else to wait on, after
    /// [`park_outside`](Engine::park_outside). `None` once the engine is shut down, which
    /// closes it.
    ///
    /// A ring with [`DeferTaskrun`](Feature::DeferTaskrun) finishes completions when it is entered, and does not become readable
    /// before: [do without](crate::EngineConfig::without) that one.
    ///
    /// Whoever waits for edges (`EPOLLET`) forgets the last one before the turn, not after it.
    pub fn descriptor(&self) -> Option<RawFd> {
        self.inner().ring().map(Ring::descriptor)
    }

    /// As [`park_begin`](Engine::park_begin), for a thread that does not sleep in a turn: submits what is queued, collects what
    /// there is, and announces that from now on the [`descriptor`](Engine::descriptor) is what wakes it. False if there is
    /// something to do first; then nothing is announced.
    ///
    /// The order is: `park_outside`, look at the inbox, wait for the descriptor and at most for
    /// [`wait_limit`](Engine::wait_limit), [`park_end`](Engine::park_end). A ring that has to be polled
    /// ([`EngineConfig::iopoll`](crate::EngineConfig::iopoll)) never lets its thread wait.
    ///
    /// # Errors
    ///
    /// As [`turn`](Engine::turn).
    pub fn park_outside(&self) -> Result<bool, TurnError> {
        let inner = self.inner();
        if inner.report.has(Feature::IoPoll) {
            self.turn(Wait::No)?;
            return Ok(false);
        }
        if !self.park_begin() {
            return Ok(false);
        }
        inner.arm_wake();
        let turned = self.turn(Wait::No);
        // A call that came meanwhile may have had its wake-up collected by this very turn, and those that follow it make no
        // other: such a sleep would have no end.
        let may_wait =
            turned.is_ok() && !self.has_work() && !inner.has_left() && !inner.parking.is_called();
        if !may_wait {
            self.park_end();
        }
        turned.map(|_| may_wait)
    }

    /// The longest that a thread may wait for the [`descriptor`](Engine::descriptor); `None` as long as it likes.
    pub fn wait_limit(&self) -> Option<Duration> {
        self.inner().ring().and_then(Ring::wait_limit)
    }
}

impl Inner {
    /// Whether entries are left that a turn was to submit. A submission thread takes those in the queue by itself: the turn has
    /// woken it. Were they waited for here, this thread would keep the other from its processor.
    fn has_left(&self) -> bool {
        if self.report.has(Feature::SqPoll) {
            self.backlog_len() > 0
        } else {
            self.queued() > 0
        }
    }
}
