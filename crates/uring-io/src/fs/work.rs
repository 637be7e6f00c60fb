//! What operations on files do: one step, or as many as it takes until all is read or written.

use std::io;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use uring_engine::{BufResult, IoBuf, IoBufMut, Operation, Slice, Target, op};

use crate::fs::direct::Placement;

/// What a [`FileOp`](super::FileOp) does: one operation of the kernel, or several until all is done. The trait is sealed.
pub trait Work: sealed::Steps {}

impl<W: sealed::Steps> Work for W {}

pub(crate) mod sealed {
    use std::ops::ControlFlow;
    use std::task::{Context, Poll};

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

        /// Does it by other means, where the ring has no such operation.
        fn poll_instead(&mut self, _: &mut Context<'_>) -> Option<Poll<Self::Output>> {
            None
        }

        /// Whether that has begun.
        fn is_begun_instead(&self) -> bool {
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

/// One operation, whose output is the future's.
pub struct Once<O>(PhantomData<fn() -> O>);

impl<O> Once<O> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
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
        ControlFlow::Break(output)
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
