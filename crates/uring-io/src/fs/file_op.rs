//! The future of a file's operation, whichever it is.
//!
//! ```text
//! FileOp ── never polled: dropped or cancelled, nothing happens
//!   │ polled
//!   ▼
//! in the kernel ──▶ Work::after ──▶ Done: the output
//!   ▲                   │
//!   └──── Again: what is left, unless it was cancelled
//! ```
//!
//! The kernel's operation owns the buffer and a share of the descriptor; [`Work`] says what becomes of its output.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::{Completion, Engine, Op, Operation, Target};

use crate::fs::eager;
use crate::fs::work::Work;
use crate::keep::Keep;

/// The operation and the descriptor that it acts on.
pub(crate) type Kept<O> = Keep<O, Rc<OwnedFd>>;

/// The future of an operation on a [`File`](super::File).
///
/// It owns what it needs: it may outlive the `File`, which is then closed after it.
///
/// When it is dropped before it was polled, nothing happens. Dropped later, the operation is cancelled if the kernel has not
/// begun it, and finished otherwise; the buffer is freed once the kernel is done with it. [`cancel`](Self::cancel) gives the
/// buffer back.
///
/// # Panics
///
/// Polling panics after it has resolved.
#[must_use = "futures do nothing unless polled"]
pub struct FileOp<W: Work> {
    op: Op<Kept<W::Operation>>,
    work: W,
    cancelled: bool,
}

// Nothing is pinned: operations move their payload into the engine.
impl<W: Work> Unpin for FileOp<W> {}

impl<W: Work> FileOp<W> {
    pub(crate) fn new(
        engine: &Engine,
        descriptor: &Rc<OwnedFd>,
        operation: W::Operation,
        work: W,
    ) -> Self {
        Self {
            op: engine.op(Keep::new(operation, descriptor.clone())),
            work,
            cancelled: false,
        }
    }

    /// Asks the kernel to cancel the operation, and resolves to what became of it, buffer included: `ECANCELED` as a rule,
    /// or its result when it was faster. What was never polled ends with `ECANCELED` at once.
    ///
    /// Operations on regular files are rarely cancelled once the kernel has them: most end before anybody can ask.
    ///
    /// When it is dropped, the operation is cancelled all the same.
    pub async fn cancel(self) -> W::Output {
        self.cancel_work().await.1
    }

    /// As [`cancel`](Self::cancel); tells how far the work had come, too.
    pub(crate) async fn cancel_work(mut self) -> (W, W::Output) {
        if self.work.is_begun_instead() {
            let output = (&mut self).await;
            return (self.work, output);
        }
        self.cancelled = true;
        let output = match self.op.withdraw() {
            Ok(operation) => {
                let (output, descriptor) = operation.complete(Completion::CANCELLED);
                finish(&mut self.work, output, &descriptor)
            }
            Err(op) => {
                self.op = op;
                self.op.cancel();
                (&mut self).await
            }
        };
        (self.work, output)
    }

    /// The output of an operation that was not submitted yet and need not be.
    #[inline]
    fn at_once(&mut self) -> Option<(<W::Operation as Operation>::Output, Rc<OwnedFd>)> {
        if self.op.is_submitted() || self.cancelled || !self.work.is_cached() {
            return None;
        }
        let eager = eager::worth_a_try(self.op.engine())?;
        let output = self.op.attempt();
        eager.note(output.is_some());
        output
    }

    pub(crate) fn work(&self) -> &W {
        &self.work
    }

    /// The operation, if it was never polled, and what else there is.
    pub(crate) fn withdraw(self) -> Option<(Engine, Kept<W::Operation>, W)> {
        let engine = self.op.engine().clone();
        let operation = self.op.withdraw().ok()?;
        Some((engine, operation, self.work))
    }
}

impl<W: Work> Future for FileOp<W> {
    type Output = W::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<W::Output> {
        let this = &mut *self;
        if let Some(output) = this.work.poll_instead(cx) {
            return output;
        }
        loop {
            let (output, descriptor) = match this.at_once() {
                Some(output) => output,
                None => ready!(Pin::new(&mut this.op).poll(cx)),
            };
            if this.cancelled {
                return Poll::Ready(finish(&mut this.work, output, &descriptor));
            }
            match this.work.after(output, Target::of(&*descriptor)) {
                ControlFlow::Break(output) => return Poll::Ready(output),
                ControlFlow::Continue(next) => {
                    let engine = this.op.engine().clone();
                    this.op = engine.op(Keep::new(next, descriptor));
                }
            }
        }
    }
}

/// Ends the work here: what would be left is cancelled without a submission.
fn finish<W: Work>(
    work: &mut W,
    mut output: <W::Operation as Operation>::Output,
    descriptor: &Rc<OwnedFd>,
) -> W::Output {
    loop {
        match work.after(output, Target::of(&**descriptor)) {
            ControlFlow::Break(output) => return output,
            ControlFlow::Continue(next) => output = next.complete(Completion::CANCELLED),
        }
    }
}

impl<W: Work> fmt::Debug for FileOp<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileOp")
            .field("submitted", &self.op.is_submitted())
            .finish_non_exhaustive()
    }
}
