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
//! - *Two kinds of question*: one may ask for waits to be traced ([`trace`](super)), and an answer without will not do for it. So
//!   answers with traces are counted and kept by themselves, and count as plain ones as well.
//! - *The run ends*: nobody answers; the end wakes the askers, which see that no run is on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::TaskInfo;
use super::trace::Traces;
use crate::core::{Core, Local};
use crate::current;
use crate::stop::Look;

/// The place where a context leaves its answers.
#[derive(Default)]
pub(crate) struct Questions {
    latest: Mutex<Kinds>,
    changed: Condvar,
}

/// The latest answers, by the kind of question.
#[derive(Default)]
struct Kinds {
    plain: Latest,
    traced: Latest,
}

impl Kinds {
    fn of(&self, look: Look) -> &Latest {
        match look {
            Look::Plain => &self.plain,
            Look::Traced => &self.traced,
        }
    }
}

#[derive(Default)]
struct Latest {
    number: u64,
    answer: Arc<Answer>,
}

impl Latest {
    /// The one before comes back, to be dropped without the lock.
    fn replace(&mut self, answer: Arc<Answer>) -> Arc<Answer> {
        self.number += 1;
        std::mem::replace(&mut self.answer, answer)
    }
}

/// What a context says of its tasks.
#[derive(Default)]
pub(super) struct Answer {
    /// Oldest first.
    pub(super) tasks: Vec<TaskInfo>,
    pub(super) traces: Traces,
}

/// What has become of a question.
pub(super) enum Asked {
    /// It was answered on the spot.
    Answered(Arc<Answer>),
    /// Nobody is there to answer.
    Nobody,
    /// An answer to such a question with a higher number will do.
    Since(Look, u64),
}

impl Questions {
    fn latest(&self) -> MutexGuard<'_, Kinds> {
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
    /// Asks for the tasks and what they wait on. The context is woken only if it `may_be_woken`. On its own thread nothing is traced:
    /// a task is being polled there, which may be in the middle of anything.
    pub(super) fn ask(&self, look: Look, may_be_woken: bool) -> Asked {
        if let Ok(Some(tasks)) = current::with(|core| core.is(self).then(|| core.waiting_tasks())) {
            return Asked::Answered(Arc::new(Answer {
                tasks,
                traces: Traces::default(),
            }));
        }
        if !may_be_woken || !self.is_running() {
            return Asked::Nobody;
        }
        let number = self.questions.latest().of(look).number;
        self.stop.ask_for_a_look(look);
        self.unpark();
        Asked::Since(look, number)
    }

    pub(super) fn await_answer(
        &self,
        asked: Asked,
        deadline: Option<Instant>,
    ) -> Option<Arc<Answer>> {
        let (look, since) = match asked {
            Asked::Answered(answer) => return Some(answer),
            Asked::Nobody => return None,
            Asked::Since(look, number) => (look, number),
        };
        let mut latest = self.questions.latest();
        while latest.of(look).number == since && self.is_running() {
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
        let latest = latest.of(look);
        (latest.number != since).then(|| latest.answer.clone())
    }
}

impl Local<'_> {
    /// Answers who has asked.
    #[cold]
    pub(crate) fn answer(self, look: Look) {
        let traces = match look {
            Look::Plain => Traces::default(),
            Look::Traced => self.trace(),
        };
        let answer = Arc::new(Answer {
            tasks: self.waiting_tasks(),
            traces,
        });
        let old = {
            let mut latest = self.questions.latest();
            let old = latest.plain.replace(answer.clone());
            match look {
                Look::Plain => [Some(old), None],
                Look::Traced => [Some(old), Some(latest.traced.replace(answer))],
            }
        };
        self.questions.changed.notify_all();
        drop(old);
    }
}
