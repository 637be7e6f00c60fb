//! A task's future, with a log of what becomes of it, and with its panics caught.

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tracing::Span;

use crate::contained::{Panic, contain, panic_text};

pin_project! {
    /// The future of a task.
    pub(crate) struct Traced<F, L> {
        // None when it has ended.
        #[pin]
        future: Option<F>,
        span: Span,
        // Its line in the books.
        line: L,
    }

    impl<F, L> PinnedDrop for Traced<F, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.future.is_some() {
                let _inside = this.span.enter();
                tracing::debug!("dropped before it has finished");
                drop_in_place(this.future);
            }
        }
    }
}

/// Drops a future: whatever its destructor does, it is gone.
fn drop_in_place<F>(mut future: Pin<&mut Option<F>>) {
    contain("a task's destructor", || future.set(None));
}

/// What a task has come to: nobody may ever ask for it.
pub(crate) struct Outcome<T>(Option<Result<T, Panic>>);

impl<T> Outcome<T> {
    /// The output; `None` if it was taken.
    pub(crate) fn take(mut self) -> Option<Result<T, Panic>> {
        self.0.take()
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        if let Some(outcome) = self.0.take() {
            contain("the destructor of a task's output", || drop(outcome));
        }
    }
}

impl<F, L> Traced<F, L> {
    pub(crate) fn new(
        future: F,
        line: L,
        id: u64,
        name: &str,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        let span = tracing::debug_span!("task", id, name);
        tracing::debug!(parent: &span, at = %spawned_at, "spawned");
        Self {
            future: Some(future),
            span,
            line,
        }
    }
}

impl<F: Future, L> Future for Traced<F, L> {
    type Output = Outcome<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _inside = this.span.enter();
        tracing::trace!("runs");
        let polled = catch_unwind(AssertUnwindSafe(|| {
            match this.future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx),
                None => Poll::Pending,
            }
        }));
        let outcome = match polled {
            Ok(Poll::Pending) => {
                tracing::trace!("suspended: control returns to whoever resumed it");
                return Poll::Pending;
            }
            Ok(Poll::Ready(output)) => Outcome(Some(Ok(output))),
            Err(panic) => {
                tracing::error!(message = panic_text(&*panic), "panicked");
                Outcome(Some(Err(panic)))
            }
        };
        drop_in_place(this.future);
        tracing::debug!("finished");
        Poll::Ready(outcome)
    }
}
