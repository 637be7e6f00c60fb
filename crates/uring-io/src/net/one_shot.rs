//! One receive into a caller's buffer, which loses nothing when it is dropped.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use uring_engine::io_uring::squeue;
use uring_engine::{BufResult, Completion, IoBufMut, Op, Operation, Slice, op};

use crate::net::socket::{Shared, Socket};

/// Receives once. Dropping it cancels; what arrived all the same goes to the socket.
pub(crate) struct OneShot<B: IoBufMut> {
    /// Empty only while this is being dropped.
    op: Option<Op<Receive<B>>>,
    shared: Rc<Shared>,
}

impl<B: IoBufMut> OneShot<B> {
    pub(crate) fn new(socket: &Socket, buffer: B) -> Self {
        let shared = &socket.shared;
        let operation = Receive {
            recv: op::Recv::new(shared.target(), buffer),
            shared: shared.clone(),
        };
        Self {
            op: Some(socket.engine.op(operation)),
            shared: shared.clone(),
        }
    }
}

impl<B: IoBufMut> Future for OneShot<B> {
    type Output = BufResult<usize, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.op {
            Some(op) => Pin::new(op).poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<B: IoBufMut> Drop for OneShot<B> {
    fn drop(&mut self) {
        if let Some(op) = self.op.take()
            && op.is_submitted()
        {
            self.shared.inbound.abandon();
            drop(op);
        }
    }
}

/// The operation: it shares the socket, so that it can give back what nobody waits for.
struct Receive<B> {
    recv: op::Recv<B>,
    shared: Rc<Shared>,
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<B: IoBufMut> Operation for Receive<B> {
    type Output = BufResult<usize, B>;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        self.recv.entry()
    }

    #[inline]
    fn complete(self, completion: Completion) -> Self::Output {
        self.recv.complete(completion)
    }

    fn discard(self, completion: Completion) {
        let (result, buffer) = self.recv.complete(completion);
        match result {
            Ok(count) => self
                .shared
                .inbound
                .give_back(Ok(&Slice::new(buffer, 0..count))),
            Err(error) => self.shared.inbound.give_back(Err::<_, io::Error>(error)),
        }
    }
}
