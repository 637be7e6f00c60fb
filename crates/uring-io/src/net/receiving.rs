//! A receive in progress: its place in the queue, and the operation that receives into the heap where there is no buffer of
//! the context. It knows its socket only while it is polled, so that whoever owns the socket can keep one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::cancel::cancelled;
use crate::net::incoming::{Incoming as _, Single};
use crate::net::one_shot::OneShot;
use crate::net::pool::BUFFER_SIZE;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Socket;
use crate::net::standing::Found;
use crate::turns::Turn;

/// One receive, from the moment it is asked for until it ends; then it may begin anew.
#[derive(Default)]
pub(crate) struct Receiving {
    pub(crate) turn: Turn,
    /// Boxed, as it is rare.
    heap: Option<Box<OneShot<Single<Vec<u8>>>>>,
}

/// What a receive comes to: `None` at the end of the stream.
type Received = io::Result<Option<RecvBuf>>;

impl Receiving {
    #[inline]
    pub(crate) fn poll(&mut self, socket: &Socket, cx: &mut Context<'_>) -> Poll<Received> {
        ready!(socket.readers.poll_take(&mut self.turn, cx));
        let result = ready!(self.poll_served(socket, cx));
        socket.readers.give_back(&mut self.turn);
        Poll::Ready(result)
    }

    /// Has `fill` copy what there is, as far as there is room, and leaves the rest to whoever is next. At the end of the
    /// stream there is nothing to copy.
    #[cfg(any(feature = "tokio", feature = "futures-io", feature = "hyper"))]
    #[inline]
    pub(crate) fn poll_copy(
        &mut self,
        socket: &Socket,
        cx: &mut Context<'_>,
        fill: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<usize>> {
        ready!(socket.readers.poll_take(&mut self.turn, cx));
        let arrived = ready!(self.poll_served(socket, cx));
        let result = arrived.map(|arrived| socket.copy_arrived(arrived, fill));
        socket.readers.give_back(&mut self.turn);
        Poll::Ready(result)
    }

    /// As [`poll`](Self::poll), for a caller that has its turn and keeps it.
    #[inline]
    pub(crate) fn poll_served(&mut self, socket: &Socket, cx: &mut Context<'_>) -> Poll<Received> {
        if self.heap.is_some() {
            return self.poll_heap(socket, cx);
        }
        ready!(socket.shared().budget.poll_spend(cx));
        loop {
            match ready!(socket.poll_arrived(cx)) {
                Found::Arrived(arrived) => return Poll::Ready(arrived),
                Found::Unarmed if socket.standing.arm(socket, cx) => {}
                Found::Unarmed | Found::NoBuffer => return self.poll_heap(socket, cx),
            }
        }
    }

    /// Receives into the heap, when there are no other buffers.
    #[cold]
    fn poll_heap(&mut self, socket: &Socket, cx: &mut Context<'_>) -> Poll<Received> {
        let operation = self.heap.get_or_insert_with(|| {
            let buffer = Single::new(Vec::with_capacity(BUFFER_SIZE));
            Box::new(OneShot::new(socket, buffer, cx))
        });
        let (result, buffer) = ready!(Pin::new(operation).poll(cx));
        self.heap = None;
        Poll::Ready(received(result, buffer))
    }

    /// Asks the kernel to end it.
    pub(crate) fn cancel(&mut self) {
        if let Some(operation) = &mut self.heap {
            operation.cancel();
        }
    }

    /// Waits for the end of a receive that was cancelled.
    pub(crate) fn poll_cancelled(
        &mut self,
        socket: &Socket,
        cx: &mut Context<'_>,
    ) -> Poll<Received> {
        let output = match &mut self.heap {
            Some(operation) => {
                let (result, buffer) = ready!(operation.poll_cancelled(cx));
                self.heap = None;
                received(result, buffer)
            }
            // What arrives by the standing receive stays with the socket.
            None if self.turn == Turn::Served => match socket.poll_arrived(cx) {
                Poll::Ready(Found::Arrived(arrived)) => arrived,
                _ => Err(cancelled()),
            },
            None => Err(cancelled()),
        };
        socket.readers.give_back(&mut self.turn);
        Poll::Ready(output)
    }

    /// Ends it where it stands; what arrives all the same stays with the socket.
    #[inline]
    pub(crate) fn give_up(&mut self, socket: &Socket) {
        // The operation first: whoever is served next has to find it abandoned.
        self.heap = None;
        socket.readers.give_back(&mut self.turn);
    }
}

fn received(result: io::Result<usize>, buffer: Single<Vec<u8>>) -> Received {
    result.map(|count| (count > 0).then(|| RecvBuf::from_heap(buffer.into_buffer())))
}
