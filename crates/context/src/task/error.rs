//! What a task can end with instead of an output.

use std::any::Any;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use super::TaskId;

/// Why a task has no output.
///
/// One word wide, so that the usual outcome, an output, is cheap to hand over.
#[derive(thiserror::Error)]
#[error("task {} {}", .0.id, .0.cause)]
pub struct JoinError(Box<Failure>);

struct Failure {
    id: u64,
    cause: Cause,
}

enum Cause {
    Cancelled,
    /// Behind a lock because a payload need not be `Sync`, and an error should be.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("was cancelled before it finished"),
            Self::Panicked(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                write!(f, "panicked: {}", panic_message(&**payload))
            }
        }
    }
}

/// The text of a panic's payload.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(the payload is not text)")
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl JoinError {
    #[cold]
    pub(crate) fn cancelled(id: u64) -> Self {
        let cause = Cause::Cancelled;
        Self(Box::new(Failure { id, cause }))
    }

    #[cold]
    pub(crate) fn panicked(id: u64, payload: Box<dyn Any + Send>) -> Self {
        let cause = Cause::Panicked(Mutex::new(payload));
        Self(Box::new(Failure { id, cause }))
    }

    pub(crate) fn task_id(&self) -> u64 {
        self.0.id
    }

    /// The task that ended.
    pub fn id(&self) -> TaskId {
        TaskId(self.0.id)
    }

    /// True if the task was aborted, or its context stopped, before it finished.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled)
    }

    /// True if the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked(_))
    }

    /// The payload of the task's panic, or the error itself if it did not panic.
    ///
    /// # Errors
    ///
    /// The error, unchanged, when the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        let Failure { id, cause } = *self.0;
        match cause {
            Cause::Panicked(payload) => {
                Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
            Cause::Cancelled => Err(Self::cancelled(id)),
        }
    }

    /// Goes on with the task's panic on this thread.
    ///
    /// # Panics
    ///
    /// Always: with the task's own payload if it panicked, with this error's text if it was cancelled.
    pub fn resume(self) -> ! {
        match self.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) => panic!("{error}"),
        }
    }
}
