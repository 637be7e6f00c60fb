//! Runs that stand still: live tasks, nothing runnable, and nothing of the context's own that could wake them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::Local;
use crate::inspect::{OneLine, TaskInfo};

/// What a context waits for that cannot make progress by itself: no task is runnable, no operation is in flight, no timer is
/// set and no guard says that work will come. Another thread may still wake a task; if none will, the run is stuck, and
/// [`Handle::notify_stop`](crate::Handle::notify_stop) or [`JoinHandle::abort`](crate::JoinHandle::abort) gets it out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StallReport {
    /// The context's name.
    pub context: Arc<str>,
    /// Every waiting task, oldest first.
    pub tasks: Vec<TaskInfo>,
}

impl fmt::Display for StallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "context {}: {} tasks wait, and nothing on this context can wake them (no I/O, no timer):",
            OneLine(&self.context),
            self.tasks.len()
        )?;
        for task in &self.tasks {
            writeln!(f, "  {task}")?;
        }
        Ok(())
    }
}

impl Local<'_> {
    pub(crate) fn stall_report(self) -> StallReport {
        StallReport {
            context: self.config.name.clone(),
            tasks: self.waiting_tasks(),
        }
    }
}

/// Tells when a stall has lasted long enough to be reported, once.
pub(crate) struct StallWatch {
    after: Option<u64>,
    /// When the context fell asleep in this stall, if it is in one.
    since: Option<u64>,
    reported: bool,
}

impl StallWatch {
    pub(crate) fn new(after: Option<Duration>) -> Self {
        let after = after.map(|after| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
        Self {
            after,
            since: None,
            reported: false,
        }
    }

    /// How long a context that is about to fall asleep in a stall may sleep before the report is due. Marks the beginning
    /// of the stall.
    pub(crate) fn time_left(&mut self, now: u64) -> Option<Duration> {
        let after = self.after?;
        let since = *self.since.get_or_insert(now);
        (!self.reported)
            .then(|| Duration::from_nanos(since.saturating_add(after).saturating_sub(now)))
    }

    /// To be asked after each sleep: true if the context still stands still (`quiet`) and the report is due now.
    pub(crate) fn is_due(&mut self, quiet: bool, now: u64) -> bool {
        if !quiet {
            self.since = None;
            self.reported = false;
            return false;
        }
        let (Some(after), Some(since)) = (self.after, self.since) else {
            return false;
        };
        if self.reported || now < since.saturating_add(after) {
            return false;
        }
        self.reported = true;
        true
    }
}
