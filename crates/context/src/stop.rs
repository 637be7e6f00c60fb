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

const DRAIN: u8 = 1 << 0;
const ABORT: u8 = 1 << 1;
/// Somebody wants to know what tasks wait on; see `inspect/answer.rs`.
const LOOK: u8 = 1 << 2;
/// As `LOOK`, and has waits traced.
const TRACE: u8 = 1 << 3;

/// What other threads ask of the worker loop: one load when nobody asks. Each bit is a request; an abort overrides a drain.
#[derive(Default)]
pub(crate) struct StopSignal {
    request: AtomicU8,
    deadline: Mutex<Option<Instant>>,
}

/// What somebody wants to know of the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// What they wait on, as far as the context knows.
    Plain,
    /// That, and what a poll of each of them shows.
    Traced,
}

impl Look {
    fn bit(self) -> u8 {
        match self {
            Self::Plain => LOOK,
            Self::Traced => TRACE,
        }
    }
}

/// The stop that was asked for.
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
            Stop::Abort => {
                self.request.fetch_or(ABORT, Ordering::SeqCst);
            }
            Stop::Drain { deadline } => {
                // A deadline too far to express is none.
                let deadline = deadline.and_then(|after| Instant::now().checked_add(after));
                *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
                self.request.fetch_or(DRAIN, Ordering::SeqCst);
            }
        }
    }

    /// Asks the worker loop to look at what tasks wait on.
    pub(crate) fn ask_for_a_look(&self, look: Look) {
        self.request.fetch_or(look.bit(), Ordering::SeqCst);
    }

    /// Whether a look is asked for.
    pub(crate) fn wants_look(&self) -> bool {
        self.request.load(Ordering::SeqCst) & (LOOK | TRACE) != 0
    }

    /// Takes note that a look is taken, which does for all that were asked for.
    pub(crate) fn take_look(&self) -> Option<Look> {
        if !self.wants_look() {
            return None;
        }
        let asked = self.request.fetch_and(!(LOOK | TRACE), Ordering::SeqCst);
        Some(match asked & TRACE {
            0 => Look::Plain,
            _ => Look::Traced,
        })
    }

    /// Whether anything is asked for.
    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.request.load(Ordering::SeqCst) != 0
    }

    #[inline]
    pub(crate) fn request(&self) -> Request {
        let asked = self.request.load(Ordering::SeqCst);
        if asked & ABORT != 0 {
            Request::Abort
        } else if asked & DRAIN != 0 {
            Request::Drain
        } else {
            Request::Run
        }
    }

    /// The moment at which a drain becomes an abort.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the request, before a new run.
    pub(crate) fn reset(&self) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.request.store(0, Ordering::SeqCst);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_look_hides_no_stop_and_no_stop_a_look() {
        let signal = StopSignal::default();
        signal.ask_for_a_look(Look::Plain);
        assert_eq!((signal.is_asked(), signal.request()), (true, Request::Run));
        signal.ask(Stop::Drain { deadline: None });
        assert_eq!(signal.request(), Request::Drain);
        assert_eq!(
            (signal.take_look(), signal.take_look()),
            (Some(Look::Plain), None)
        );
        signal.ask_for_a_look(Look::Traced);
        signal.ask_for_a_look(Look::Plain);
        assert_eq!(
            (signal.take_look(), signal.take_look()),
            (Some(Look::Traced), None)
        );
        assert_eq!(signal.request(), Request::Drain);
        signal.ask(Stop::Abort);
        signal.ask(Stop::Drain { deadline: None });
        assert_eq!(signal.request(), Request::Abort);
        signal.reset();
        assert!(!signal.is_asked());
    }
}
