//! One receive of a packet, of which every receiving future is made.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::io_uring::squeue;
use uring_engine::op::Control;
use uring_engine::{BufResult, Completion, Op, Operation, op};

use crate::net::datagram::family::DatagramFamily;
use crate::net::datagram::packet::Packet;
use crate::net::datagram::socket::{Shared, Socket};
use crate::net::receiver::Found;
use crate::net::recv_buf::RecvBuf;
use crate::turns::Turn;

/// A reader's place in the queue, and what it receives with when there are no pooled buffers.
pub(crate) struct Reception<'a, F: DatagramFamily> {
    pub(crate) socket: &'a Socket<F>,
    turn: Turn,
    heap: Option<Op<Receive<F>>>,
}

impl<'a, F: DatagramFamily> Reception<'a, F> {
    pub(crate) fn new(socket: &'a Socket<F>) -> Self {
        Self {
            socket,
            turn: Turn::Absent,
            heap: None,
        }
    }

    /// The next packet. The turn lasts until [`end`](Self::end).
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Packet<F::Address>>> {
        let socket = self.socket;
        ready!(socket.readers.poll_take(&mut self.turn, cx));
        if self.heap.is_some() {
            return self.poll_heap(cx);
        }
        ready!(socket.budget.poll_spend(cx));
        loop {
            match ready!(socket.poll_arrived(cx)) {
                Found::Arrived(Ok(Some(packet))) => return Poll::Ready(Ok(packet)),
                Found::Arrived(Err(error)) => return Poll::Ready(Err(error)),
                // A datagram socket has no end.
                Found::Arrived(Ok(None)) => {}
                Found::Unarmed if socket.arm() => {}
                Found::Unarmed | Found::NoBuffer => {
                    socket.budget.refill();
                    return self.poll_heap(cx);
                }
            }
        }
    }

    /// Gives the turn back.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.socket.readers.give_back(&mut self.turn);
    }

    /// Whether a receive into the heap is in the kernel's hands. Only that has to be waited for when it is cancelled.
    pub(crate) fn is_receiving(&self) -> bool {
        self.heap.is_some()
    }

    /// Has the kernel end a receive into the heap; false if there is none.
    pub(crate) fn cancel(&mut self) -> bool {
        match &mut self.heap {
            Some(operation) => {
                operation.cancel();
                true
            }
            None => false,
        }
    }

    #[cold]
    fn poll_heap(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Packet<F::Address>>> {
        let socket = self.socket;
        let operation = self
            .heap
            .get_or_insert_with(|| socket.engine.op(Receive::new(&socket.shared)));
        let packet = ready!(Pin::new(operation).poll(cx));
        self.heap = None;
        Poll::Ready(packet)
    }
}

impl<F: DatagramFamily> Drop for Reception<'_, F> {
    #[inline]
    fn drop(&mut self) {
        // The operation first: whoever is served next has to find it abandoned.
        if let Some(operation) = self.heap.take()
            && operation.is_submitted()
        {
            self.socket.shared.inbound.abandon();
            drop(operation);
        }
        self.end();
    }
}

/// One receive into the heap. It shares the socket, so that it can leave there what nobody waits for.
struct Receive<F: DatagramFamily> {
    receive: op::RecvMsg<Vec<u8>>,
    shared: Rc<Shared<F>>,
}

impl<F: DatagramFamily> Receive<F> {
    fn new(shared: &Rc<Shared<F>>) -> Self {
        let receive = op::RecvMsg::new(shared.target(), Vec::with_capacity(F::LONGEST))
            .with_address()
            .control(Control::with_room(Control::room_for_descriptors(
                shared.most_descriptors.get(),
            )))
            .flags(libc::MSG_TRUNC);
        Self {
            receive,
            shared: shared.clone(),
        }
    }
}

fn packet<F: DatagramFamily>(
    (result, bytes): BufResult<op::Received, Vec<u8>>,
) -> io::Result<Packet<F::Address>> {
    let received = result?;
    Ok(Packet {
        bytes: RecvBuf::from_heap(bytes),
        from: F::from_kernel(received.address)?,
        length: received.count,
        descriptors: received.descriptors,
        descriptors_missing: received.flags & libc::MSG_CTRUNC != 0,
    })
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<F: DatagramFamily> Operation for Receive<F> {
    type Output = io::Result<Packet<F::Address>>;

    fn entry(&mut self) -> squeue::Entry {
        self.receive.entry()
    }

    fn complete(self, completion: Completion) -> Self::Output {
        packet::<F>(self.receive.complete(completion))
    }

    fn discard(self, completion: Completion) {
        let packet = packet::<F>(self.receive.complete(completion));
        self.shared.inbound.end(packet.map(Some));
    }
}
