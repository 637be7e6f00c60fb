//! What a runtime charges for its own services: tasks, yields, timers, wake-ups, joins.
//!
//! The [cases](Case) are written once, over a small [trait](subject::Runtime) that each runtime implements with what
//! its documentation offers; every subject does equal work. A case runs inside a runtime that is built for it and times
//! itself from within, so that building does not count.

mod cases;
mod cross_thread;
mod joined;
mod measure;
pub(crate) mod subject;
pub(crate) mod subjects;

use std::time::Duration;

pub use crate::samples::Plan;
pub use measure::{CaseReport, report};
pub use subjects::SUBJECTS;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Spawn a task that is done at once, and await it.
    SpawnJoin,
    /// Spawn 1000 such tasks, then await all of them; per task.
    SpawnBurst,
    /// Yield in the only task.
    YieldOne,
    /// Yield in 100 tasks by turns; per yield.
    YieldHundred,
    /// Create a timer of a second, poll it once, drop it.
    TimerDrop,
    /// 100,000 tasks that each sleep 1 to 100 ms; processor time of the process, per task. The tasks overlap, so the
    /// time that passes says nothing.
    TimersFire,
    /// Wake a task of another runtime on another thread, and be woken by it.
    CrossThread,
    /// Join ten children that yield once each.
    JoinTen,
    /// A no-op through the ring, one at a time.
    RingNop,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 9] = [
        Self::SpawnJoin,
        Self::SpawnBurst,
        Self::YieldOne,
        Self::YieldHundred,
        Self::TimerDrop,
        Self::TimersFire,
        Self::CrossThread,
        Self::JoinTen,
        Self::RingNop,
    ];

    /// What command lines and reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SpawnJoin => "spawn+join",
            Self::SpawnBurst => "burst of 1000",
            Self::YieldOne => "yield, 1 task",
            Self::YieldHundred => "yield, 100 tasks",
            Self::TimerDrop => "timer make+drop",
            Self::TimersFire => "100k timers fire",
            Self::CrossThread => "cross-thread round trip",
            Self::JoinTen => "when_all of 10",
            Self::RingNop => "ring no-op",
        }
    }

    /// Operations in one iteration: a time is divided by them.
    pub fn operations(self) -> u64 {
        match self {
            Self::SpawnBurst => cases::BURST,
            Self::YieldHundred => cases::YIELDERS,
            Self::TimersFire => cases::TIMERS,
            Self::SpawnJoin
            | Self::YieldOne
            | Self::TimerDrop
            | Self::CrossThread
            | Self::JoinTen
            | Self::RingNop => 1,
        }
    }
}

/// A runtime by name.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeSubject {
    /// What the command line calls it.
    pub name: &'static str,
    /// Runs so many iterations of a case and returns what they took; `None` if the subject has no such service.
    pub time: fn(Case, u64) -> Option<Duration>,
}
