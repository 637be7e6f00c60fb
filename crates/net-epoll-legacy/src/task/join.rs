//! Waiting for a task's output.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use super::traced::Outcome;
use crate::contained::{Panic, panic_text};

/// Waits for a task: a future of its output. Dropping it leaves the task to itself.
///
/// Cancel-safe: dropping it does not end the task; [`abort`](Self::abort) does.
#[must_use = "dropping it leaves the task to itself: say `detach` if that is meant"]
pub struct JoinHandle<T> {
    /// `None` once it has resolved, or was let go.
    task: Option<async_task::FallibleTask<Outcome<T>>>,
    id: u64,
}

/// Why a task has no output.
#[derive(thiserror::Error)]
pub enum JoinError {
    /// It was aborted, or its context was, or had ended.
    #[error("task {id} was cancelled before it finished")]
    Cancelled {
        /// Its number.
        id: u64,
    },
    /// It panicked.
    #[error("task {id} panicked: {}", message(panic))]
    Panicked {
        /// Its number.
        id: u64,
        /// What it panicked with, for [`std::panic::resume_unwind`].
        panic: Mutex<Panic>,
    },
}

fn message(panic: &Mutex<Panic>) -> String {
    match panic.lock() {
        Ok(panic) => panic_text(&**panic).to_owned(),
        Err(_) => String::from("(its text is lost)"),
    }
}

impl<T> JoinHandle<T> {
    pub(super) fn new(task: async_task::Task<Outcome<T>>, id: u64) -> Self {
        let task = Some(task.fallible());
        Self { task, id }
    }

    /// Lets the task run to its end by itself. If it panics, the log says so.
    pub fn detach(mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }

    /// Ends the task: it is not polled any more, and its future is dropped by the context's loop.
    pub fn abort(mut self) {
        // Dropping this kind of handle cancels.
        drop(self.task.take());
    }

    /// The task's number, as the log has it.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(|task| task.is_finished())
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// If it has resolved before.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let id = self.id;
        let Some(task) = &mut self.task else {
            panic!("a join handle was polled after it had resolved");
        };
        let Poll::Ready(ended) = Pin::new(task).poll(cx) else {
            tracing::trace!(task = id, "suspends: waits for a task to end");
            return Poll::Pending;
        };
        self.task = None;
        Poll::Ready(match ended.and_then(Outcome::take) {
            Some(Ok(output)) => Ok(output),
            Some(Err(panic)) => Err(JoinError::Panicked {
                id,
                panic: Mutex::new(panic),
            }),
            None => Err(JoinError::Cancelled { id }),
        })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id)
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}
