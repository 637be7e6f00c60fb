//! A socket's standing receive into the context's buffers.
//!
//! The receive is armed once and stays armed, in the socket rather than in the futures: what arrives while nobody asks, or
//! while the one who asked is gone, queues up here. It ends with the stream, with an error, or when the kernel finds no
//! buffer; then it is armed again when somebody asks.
//!
//! # When the kernel finds no buffer
//!
//! Small messages of many connections want many buffers, of which little is touched: the ring grows, and at its limit they are
//! received into the heap. Bulk wants few. It would fill all that there are before a task runs, and more than the processor's
//! caches hold makes each byte dearer. So while some stream fills one buffer after the other, a receive is armed again for
//! those that tasks have given back since.

use std::cell::RefCell;
use std::io;
use std::task::{Context, Poll};

use uring_engine::io_uring::opcode;
use uring_engine::{BufferRing, Feature, Multishot, PooledBuf, StartedMultishot, op};

use crate::keep::Keep;
use crate::net::pool;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::{SharedPart, Socket};
use crate::net::transfer::Kind;

/// The standing receive `M`; only the reader whose turn it is polls it.
pub(crate) struct StandingReceive<M: Multishot = Keep<op::RecvMulti, SharedPart>>(
    RefCell<Option<Armed<M>>>,
);

struct Armed<M: Multishot> {
    operation: StartedMultishot<M>,
    ring: BufferRing,
    /// The ring's buffers at that time.
    buffers: u16,
    /// Buffers that had come back to the ring by that time: the lower half of the count.
    returns: u32,
    /// Buffers that it has filled one after the other.
    filled: u8,
    /// It was told to end.
    stopped: bool,
}

impl<M: Multishot> Armed<M> {
    /// Whether it is worth arming again, after the kernel has found no buffer.
    fn finds_a_buffer(&self) -> bool {
        // One of many streams that found none together makes more for all.
        let has_grown = self.ring.buffers() > self.buffers;
        let has_returned = self.ring.returns() as u32 != self.returns;
        has_grown || (self.ring.serves_bulk() && has_returned) || self.ring.grow()
    }
}

/// Buffers filled in a row that are bulk. A message that fills one or two is none.
const BULK: u8 = 4;

/// What a standing receive brings.
pub(crate) trait Arrival {
    /// What the socket makes of it.
    type Item;

    /// `None` at the end of the stream.
    fn into_item(self) -> io::Result<Option<Self::Item>>;

    /// Whether an item fills a buffer of so many bytes, so that there may be more of it.
    fn fills(item: &Self::Item, buffer_size: u32) -> bool;
}

impl Arrival for io::Result<Option<PooledBuf>> {
    type Item = RecvBuf;

    #[inline]
    fn into_item(self) -> io::Result<Option<RecvBuf>> {
        self.map(|buffer| buffer.map(RecvBuf::from_pool))
    }

    #[inline]
    fn fills(item: &RecvBuf, buffer_size: u32) -> bool {
        item.len() == buffer_size as usize
    }
}

/// What a poll found.
pub(crate) enum Found<T = RecvBuf> {
    /// Something, or `None` at the end of the stream.
    Arrived(io::Result<Option<T>>),
    /// Nothing is armed.
    Unarmed,
    /// The kernel found no buffer, and there cannot be more: bytes have to be received into something else.
    NoBuffer,
}

impl StandingReceive {
    /// Arms it; false if there are no buffers on this context, no receive that goes on, or more than what is asked for must not
    /// be read.
    pub(crate) fn arm(&self, socket: &Socket, cx: &Context<'_>) -> bool {
        let report = socket.engine.report();
        let goes_on = match socket.shared().kind {
            Kind::Socket => report.has(Feature::RecvMultishot),
            Kind::Pipe => report.supports(opcode::ReadMulti::CODE),
            Kind::Other => false,
        };
        if !goes_on {
            return false;
        }
        let Some(ring) = pool::buffers(&socket.engine) else {
            return false;
        };
        // SAFETY: a socket is of the context that it was made on. `buffers` gives out those of the context that runs on this
        // thread, and only while the socket's engine is not shut down, hence while that context still runs, on this thread.
        let mut receive = unsafe { op::RecvMulti::new(socket.shared().target(), ring.clone()) };
        if socket.shared().kind == Kind::Pipe {
            receive = receive.with_read();
        }
        let operation = socket
            .engine
            .start_multishot(Keep::new(receive, socket.share()), cx);
        self.set(operation, ring);
        true
    }
}

impl<M: Multishot> Default for StandingReceive<M> {
    fn default() -> Self {
        Self(RefCell::new(None))
    }
}

impl<M: Multishot<Item: Arrival>> StandingReceive<M> {
    /// Whether something is, or was when it was last looked at.
    pub(crate) fn is_armed(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Arms it with an operation that receives into the buffers of `ring`.
    pub(crate) fn set(&self, operation: StartedMultishot<M>, ring: BufferRing) {
        *self.0.borrow_mut() = Some(Armed {
            operation,
            buffers: ring.buffers(),
            returns: ring.returns() as u32,
            ring,
            filled: 0,
            stopped: false,
        });
    }

    /// What has arrived.
    #[inline]
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Found<<M::Item as Arrival>::Item>> {
        let mut stage = self.0.borrow_mut();
        let Some(armed) = &mut *stage else {
            return Poll::Ready(Found::Unarmed);
        };
        let Poll::Ready(arrived) = armed.operation.poll_next(cx) else {
            armed.filled = 0;
            return Poll::Pending;
        };
        let found = match arrived.map(Arrival::into_item) {
            Some(Ok(Some(item))) => {
                if !M::Item::fills(&item, armed.ring.buffer_size()) {
                    armed.filled = 0;
                } else if armed.filled + 1 < BULK {
                    armed.filled += 1;
                } else {
                    armed.filled = 0;
                    armed.ring.note_bulk();
                }
                return Poll::Ready(Found::Arrived(Ok(Some(item))));
            }
            Some(Err(error)) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                if armed.finds_a_buffer() {
                    Found::Unarmed
                } else {
                    Found::NoBuffer
                }
            }
            // The kernel has no such operation.
            Some(Err(error)) if error.raw_os_error() == Some(libc::EINVAL) => Found::NoBuffer,
            Some(Err(error)) if armed.stopped && error.raw_os_error() == Some(libc::ECANCELED) => {
                Found::Unarmed
            }
            Some(end) => Found::Arrived(end),
            // Ended without a reason: the completion queue was full, say.
            None => Found::Unarmed,
        };
        let ended = stage.take();
        drop(stage);
        drop(ended);
        Poll::Ready(found)
    }

    /// Asks for its end. What has arrived by then is there to be taken before [`poll`](Self::poll) finds it unarmed.
    pub(crate) fn stop(&self) {
        if let Some(armed) = &mut *self.0.borrow_mut()
            && !armed.stopped
        {
            armed.stopped = true;
            armed.operation.cancel();
        }
    }

    /// Ends it, and throws away what nobody has taken.
    pub(crate) async fn finish(&self) {
        let armed = self.0.take();
        if let Some(mut armed) = armed {
            armed.operation.cancel();
            while let Some(item) = armed.operation.next().await {
                drop(item);
            }
        }
    }
}
