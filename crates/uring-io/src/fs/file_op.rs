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
use std::io;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::{
    BufResult, Completion, Engine, IoBuf, IoBufMut, Op, Operation, Slice, Target, op,
};

use crate::fs::direct::Placement;
use crate::fs::eager;
use crate::fs::opcode::Opcode;
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

/// What a [`FileOp`] does: one operation of the kernel, or several until all is done. The trait is sealed.
pub trait Work: sealed::Steps {}

impl<W: sealed::Steps> Work for W {}

pub(crate) mod sealed {
    use std::ops::ControlFlow;

    use uring_engine::{Operation, Target};

    pub trait Steps: Unpin {
        /// What is submitted.
        type Operation: Operation;
        /// What the future resolves to.
        type Output;

        /// Whether the operation may find what it wants in the page cache.
        fn is_cached(&self) -> bool {
            false
        }

        /// Takes the output of an operation; breaks with the future's, or continues with the operation for what is left.
        fn after(
            &mut self,
            output: <Self::Operation as Operation>::Output,
            target: Target,
        ) -> ControlFlow<Self::Output, Self::Operation>;
    }

    /// One operation, after which it always breaks.
    pub trait Single: Steps {}
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

/// One operation, whose output is the future's.
pub struct Once<O> {
    operation: PhantomData<fn() -> O>,
    /// The kernel does not know it.
    missing: Option<Opcode>,
}

impl<O> Once<O> {
    pub(crate) fn new(missing: Option<Opcode>) -> Self {
        Self {
            operation: PhantomData,
            missing,
        }
    }
}

impl<O, T> sealed::Steps for Once<O>
where
    O: Operation<Output = io::Result<T>>,
{
    type Operation = O;
    type Output = io::Result<T>;

    #[inline]
    fn after(&mut self, output: io::Result<T>, _: Target) -> ControlFlow<io::Result<T>, O> {
        ControlFlow::Break(output.map_err(|error| match self.missing {
            Some(opcode) => opcode.explain(error),
            None => error,
        }))
    }
}

impl<O, T> sealed::Single for Once<O> where O: Operation<Output = io::Result<T>> {}

/// One operation that moves bytes; it says what is wrong with misaligned direct I/O.
pub struct Transfer<O> {
    operation: PhantomData<fn() -> O>,
    placement: Placement,
}

impl<O> Transfer<O> {
    #[inline]
    pub(crate) fn new(placement: Placement) -> Self {
        Self {
            operation: PhantomData,
            placement,
        }
    }
}

impl<O, B> sealed::Steps for Transfer<O>
where
    O: Operation<Output = BufResult<usize, B>>,
{
    type Operation = O;
    type Output = BufResult<usize, B>;

    #[inline]
    fn is_cached(&self) -> bool {
        self.placement.is_cached()
    }

    #[inline]
    fn after(&mut self, (result, buffer): O::Output, _: Target) -> ControlFlow<O::Output, O> {
        ControlFlow::Break((
            result.map_err(|error| self.placement.explain(error)),
            buffer,
        ))
    }
}

impl<O, B> sealed::Single for Transfer<O> where O: Operation<Output = BufResult<usize, B>> {}

/// An offset as an entry takes it: the largest number would mean the descriptor's own position there. The one before lies
/// behind what any file can have, and is refused.
#[inline]
pub(crate) fn offset(offset: u64) -> u64 {
    offset.min(u64::MAX - 1)
}

/// How far a read or write has come that goes on until all is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    begin: u64,
    done: usize,
    total: usize,
    placement: Placement,
}

impl Progress {
    pub(crate) fn new(begin: u64, total: usize, placement: Placement) -> Self {
        Self {
            begin,
            done: 0,
            total,
            placement,
        }
    }

    /// Where the rest goes.
    pub(crate) fn offset(&self) -> u64 {
        offset(self.begin.saturating_add(self.done as u64))
    }

    /// The part of the buffer that is left.
    pub(crate) fn rest<B: IoBuf>(&self, buffer: B) -> Slice<B> {
        Slice::new(buffer, self.done..self.total)
    }

    /// Counts what was moved: `None` if there is more to do. `nothing` is what it means to move no byte.
    pub(crate) fn count(
        &mut self,
        result: io::Result<usize>,
        nothing: io::ErrorKind,
    ) -> Option<io::Result<()>> {
        match result {
            Ok(count) => {
                self.done += count;
                if self.done >= self.total {
                    return Some(Ok(()));
                }
                (count == 0).then(|| Err(nothing.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Err(error) => Some(Err(self.placement.explain(error))),
        }
    }
}

/// Reads until the buffer is full.
pub struct Fill<B> {
    progress: Progress,
    buffer: PhantomData<fn() -> B>,
}

impl<B: IoBufMut> Fill<B> {
    pub(crate) fn new(progress: Progress) -> Self {
        Self {
            progress,
            buffer: PhantomData,
        }
    }
}

impl<B: IoBufMut> sealed::Steps for Fill<B> {
    type Operation = op::Read<Slice<B>>;
    type Output = BufResult<(), B>;

    #[inline]
    fn is_cached(&self) -> bool {
        self.progress.placement.is_cached()
    }

    fn after(
        &mut self,
        (result, rest): BufResult<usize, Slice<B>>,
        target: Target,
    ) -> ControlFlow<Self::Output, Self::Operation> {
        let buffer = rest.into_inner();
        match self.progress.count(result, io::ErrorKind::UnexpectedEof) {
            Some(result) => ControlFlow::Break((result, buffer)),
            None => {
                let offset = self.progress.offset();
                ControlFlow::Continue(op::Read::at(target, offset, self.progress.rest(buffer)))
            }
        }
    }
}

/// Writes until all of the buffer is written.
pub struct Drain<B> {
    progress: Progress,
    buffer: PhantomData<fn() -> B>,
}

impl<B: IoBuf> Drain<B> {
    pub(crate) fn new(progress: Progress) -> Self {
        Self {
            progress,
            buffer: PhantomData,
        }
    }
}

impl<B> Drain<B> {
    /// Bytes that were written.
    pub(crate) fn written(&self) -> usize {
        self.progress.done
    }
}

impl<B: IoBuf> sealed::Steps for Drain<B> {
    type Operation = op::Write<Slice<B>>;
    type Output = BufResult<(), B>;

    fn after(
        &mut self,
        (result, rest): BufResult<usize, Slice<B>>,
        target: Target,
    ) -> ControlFlow<Self::Output, Self::Operation> {
        let buffer = rest.into_inner();
        match self.progress.count(result, io::ErrorKind::WriteZero) {
            Some(result) => ControlFlow::Break((result, buffer)),
            None => {
                let offset = self.progress.offset();
                ControlFlow::Continue(op::Write::at(target, offset, self.progress.rest(buffer)))
            }
        }
    }
}
