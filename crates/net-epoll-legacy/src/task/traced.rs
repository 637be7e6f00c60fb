//! A task's future, with a log of what becomes of it, and with its panics caught.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tracing::Span;

use super::Entry;

/// What a panic leaves.
pub(crate) type Panic = Box<dyn Any + Send>;

pin_project! {
    /// The future of a task.
    pub(crate) struct Traced<F> {
        #[pin]
        future: F,
        span: Span,
        entry: Entry,
    }
}

impl<F> Traced<F> {
    pub(crate) fn new(
        future: F,
        entry: Entry,
        name: &str,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        let span = tracing::debug_span!("task", id = entry.id, name);
        tracing::debug!(parent: &span, at = %spawned_at, "spawned");
        Self {
            future,
            span,
            entry,
        }
    }
}

impl<F: Future> Future for Traced<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _inside = this.span.enter();
        tracing::trace!("runs");
        // After a panic the future is only dropped.
        match catch_unwind(AssertUnwindSafe(|| this.future.poll(cx))) {
            Ok(Poll::Pending) => {
                tracing::trace!("suspended: control returns to whoever resumed it");
                Poll::Pending
            }
            Ok(Poll::Ready(output)) => {
                tracing::debug!("finished");
                Poll::Ready(Ok(output))
            }
            Err(panic) => {
                tracing::error!(message = panic_text(&*panic), "panicked");
                Poll::Ready(Err(panic))
            }
        }
    }
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("(what it panicked with is no text)")
}
