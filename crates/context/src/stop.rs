//! Asking a context to stop.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a context ends its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Queued and live tasks run to their end. What is left at the deadline, counted from the request, is aborted; without one
    /// the context waits as long as it takes.
    Drain {
        /// How long tasks may take.
        deadline: Option<Duration>,
    },
    /// Every task is dropped now: its operations are cancelled and waited for, its handle yields a
    /// [cancelled](crate::JoinError::is_cancelled) error.
    Abort,
}

const RUN: u8 = 0;
const DRAIN: u8 = 1;
const ABORT: u8 = 2;

/// The request, as the worker loop sees it: one load when nobody asks.
#[derive(Default)]
pub(crate) struct StopSignal {
    request: AtomicU8,
    deadline: Mutex<Option<Instant>>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Run,
    Drain,
    Abort,
}

impl StopSignal {
    /// Asks for a stop. An abort overrides a drain, never the other way round.
    pub(crate) fn ask(&self, stop: Stop) {
        match stop {
            Stop::Abort => self.request.store(ABORT, Ordering::SeqCst),
            Stop::Drain { deadline } => {
                // A deadline too far to express is none.
                let deadline = deadline.and_then(|after| Instant::now().checked_add(after));
                *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
                let _ =
                    self.request
                        .compare_exchange(RUN, DRAIN, Ordering::SeqCst, Ordering::SeqCst);
            }
        }
    }

    #[inline]
    pub(crate) fn request(&self) -> Request {
        match self.request.load(Ordering::SeqCst) {
            RUN => Request::Run,
            DRAIN => Request::Drain,
            _ => Request::Abort,
        }
    }

    /// The moment at which a drain becomes an abort.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the request, before a new run.
    pub(crate) fn reset(&self) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.request.store(RUN, Ordering::SeqCst);
    }
}
