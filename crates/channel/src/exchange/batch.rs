//! Many messages under one lock.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use pin_project_lite::pin_project;
use sync_prims::raw::{Waiter, WakeBatch};

use super::buffer::Buffer;
use super::send::Offering;
use super::state::Taken;
use super::{Exchange, Form};
use crate::error::{RecvError, SendManyError, TryRecvError};

pin_project! {
    /// A receive of many messages.
    ///
    /// Dropping it loses no message: those that were received are in the vector.
    #[must_use = "futures do nothing unless polled"]
    pub struct RecvManyFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        into: &'c mut Vec<F::Item>,
        limit: usize,
        #[pin]
        waiter: Waiter,
    }

    impl<F: Form> PinnedDrop for RecvManyFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.exchange.leave_receivers(this.waiter.into_ref());
        }
    }
}

pin_project! {
    /// A send of many messages.
    ///
    /// Dropping it leaves in the queue what was not sent, in order.
    #[must_use = "futures do nothing unless polled"]
    pub struct SendManyFuture<'c, F: Form> {
        exchange: &'c Exchange<F>,
        from: &'c mut VecDeque<F::Item>,
        sent: usize,
        #[pin]
        offering: Offering<F::Item>,
    }

    impl<F: Form> PinnedDrop for SendManyFuture<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(value) = this.exchange.withdraw(this.offering) {
                this.from.push_front(value);
            }
        }
    }
}

impl<'c, F: Form> RecvManyFuture<'c, F> {
    pub(crate) fn new(
        exchange: &'c Exchange<F>,
        into: &'c mut Vec<F::Item>,
        limit: usize,
    ) -> RecvManyFuture<'c, F> {
        RecvManyFuture {
            exchange,
            into,
            limit,
            waiter: Waiter::new(),
        }
    }
}

impl<'c, F: Form> SendManyFuture<'c, F> {
    pub(crate) fn new(
        exchange: &'c Exchange<F>,
        from: &'c mut VecDeque<F::Item>,
    ) -> SendManyFuture<'c, F> {
        SendManyFuture {
            exchange,
            from,
            sent: 0,
            offering: Offering::empty(),
        }
    }
}

impl<F: Form> Future for RecvManyFuture<'_, F> {
    type Output = Result<usize, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if *this.limit == 0 {
            return Poll::Ready(Ok(0));
        }
        // The first message is waited for like any other; what came with it is taken along.
        let first = ready!(this.exchange.poll_take(this.waiter.into_ref(), cx));
        let Some(first) = first else {
            return Poll::Ready(Err(RecvError));
        };
        this.into.push(first);
        let more = this.exchange.take_many(this.into, *this.limit - 1);
        Poll::Ready(Ok(1 + more))
    }
}

impl<F: Form> Future for SendManyFuture<'_, F> {
    type Output = Result<usize, SendManyError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.offering.holds() {
            match ready!(this.exchange.poll_send(this.offering.as_mut(), cx)) {
                Ok(()) => *this.sent += 1,
                Err(refused) => {
                    this.from.push_front(refused.into_inner());
                    return Poll::Ready(Err(SendManyError { sent: *this.sent }));
                }
            }
        }
        loop {
            let is_open = this.exchange.put_many(this.from, this.sent);
            if !is_open && !this.from.is_empty() {
                return Poll::Ready(Err(SendManyError { sent: *this.sent }));
            }
            let Some(next) = this.from.pop_front() else {
                return Poll::Ready(Ok(*this.sent));
            };
            this.offering.as_mut().put(next);
            match ready!(this.exchange.poll_send(this.offering.as_mut(), cx)) {
                Ok(()) => *this.sent += 1,
                Err(refused) => this.from.push_front(refused.into_inner()),
            }
        }
    }
}

impl<F: Form> Exchange<F> {
    /// Takes up to `limit` messages that are there; how many.
    pub(crate) fn take_many(&self, into: &mut Vec<F::Item>, limit: usize) -> usize {
        let mut taken = 0;
        while taken < limit {
            // Memory is made without the lock; should more messages come meanwhile, the next round takes them.
            if into.len() == into.capacity() {
                into.reserve((limit - taken).min(self.len().max(1)));
            }
            let round = (limit - taken).min(into.capacity() - into.len());
            let mut state = self.lock();
            let buffered = state.buffer.pop_many(round, into);
            taken += buffered;
            if buffered > 0 {
                let is_all = state.buffer.len() == 0 && state.senders.is_empty();
                if state.has_changed_much() {
                    // Senders that wait move up, for the next round.
                    self.settle(state);
                }
                if is_all {
                    break;
                }
                continue;
            }
            // What is not buffered is taken from its sender, one at a time.
            match self.take_from(state) {
                Some(Taken::Value(message)) => {
                    into.push(message);
                    taken += 1;
                }
                Some(Taken::Empty | Taken::Complete) => break,
                None => {}
            }
        }
        taken
    }

    /// Takes as many messages as are buffered.
    pub(crate) fn drain(&self) -> Vec<F::Item> {
        let buffered = self.len();
        let mut messages = Vec::with_capacity(buffered);
        self.take_many(&mut messages, buffered);
        messages
    }

    /// The same as [`take_many`](Exchange::take_many), for those who do not wait.
    pub(crate) fn try_take_many(
        &self,
        into: &mut Vec<F::Item>,
        limit: usize,
    ) -> Result<usize, TryRecvError> {
        match self.take_many(into, limit) {
            0 if limit > 0 && self.is_complete() => Err(TryRecvError::Closed),
            0 if limit > 0 => Err(TryRecvError::Empty),
            taken => Ok(taken),
        }
    }

    /// Puts in as many as there are places for, without overtaking, and counts them. `false` if the channel is closed.
    pub(crate) fn put_many(&self, from: &mut VecDeque<F::Item>, sent: &mut usize) -> bool {
        loop {
            let mut wakes = WakeBatch::new();
            let mut state = self.lock();
            if !state.open {
                return false;
            }
            if state.receivers.is_empty() && state.senders.is_empty() {
                // Nobody has to be told: all at once.
                let count = state.room().min(state.buffer.spare()).min(from.len());
                for message in from.drain(..count) {
                    state.buffer.push(message);
                }
                *sent += count;
            }
            while state.may_enter() && state.buffer.spare() > 0 && wakes.room() > 0 {
                let Some(value) = from.pop_front() else {
                    break;
                };
                wakes.push_some(state.put(value));
                *sent += 1;
            }
            let again = !from.is_empty() && state.may_enter();
            let needs_memory = again && state.buffer.spare() == 0;
            drop(state);
            wakes.wake_all();
            if needs_memory {
                self.add_memory(from.len());
            }
            if !again {
                return true;
            }
        }
    }
}

impl<F: Form> fmt::Debug for RecvManyFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvManyFuture")
            .field("channel", self.exchange)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<F: Form> fmt::Debug for SendManyFuture<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendManyFuture")
            .field("channel", self.exchange)
            .field("left", &self.from.len())
            .finish_non_exhaustive()
    }
}
