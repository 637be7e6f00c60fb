//! One receive of a packet, of which every receiving future is made.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::op::Control;
use uring_engine::{BufResult, op};

use crate::cancel::cancelled;
use crate::net::datagram::family::DatagramFamily;
use crate::net::datagram::packet::Packet;
use crate::net::datagram::socket::{Shared, Socket};
use crate::net::leaving::{Fate, Leaving};
use crate::net::recv_buf::RecvBuf;
use crate::net::standing::Found;
use crate::turns::Turn;

/// A reader's place in the queue, and what it receives with when there are no pooled buffers.
pub(crate) struct Reception<'a, F: DatagramFamily> {
    pub(crate) socket: &'a Socket<F>,
    turn: Turn,
    /// Boxed, as it is rare.
    heap: Option<Box<Receive<F>>>,
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
                Found::Unarmed if socket.arm(cx) => {}
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

    /// Asks the kernel to end a receive into the heap. Only that has to be waited for: what arrives by the standing receive
    /// stays with the socket.
    pub(crate) fn cancel(&mut self) {
        match &mut self.heap {
            Some(operation) => operation.cancel(),
            None => self.end(),
        }
    }

    /// Waits for the end of one that was cancelled. The turn lasts until [`end`](Self::end).
    pub(crate) fn poll_cancelled(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Packet<F::Address>>> {
        match self.heap {
            Some(_) => self.poll_heap(cx),
            None => Poll::Ready(Err(cancelled())),
        }
    }

    #[cold]
    fn poll_heap(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Packet<F::Address>>> {
        let socket = self.socket;
        let operation = self
            .heap
            .get_or_insert_with(|| Box::new(receive(socket, cx)));
        let output = ready!(Pin::new(operation).poll(cx));
        self.heap = None;
        Poll::Ready(packet::<F>(output))
    }
}

impl<F: DatagramFamily> Drop for Reception<'_, F> {
    #[inline]
    fn drop(&mut self) {
        // The operation first: whoever is served next has to find it abandoned.
        self.heap = None;
        self.end();
    }
}

/// One receive into the heap.
type Receive<F> =
    Leaving<op::RecvMsg<Vec<u8>>, Rc<Shared<F>>, Packet<<F as DatagramFamily>::Address>>;

fn receive<F: DatagramFamily>(socket: &Socket<F>, cx: &Context<'_>) -> Receive<F> {
    let shared = socket.shared.clone();
    let room = Control::room_for_descriptors(shared.most_descriptors.get());
    let message = op::RecvMsg::new(shared.target(), Vec::with_capacity(F::LONGEST))
        .with_address()
        .control(Control::with_room(room))
        .flags(libc::MSG_TRUNC);
    let fate = Fate {
        inbound: |shared: &Shared<F>| &shared.inbound,
        leave: |_, output| packet::<F>(output).map(Some),
    };
    Leaving::new(&socket.engine, shared, message, fate, cx)
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
