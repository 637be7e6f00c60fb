//! One receive of bytes and descriptors into a caller's buffer, which loses nothing when it is dropped.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use uring_engine::io_uring::squeue;
use uring_engine::op::{Control, Received, RecvMsg};
use uring_engine::{BufResult, Completion, IoBufMut, Op, Operation, Slice};

use crate::net::recv_buf::RecvBuf;
use crate::net::socket::{Shared, Socket};

/// Receives bytes and descriptors once. Dropping it cancels; what arrived all the same goes to the socket.
pub(super) struct Receiving<B: IoBufMut> {
    /// Empty only while this is being dropped.
    op: Option<Op<Receive<B>>>,
    shared: Rc<Shared>,
}

impl<B: IoBufMut> Receiving<B> {
    pub(super) fn new(socket: &Socket, buffer: B, most: usize) -> Self {
        let shared = socket.shared.clone();
        let most = most.min(Control::MOST_DESCRIPTORS);
        let room = Control::with_room(Control::room_for_descriptors(most));
        let receive = Receive {
            message: RecvMsg::new(shared.target(), buffer).control(room),
            shared: shared.clone(),
        };
        Self {
            op: Some(socket.engine.op(receive)),
            shared,
        }
    }
}

impl<B: IoBufMut> Future for Receiving<B> {
    type Output = BufResult<Received, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.op {
            Some(op) => Pin::new(op).poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<B: IoBufMut> Drop for Receiving<B> {
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
    message: RecvMsg<B>,
    shared: Rc<Shared>,
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<B: IoBufMut> Operation for Receive<B> {
    type Output = BufResult<Received, B>;

    fn entry(&mut self) -> squeue::Entry {
        self.message.entry()
    }

    fn complete(self, completion: Completion) -> Self::Output {
        self.message.complete(completion)
    }

    fn discard(self, completion: Completion) {
        let (received, buffer) = self.message.complete(completion);
        let inbound = &self.shared.inbound;
        let left = received.map(|received| {
            self.shared.keep(received.descriptors, received.flags);
            let bytes = Slice::new(buffer, 0..received.count);
            // The end of the stream is there to be read again.
            (!bytes.is_empty()).then(|| RecvBuf::from_heap(&*bytes))
        });
        inbound.end(left);
    }
}
