//! What other threads see of a context's run: its driver, and the poll that is on.

use std::sync::{Arc, PoisonError};

use uring_engine::SetupReport;

use super::Core;
use crate::driver::Driver;
use crate::inspect::{self, TaskInfo};
use crate::timer;

/// One poll of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Poll {
    task: usize,
    number: u64,
}

impl Core {
    /// Publishes the driver of a run that begins: what wakes it, and how it was set up.
    pub(crate) fn begin_run(&self, driver: &Driver) {
        let setup = Arc::new(driver.engine().report().clone());
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = Some(setup);
        *self.unparker.lock().unwrap_or_else(PoisonError::into_inner) = Some(driver.unparker());
    }

    /// Forgets what wakes the driver, and its descriptor with it.
    pub(crate) fn end_run(&self) {
        *self.unparker.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.questions.run_ended();
    }

    /// Whether a run is on.
    pub(crate) fn is_running(&self) -> bool {
        let unparker = self.unparker.lock().unwrap_or_else(PoisonError::into_inner);
        unparker.is_some()
    }

    /// How the driver of the run, or of the last one, was set up.
    pub(crate) fn setup(&self) -> Option<Arc<SetupReport>> {
        let setup = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        setup.clone()
    }

    /// The task being polled, as a number, and how many polls have begun: the same pair again means the same poll.
    pub(crate) fn current_poll(&self) -> Option<Poll> {
        let task = self.home.current.address()?;
        Some(Poll {
            task,
            number: self.metrics.polls.get(),
        })
    }

    /// What is being polled, if it still is that poll.
    pub(crate) fn describe_poll(&self, poll: Poll) -> Option<TaskInfo> {
        let mut described = None;
        self.table.locked(|| {
            // Under the lock no task leaves the table, and the one being polled is in it.
            if let Some(task) = self.home.current.get()
                && self.current_poll() == Some(poll)
            {
                described = Some(inspect::describe(task, timer::now_ns()));
            }
        });
        described
    }
}
