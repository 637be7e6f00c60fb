//! Handles of operations that are begun when they are made.
//!
//! [`Op`] and [`MultishotOp`] begin when they are first polled, and until then have room for the
//! operation. Who has a waker at hand can begin at once, and keep a handle of two words: what waits long, or in large numbers,
//! should.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::engine::Engine;
use crate::future::{self, Op, poll_result, polled_after_end};
use crate::multishot::{self, MultishotOp, poll_item};
use crate::operation::{Multishot, Operation};
use crate::slot::{NONE, State};

/// A one-shot operation that was begun: a future of its output, from [`Engine::start`].
///
/// It does what [`Op`] does from its first poll on: dropping it before it resolved asks the kernel to cancel, and its payload
/// and result go to [`Operation::discard`].
///
/// # Panics
///
/// Polling panics after it has resolved.
#[must_use = "dropping it cancels the operation"]
pub struct Started<O: Operation> {
    engine: Engine,
    /// Its slot; `NONE` once it has resolved.
    index: u32,
    operation: PhantomData<O>,
}

/// A multishot operation that was begun: a stream of items, from [`Engine::start_multishot`].
///
/// It does what [`MultishotOp`] does from its first poll on.
#[must_use = "dropping it cancels the operation"]
pub struct StartedMultishot<M: Multishot> {
    engine: Engine,
    /// Its slot; `NONE` once it has ended and every item was taken.
    index: u32,
    operation: PhantomData<M>,
}

// The payloads are in the engine and never pinned here.
impl<O: Operation> Unpin for Started<O> {}
impl<M: Multishot> Unpin for StartedMultishot<M> {}

impl Engine {
    /// Begins an operation; its completion wakes the waker of `context`, until a poll brings another. On an engine that is
    /// shut down it resolves to `ECANCELED`.
    #[inline]
    pub fn start<O: Operation>(&self, operation: O, context: &Context<'_>) -> Started<O> {
        let waker = context.waker().clone();
        let vtable = Op::<O>::VTABLE;
        let index = self
            .inner()
            .start(operation, waker, State::Waiting, vtable, O::entry);
        Started {
            engine: self.clone(),
            index,
            operation: PhantomData,
        }
    }

    /// Begins a multishot operation; items wake the waker of `context`, until a poll brings another. On an engine that is shut
    /// down it has no items.
    pub fn start_multishot<M: Multishot>(
        &self,
        operation: M,
        context: &Context<'_>,
    ) -> StartedMultishot<M> {
        let inner = self.inner();
        let index = if inner.is_closed() {
            NONE
        } else {
            let waker = context.waker().clone();
            let vtable = MultishotOp::<M>::VTABLE;
            inner.start(operation, waker, State::Stream, vtable, M::entry)
        };
        StartedMultishot {
            engine: self.clone(),
            index,
            operation: PhantomData,
        }
    }
}

impl<O: Operation> Started<O> {
    /// As [`Op::cancel`].
    pub fn cancel(&mut self) {
        self.engine.inner().cancel_started(self.index);
    }

    /// Whether it has not resolved.
    pub fn is_pending(&self) -> bool {
        self.index != NONE
    }

    /// The engine that runs it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl<O: Operation> Future for Started<O> {
    type Output = O::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<O::Output> {
        let this = &mut *self;
        if this.index == NONE {
            polled_after_end();
        }
        let inner = this.engine.inner();
        // SAFETY: this handle put an `O` there, and forgets the slot below.
        let (operation, completion) =
            ready!(unsafe { poll_result::<O>(inner, this.index, context) });
        this.index = NONE;
        Poll::Ready(operation.complete(completion))
    }
}

impl<O: Operation> Drop for Started<O> {
    #[inline]
    fn drop(&mut self) {
        if self.index != NONE {
            // SAFETY: this handle put an `O` there, and is gone now.
            unsafe { future::let_go::<O>(self.engine.inner(), self.index) };
        }
    }
}

impl<M: Multishot> StartedMultishot<M> {
    /// The next item; `None` after the kernel has ended the operation and every item was taken.
    ///
    /// Cancel-safe: an item is either returned or still queued.
    #[inline]
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<M::Item>> {
        // SAFETY: this handle put an `M` there, and is borrowed exclusively.
        unsafe { poll_item::<M>(self.engine.inner(), &mut self.index, context) }
    }

    /// The next item, as a future. Cancel-safe, as [`poll_next`](Self::poll_next).
    pub async fn next(&mut self) -> Option<M::Item> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`MultishotOp::cancel`].
    pub fn cancel(&mut self) {
        self.engine.inner().cancel_started(self.index);
    }
}

impl<M: Multishot> Drop for StartedMultishot<M> {
    fn drop(&mut self) {
        // SAFETY: this handle put an `M` there, and is gone now.
        unsafe { multishot::let_go::<M>(self.engine.inner(), self.index) };
    }
}

impl<O: Operation> fmt::Debug for Started<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("pending", &self.is_pending())
            .finish_non_exhaustive()
    }
}

impl<M: Multishot> fmt::Debug for StartedMultishot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedMultishot")
            .field("ended", &(self.index == NONE))
            .finish_non_exhaustive()
    }
}
