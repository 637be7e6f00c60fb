//! Operations that run one after the other, without a turn in between.
//!
//! The entries of a chain are linked: the kernel begins each when the one before has ended. It forgets the links between
//! two submissions, so a chain is queued as a whole, in one piece of the queue that one enter submits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use io_uring::squeue;
use thiserror::Error;

use crate::completion::Completion;
use crate::engine::Engine;
use crate::future::Op;
use crate::inner::Inner;
use crate::operation::Operation;
use crate::slot::State;
use crate::withheld::Gate;

/// The longest chain that can be written down.
const LONGEST: usize = 6;

/// What becomes of the rest of a chain when an operation fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkKind {
    /// The rest is not begun, and ends with `ECANCELED`. A read or write that moves fewer bytes than asked for counts as
    /// failed, though its result is the number of bytes.
    #[default]
    Soft,
    /// The rest runs all the same, in order.
    Hard,
}

/// A chain that can never be submitted, because the ring is shorter than it. Holds the operations.
#[derive(Error)]
#[error(
    "a chain of {length} operations does not fit a submission queue of {capacity}: ask for more `entries`"
)]
pub struct ChainError<C> {
    /// Operations in the chain.
    pub length: usize,
    /// Entries in the submission queue.
    pub capacity: usize,
    /// The operations, as they were.
    pub operations: C,
}

impl<C> fmt::Debug for ChainError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainError")
            .field("length", &self.length)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// Tuples of two to six operations. Not to be implemented elsewhere.
pub trait ChainOf: Sized + sealed::Sealed {
    /// The outputs, in order.
    type Output;
    #[doc(hidden)]
    type Running;
    #[doc(hidden)]
    const LEN: usize;
    #[doc(hidden)]
    fn start(self, engine: &Engine, waker: &Waker, link: squeue::Flags) -> Self::Running;
    #[doc(hidden)]
    fn cancelled(self) -> Self::Output;
    #[doc(hidden)]
    fn poll(running: &mut Self::Running, context: &mut Context<'_>) -> Poll<Self::Output>;
    #[doc(hidden)]
    fn cancel(running: &mut Self::Running);
}

mod sealed {
    pub trait Sealed {}
}

/// A chain of operations: a future of the tuple of their outputs.
///
/// Nothing is submitted before the first poll, and then all at once. Dropping the future cancels what has not ended;
/// each operation's result goes to its `discard`.
///
/// # Panics
///
/// Polling panics after it has resolved.
#[must_use = "a chain does nothing unless polled"]
pub struct Chain<C: ChainOf> {
    engine: Engine,
    stage: Stage<C>,
    kind: LinkKind,
}

enum Stage<C: ChainOf> {
    Unsubmitted(C),
    Running(C::Running),
    Resolved,
}

// Payloads move into the engine at the first poll; nothing is pinned here.
impl<C: ChainOf> Unpin for Chain<C> {}

impl<C: ChainOf> Chain<C> {
    pub(crate) fn new(engine: Engine, operations: C) -> Result<Chain<C>, ChainError<C>> {
        let capacity = engine.report().sq_entries as usize;
        if C::LEN > capacity {
            return Err(ChainError {
                length: C::LEN,
                capacity,
                operations,
            });
        }
        Ok(Chain {
            engine,
            stage: Stage::Unsubmitted(operations),
            kind: LinkKind::Soft,
        })
    }

    /// Sets what a failure does to the rest. Only before the first poll.
    pub fn link(mut self, kind: LinkKind) -> Chain<C> {
        self.kind = kind;
        self
    }

    /// Takes the operations back, if the chain was never polled. Otherwise the future comes back as it was.
    ///
    /// # Errors
    ///
    /// The future, when the chain is under way or has resolved.
    pub fn withdraw(self) -> Result<C, Chain<C>> {
        match self.stage {
            Stage::Unsubmitted(operations) => Ok(operations),
            stage => Err(Chain { stage, ..self }),
        }
    }

    /// Asks the kernel to cancel what has not ended. The future still resolves.
    pub fn cancel(&mut self) {
        if let Stage::Running(running) = &mut self.stage {
            C::cancel(running);
        }
    }
}

impl<C: ChainOf> Future for Chain<C> {
    type Output = C::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<C::Output> {
        let this = &mut *self;
        if let Stage::Unsubmitted(_) = this.stage {
            let Stage::Unsubmitted(operations) =
                std::mem::replace(&mut this.stage, Stage::Resolved)
            else {
                unreachable!("the stage was just looked at");
            };
            if this.engine.is_shut_down() {
                return Poll::Ready(operations.cancelled());
            }
            let link = match this.kind {
                LinkKind::Soft => squeue::Flags::IO_LINK,
                LinkKind::Hard => squeue::Flags::IO_HARDLINK,
            };
            this.stage = Stage::Running(operations.start(&this.engine, context.waker(), link));
        }
        let Stage::Running(running) = &mut this.stage else {
            panic!("a chain was polled after it had resolved");
        };
        let output = std::task::ready!(C::poll(running, context));
        this.stage = Stage::Resolved;
        Poll::Ready(output)
    }
}

impl<C: ChainOf> fmt::Debug for Chain<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("length", &C::LEN)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Entries of a chain on their way to the queue. Until they are queued, the slots count as in flight: should an
/// operation's callback panic, those prepared before it end as cancelled.
struct Links<'a> {
    inner: &'a Inner,
    link: squeue::Flags,
    entries: [Option<(u32, squeue::Entry)>; LONGEST],
    len: usize,
}

impl<'a> Links<'a> {
    fn new(inner: &'a Inner, link: squeue::Flags) -> Links<'a> {
        Links {
            inner,
            link,
            entries: [const { None }; LONGEST],
            len: 0,
        }
    }

    fn add<O: Operation>(&mut self, engine: &Engine, operation: O, waker: &Waker) -> Op<O> {
        let (index, entry) = self.inner.prepare(
            operation,
            waker.clone(),
            State::Waiting,
            Op::<O>::VTABLE,
            O::entry,
        );
        if let Some((before, entry)) = self
            .len
            .checked_sub(1)
            .and_then(|at| self.entries[at].as_mut())
        {
            self.inner.table.slot(*before).tail.set(index);
            *entry = entry.clone().flags(self.link);
        }
        self.entries[self.len] = Some((index, entry));
        self.len += 1;
        Op::submitted(engine.clone(), index)
    }

    fn queue(mut self) {
        let mut entries = std::mem::replace(&mut self.entries, [const { None }; LONGEST]);
        match self.inner.gate.get() {
            Gate::Open => {}
            Gate::Masked => {
                for (_, entry) in entries.iter_mut().flatten() {
                    self.inner.report.withheld.mask(entry);
                }
            }
            Gate::Closed => {
                // A callback shut the engine down.
                for (index, _) in entries.into_iter().flatten() {
                    self.inner.finish_unsubmitted(index);
                }
                return;
            }
        }
        self.inner
            .push_linked(self.len, entries.iter().flatten().map(|(_, entry)| entry));
    }
}

impl Drop for Links<'_> {
    fn drop(&mut self) {
        for (index, _) in std::mem::take(&mut self.entries).into_iter().flatten() {
            self.inner.finish_unsubmitted(index);
        }
    }
}

/// An operation of a running chain, and its output once it has one.
#[doc(hidden)]
pub struct Member<O: Operation> {
    op: Op<O>,
    output: Option<O::Output>,
}

impl<O: Operation> Member<O> {
    fn new(op: Op<O>) -> Member<O> {
        Member { op, output: None }
    }

    /// True when the output is there.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        if self.output.is_none()
            && let Poll::Ready(output) = Pin::new(&mut self.op).poll(context)
        {
            self.output = Some(output);
        }
        self.output.is_some()
    }
}

/// One implementation per tuple length; there is no way to be generic over that.
macro_rules! chain_of {
    ($len:literal: $($name:ident $at:tt),+) => {
        impl<$($name: Operation),+> sealed::Sealed for ($($name,)+) {}

        impl<$($name: Operation),+> ChainOf for ($($name,)+) {
            type Output = ($($name::Output,)+);
            type Running = ($(Member<$name>,)+);
            const LEN: usize = $len;

            fn start(self, engine: &Engine, waker: &Waker, link: squeue::Flags) -> Self::Running {
                let mut links = Links::new(engine.inner(), link);
                let running = ($(Member::new(links.add(engine, self.$at, waker)),)+);
                links.queue();
                running
            }

            fn cancelled(self) -> Self::Output {
                ($(self.$at.complete(Completion::CANCELLED),)+)
            }

            fn poll(running: &mut Self::Running, context: &mut Context<'_>) -> Poll<Self::Output> {
                let mut ready = true;
                $(ready &= running.$at.poll(context);)+
                if !ready {
                    return Poll::Pending;
                }
                match ($(running.$at.output.take(),)+) {
                    ($(Some($name),)+) => Poll::Ready(($($name,)+)),
                    _ => Poll::Pending,
                }
            }

            fn cancel(running: &mut Self::Running) {
                $(running.$at.op.cancel();)+
            }
        }
    };
}

// Type parameters double as the names of the outputs.
#[allow(non_snake_case)]
mod tuples {
    use super::{
        ChainOf, Completion, Context, Engine, Links, Member, Operation, Poll, Waker, sealed, squeue,
    };

    chain_of!(2: A 0, B 1);
    chain_of!(3: A 0, B 1, C 2);
    chain_of!(4: A 0, B 1, C 2, D 3);
    chain_of!(5: A 0, B 1, C 2, D 3, E 4);
    chain_of!(6: A 0, B 1, C 2, D 3, E 4, F 5);
}
