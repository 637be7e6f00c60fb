//! Operations that run one after the other, with one submission.
//!
//! The kernel begins each when the one before has ended, without a turn of the context in between: a write that has to be
//! on the disk costs one trip to the kernel and back instead of two.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, Chain, Completion, Engine, IoBuf, Operation, Slice, Target, op};

use crate::fs::file_op::{FileOp, Kept};
use crate::fs::work::sealed::{Single, Steps};
use crate::fs::work::{Drain, Work};
use crate::keep::Keep;

/// What an operation ends with whose chain is longer than the submission queue.
const TOO_LONG: Completion = Completion::from_errno(libc::E2BIG);

/// Links two to six operations: each begins when the one before has succeeded. Resolves to the tuple of their outputs.
///
/// They may be of different files. When one fails, the rest ends with `ECANCELED`, buffers included. A read or write that
/// moves fewer bytes than asked for breaks the chain too, though its result is their number; where that must not be, write
/// with [`FileOp::then_sync_data`], which goes on.
///
/// Nothing is submitted before the first poll, and then all at once, as one submission.
///
/// When it is dropped, what the kernel has not begun is cancelled; the buffers are freed once the kernel is done with them.
///
/// # Errors
///
/// Those of the operations; `E2BIG` for each if the context's submission queue is shorter than the chain.
///
/// # Panics
///
/// If one of the operations was polled before.
///
/// # Examples
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("log");
/// use uring_io::fs::{self, File};
///
/// # context::block_on(async {
/// let log = File::create(&path).await?;
/// let (head, body, synced) = fs::chain((
///     log.write_at("head ", 0),
///     log.write_at("body", 5),
///     log.sync_data(),
/// ))
/// .await;
/// assert_eq!((head.0?, body.0?), (5, 4));
/// synced?;
/// assert_eq!(fs::read(&path).await?, b"head body");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub fn chain<L: Links>(operations: L) -> FileChain<L> {
    let (engine, operations, works) = operations.begin();
    FileChain {
        stage: Stage::new(&engine, operations),
        works,
    }
}

/// Tuples of two to six operations on files, each of one step: all but [`read_exact_at`](super::File::read_exact_at) and
/// [`write_all_at`](super::File::write_all_at). The trait is sealed.
pub trait Links: sealed::Tuple {}

impl<L: sealed::Tuple> Links for L {}

mod sealed {
    use uring_engine::{ChainOf, Engine};

    pub trait Tuple {
        type Operations: ChainOf;
        type Works: Unpin;
        type Output;

        fn begin(self) -> (Engine, Self::Operations, Self::Works);
        fn refused(operations: Self::Operations) -> <Self::Operations as ChainOf>::Output;
        fn cancelled(operations: Self::Operations) -> <Self::Operations as ChainOf>::Output;
        fn end(
            works: &mut Self::Works,
            outputs: <Self::Operations as ChainOf>::Output,
        ) -> Self::Output;
    }
}

/// The future of [`chain()`].
///
/// When it is dropped, what the kernel has not begun is cancelled; the buffers are freed once the kernel is done with them.
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("record");
/// use std::time::Duration;
/// use uring_io::fs::{self, File};
///
/// # context::block_on(async {
/// let file = File::create(&path).await?;
/// let write = fs::chain((file.write_at(vec![7; 512], 0), file.sync_data()));
/// // Not longer than this; what the kernel has not begun by then is cancelled.
/// let (written, synced) = context::timeout(Duration::from_secs(10), write).await?;
/// // The number of bytes, and the buffer.
/// let (count, buffer) = written;
/// assert_eq!((count?, buffer.len()), (512, 512));
/// synced?;
///
/// // One that is never awaited does nothing; its buffers come back from `cancel`.
/// let unwritten = fs::chain((file.write_at("other", 512), file.sync_data()));
/// let ((cancelled, buffer), _) = unwritten.cancel().await;
/// assert!(cancelled.is_err());
/// assert_eq!(buffer, "other");
/// assert_eq!(file.metadata().await?.len(), 512);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct FileChain<L: Links> {
    stage: Stage<L::Operations>,
    works: L::Works,
}

/// A chain, if the ring is long enough for it.
enum Stage<C: uring_engine::ChainOf> {
    Fits(Chain<C>),
    TooLong(C),
    Ended,
}

impl<C: uring_engine::ChainOf> Stage<C> {
    fn new(engine: &Engine, operations: C) -> Self {
        match engine.chain(operations) {
            Ok(chain) => Self::Fits(chain),
            Err(error) => Self::TooLong(error.operations),
        }
    }

    /// Resolves to the outputs, or to the operations if they cannot be submitted.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<C::Output, C>> {
        if let Self::Fits(chain) = self {
            let output = ready!(Pin::new(chain).poll(cx));
            *self = Self::Ended;
            return Poll::Ready(Ok(output));
        }
        match std::mem::replace(self, Self::Ended) {
            Self::TooLong(operations) => Poll::Ready(Err(operations)),
            _ => panic!("a chain was polled after it had resolved"),
        }
    }

    /// Has it cancelled; what was never polled comes back.
    fn cancel(self) -> Result<Self, C> {
        match self {
            Self::Fits(chain) => {
                let mut chain = chain.withdraw().map_or_else(Ok, Err)?;
                chain.cancel();
                Ok(Self::Fits(chain))
            }
            Self::TooLong(operations) => Err(operations),
            Self::Ended => Ok(Self::Ended),
        }
    }
}

// Nothing is pinned: operations move their payload into the engine.
impl<L: Links> Unpin for FileChain<L> {}

impl<L: Links> FileChain<L> {
    /// Asks the kernel to cancel what has not ended, and resolves to what became of each operation, buffers included. What
    /// was never polled ends with `ECANCELED` at once.
    ///
    /// When it is dropped, the operations are cancelled all the same.
    pub async fn cancel(mut self) -> L::Output {
        match self.stage.cancel() {
            Ok(stage) => {
                self.stage = stage;
                self.await
            }
            Err(operations) => L::end(&mut self.works, L::cancelled(operations)),
        }
    }
}

impl<L: Links> Future for FileChain<L> {
    type Output = L::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        let outputs = ready!(self.stage.poll(cx)).unwrap_or_else(L::refused);
        Poll::Ready(L::end(&mut self.works, outputs))
    }
}

impl<L: Links> fmt::Debug for FileChain<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileChain").finish_non_exhaustive()
    }
}

/// The parts of an operation that was not polled yet.
#[track_caller]
fn parts<W: Work>(operation: FileOp<W>) -> (Engine, Kept<W::Operation>, W) {
    operation
        .withdraw()
        .expect("an operation of a chain has not been polled before")
}

/// The output of a work of one step.
fn output<W: Single>(work: &mut W, output: <W::Operation as Operation>::Output) -> W::Output {
    match work.after(output, Target::Fd(-1)) {
        ControlFlow::Break(output) => output,
        ControlFlow::Continue(_) => unreachable!("it has one step"),
    }
}

/// One implementation per tuple length; there is no way to be generic over that.
macro_rules! links {
    ($first:ident $($name:ident $at:tt)+) => {
        impl<$first: Single, $($name: Single),+> sealed::Tuple
            for (FileOp<$first>, $(FileOp<$name>),+)
        {
            type Operations = (Kept<$first::Operation>, $(Kept<$name::Operation>),+);
            type Works = ($first, $($name),+);
            type Output = ($first::Output, $($name::Output),+);

            #[track_caller]
            fn begin(self) -> (Engine, Self::Operations, Self::Works) {
                let (engine, first, work) = parts(self.0);
                $(let $name = parts(self.$at);)+
                (engine, (first, $($name.1),+), (work, $($name.2),+))
            }

            fn refused(
                operations: Self::Operations,
            ) -> <Self::Operations as uring_engine::ChainOf>::Output {
                (operations.0.complete(TOO_LONG), $(operations.$at.complete(TOO_LONG)),+)
            }

            fn cancelled(
                operations: Self::Operations,
            ) -> <Self::Operations as uring_engine::ChainOf>::Output {
                (
                    operations.0.complete(Completion::CANCELLED),
                    $(operations.$at.complete(Completion::CANCELLED)),+
                )
            }

            fn end(
                works: &mut Self::Works,
                outputs: <Self::Operations as uring_engine::ChainOf>::Output,
            ) -> Self::Output {
                (
                    output(&mut works.0, outputs.0.0),
                    $(output(&mut works.$at, outputs.$at.0)),+
                )
            }
        }
    };
}

// Type parameters double as the names of the operations.
#[allow(non_snake_case)]
mod tuples {
    use super::{
        Completion, Engine, FileOp, Kept, Operation, Single, TOO_LONG, output, parts, sealed,
    };

    links!(A B 1);
    links!(A B 1 C 2);
    links!(A B 1 C 2 D 3);
    links!(A B 1 C 2 D 3 E 4);
    links!(A B 1 C 2 D 3 E 4 F 5);
}

impl<B: IoBuf> FileOp<Drain<B>> {
    /// Writes, and then writes the data to the device as [`sync_data`](super::File::sync_data) does, with one submission. A
    /// write that the kernel does in parts takes one for each; the sync comes after the last.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// Those of the write, and then nothing is synced; those of the sync. The buffer comes back.
    ///
    /// # Panics
    ///
    /// If the write was polled before.
    ///
    /// # Examples
    ///
    /// ```
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("journal");
    /// # context::block_on(async {
    /// let journal = uring_io::fs::File::create(path).await?;
    /// journal.write_all_at("entry\n", 0).then_sync_data().await.0?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn then_sync_data(self) -> WriteThenSync<B> {
        WriteThenSync::new(self, op::Fsync::data)
    }

    /// As [`then_sync_data`](Self::then_sync_data), with the metadata, as [`sync_all`](super::File::sync_all) does.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// Those of the write, and then nothing is synced; those of the sync. The buffer comes back.
    ///
    /// # Panics
    ///
    /// If the write was polled before.
    #[track_caller]
    pub fn then_sync_all(self) -> WriteThenSync<B> {
        WriteThenSync::new(self, op::Fsync::new)
    }
}

type WriteAndSync<B> = (Kept<op::Write<Slice<B>>>, Kept<op::Fsync>);

/// The future of [`FileOp::then_sync_data`] and [`FileOp::then_sync_all`].
///
/// When it is dropped, all, a part or nothing may have been written; the buffer is freed once the kernel is done with it.
#[must_use = "futures do nothing unless polled"]
pub struct WriteThenSync<B: IoBuf> {
    engine: Engine,
    stage: Stage<WriteAndSync<B>>,
    write: Drain<B>,
    sync: fn(Target) -> op::Fsync,
    cancelled: bool,
}

impl<B: IoBuf> Unpin for WriteThenSync<B> {}

impl<B: IoBuf> WriteThenSync<B> {
    #[track_caller]
    fn new(writing: FileOp<Drain<B>>, sync: fn(Target) -> op::Fsync) -> Self {
        let (engine, operation, write) = parts(writing);
        let descriptor = operation.kept().clone();
        Self {
            stage: Stage::new(&engine, (operation, synced(&descriptor, sync))),
            engine,
            write,
            sync,
            cancelled: false,
        }
    }

    /// Asks the kernel to cancel what has not ended, and resolves to what became of it, buffer included. What was never
    /// polled ends with `ECANCELED` at once.
    ///
    /// When it is dropped, the operations are cancelled all the same.
    pub async fn cancel(mut self) -> BufResult<(), B> {
        self.cancelled = true;
        match std::mem::replace(&mut self.stage, Stage::Ended).cancel() {
            Ok(stage) => {
                self.stage = stage;
                self.await
            }
            Err(operations) => self.end(operations, Completion::CANCELLED),
        }
    }

    /// Ends operations that are not submitted.
    fn end(&mut self, operations: WriteAndSync<B>, completion: Completion) -> BufResult<(), B> {
        let (mut written, descriptor) = operations.0.complete(completion);
        loop {
            match self.write.after(written, Target::of(&*descriptor)) {
                ControlFlow::Break((result, buffer)) => {
                    let unsynced = completion.into_result().map(drop);
                    return (result.and(unsynced), buffer);
                }
                ControlFlow::Continue(rest) => written = rest.complete(completion),
            }
        }
    }
}

impl<B: IoBuf> Future for WriteThenSync<B> {
    type Output = BufResult<(), B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let ((written, descriptor), (synced_, _)) = match ready!(this.stage.poll(cx)) {
                Ok(outputs) => outputs,
                Err(operations) => return Poll::Ready(this.end(operations, TOO_LONG)),
            };
            match this.write.after(written, Target::of(&*descriptor)) {
                ControlFlow::Break((result, buffer)) => {
                    return Poll::Ready((result.and(synced_), buffer));
                }
                // The short write broke the chain: nothing was synced.
                ControlFlow::Continue(rest) => {
                    let sync = synced(&descriptor, this.sync);
                    let rest = (Keep::new(rest, descriptor), sync);
                    if this.cancelled {
                        return Poll::Ready(this.end(rest, Completion::CANCELLED));
                    }
                    this.stage = Stage::new(&this.engine, rest);
                }
            }
        }
    }
}

fn synced(descriptor: &Rc<OwnedFd>, sync: fn(Target) -> op::Fsync) -> Kept<op::Fsync> {
    let target = Target::Fd(descriptor.as_raw_fd());
    Keep::new(sync(target), descriptor.clone())
}

impl<B: IoBuf> fmt::Debug for WriteThenSync<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteThenSync").finish_non_exhaustive()
    }
}
