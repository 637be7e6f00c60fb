//! A `tracing` span for each task, around each of its polls.
//!
//! The span is made with the task, if a subscriber wants it then, and closed when the task's future is gone. It has no parent, as a
//! task may outlive whatever spawned it, but says from which span it follows.

use std::cell::Cell;
use std::panic::Location;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Span};

/// The target of the spans and of the watchdog's events.
const TARGET: &str = "context::task";

/// A task's span, while the task has a future. Touched by the task's maker and then by the home thread alone.
pub(super) struct TaskSpan(Cell<Option<Span>>);

impl TaskSpan {
    /// Whether some subscriber may want spans: with none, a dozen instructions.
    #[inline]
    pub(super) fn may_be_wanted() -> bool {
        LevelFilter::current() >= Level::DEBUG
    }

    /// Whether the current subscriber wants them.
    pub(super) fn wanted() -> bool {
        tracing::enabled!(target: TARGET, Level::DEBUG)
    }

    pub(super) fn new(
        id: u64,
        location: &'static Location<'static>,
        name: Option<&str>,
        context: &str,
    ) -> Self {
        let span = tracing::debug_span!(
            target: TARGET,
            parent: None,
            "task",
            id,
            name,
            context,
            location = %location,
        );
        if span.is_disabled() {
            return Self(Cell::new(None));
        }
        span.follows_from(Span::current());
        Self(Cell::new(Some(span)))
    }

    pub(super) fn is_some(&self) -> bool {
        let span = self.0.take();
        let is_some = span.is_some();
        self.0.set(span);
        is_some
    }

    /// Calls `body` in the span, and closes the span if `body` says that it was the end.
    pub(super) fn enter(&self, body: impl FnOnce() -> bool) -> bool {
        let Some(span) = self.0.take() else {
            return body();
        };
        let finished = span.in_scope(body);
        if !finished {
            self.0.set(Some(span));
        }
        finished
    }
}
