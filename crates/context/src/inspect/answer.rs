//! How a context is asked about its tasks and what they wait on, by any thread.
//!
//! Only the home thread may look at its driver and its timers. The asker sets a bit in the word that also asks for a stop,
//! which the worker loop reads in every round and before each sleep, and wakes the context, as a stop does. So the loop
//! does nothing for it while nobody asks. The home thread takes the bit, looks, and leaves the answer here, under a lock: all of its
//! tasks, so that what they wait on is of the same moment as the rest of them.
//!
//! - *Two askers*: an answer that begins after the first has asked counts for both, if the second asked before the bit was
//!   taken; else the bit is set again. Answers are counted, and an asker waits for a number above the one that it found. One
//!   that was being made when it asked may be that: it is as old as the question.
//! - *The run ends*: nobody answers; the end wakes the askers, which see that no run is on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::TaskInfo;
use crate::core::{Core, Local};
use crate::current;

/// The place where a context leaves its answers.
#[derive(Default)]
pub(crate) struct Questions {
    latest: Mutex<Latest>,
    changed: Condvar,
}

struct Latest {
    number: u64,
    tasks: Arc<[TaskInfo]>,
}

impl Default for Latest {
    fn default() -> Self {
        Self {
            number: 0,
            tasks: Arc::new([]),
        }
    }
}

/// What has become of a question.
pub(super) enum Asked {
    /// It was answered on the spot.
    Answered(Arc<[TaskInfo]>),
    /// Nobody is there to answer.
    Nobody,
    /// An answer with a higher number will do.
    Since(u64),
}

impl Questions {
    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait for an answer that none will come.
    pub(crate) fn run_ended(&self) {
        // Under the lock, so that nobody is between looking and waiting.
        let _latest = self.latest();
        self.changed.notify_all();
    }
}

impl Core {
    /// Asks for the tasks and what they wait on. The context is woken only if it `may_be_woken`.
    pub(super) fn ask(&self, may_be_woken: bool) -> Asked {
        if let Ok(Some(tasks)) = current::with(|core| core.is(self).then(|| core.waiting_tasks())) {
            return Asked::Answered(tasks.into());
        }
        if !may_be_woken || !self.is_running() {
            return Asked::Nobody;
        }
        let number = self.questions.latest().number;
        self.stop.ask_for_a_look();
        self.unpark();
        Asked::Since(number)
    }

    pub(super) fn await_answer(
        &self,
        asked: Asked,
        deadline: Option<Instant>,
    ) -> Option<Arc<[TaskInfo]>> {
        let since = match asked {
            Asked::Answered(tasks) => return Some(tasks),
            Asked::Nobody => return None,
            Asked::Since(number) => number,
        };
        let mut latest = self.questions.latest();
        while latest.number == since && self.is_running() {
            latest = match deadline {
                None => self.questions.changed.wait(latest),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    let waited = self.questions.changed.wait_timeout(latest, left);
                    waited
                        .map(|(latest, _)| latest)
                        .map_err(|error| PoisonError::new(error.into_inner().0))
                }
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
        (latest.number != since).then(|| latest.tasks.clone())
    }
}

impl Local<'_> {
    /// Answers who has asked.
    #[cold]
    pub(crate) fn answer(self) {
        let tasks = self.waiting_tasks().into();
        let old = {
            let mut latest = self.questions.latest();
            latest.number += 1;
            std::mem::replace(&mut latest.tasks, tasks)
        };
        self.questions.changed.notify_all();
        drop(old);
    }
}
