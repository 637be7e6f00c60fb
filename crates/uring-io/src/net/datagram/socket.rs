//! A datagram socket, whatever its address family.
//!
//! ```text
//! Datagram ──▶ Socket ──▶ Shared ◀── operations in flight
//!                 └─▶ Engine ──▶ slots ──▶ ─┘
//! ```
//!
//! What arrives goes one way only: from the standing receive, into the context's buffers, to the reader whose turn it is. A
//! reader with a buffer of its own gets a copy. Were the kernel given that buffer, and the reader dropped too late, the
//! datagram would be as short as that buffer; this way it stays whole, and dropping a reader costs nothing.
//!
//! When the context has no buffers left, a reader receives into the heap; dropped too late, it leaves the datagram in
//! `inbound`, and nobody receives until it is known whether it does.
//!
//! A sender that is dropped is cancelled: its datagram is sent whole or not at all. Until it is known which, no other one is
//! sent, so that datagrams leave in order; an error stays in `outbound` for the next sender.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use uring_engine::{Engine, Feature, PooledMessage, Target, op};

use crate::budget::Budget;
use crate::keep::Keep;
use crate::net::datagram::family::DatagramFamily;
use crate::net::datagram::packet::Packet;
use crate::net::inbound::Inbound;
use crate::net::pool;
use crate::net::recv_buf::RecvBuf;
use crate::net::standing::{Arrival, Found, StandingReceive};
use crate::turns::Turns;

/// What a datagram socket is a handle of.
pub(crate) struct Socket<F: DatagramFamily> {
    pub(crate) shared: Rc<Shared<F>>,
    pub(crate) engine: Engine,
    pub(crate) readers: Turns,
    pub(crate) writers: Turns,
    pub(crate) budget: Budget,
    standing: StandingReceive<Keep<op::RecvMsgMulti, Rc<Shared<F>>>>,
    /// What was received on another context.
    brought: RefCell<VecDeque<io::Result<Packet<F::Address>>>>,
}

/// What operations in flight share with their socket.
pub(crate) struct Shared<F: DatagramFamily> {
    descriptor: OwnedFd,
    pub(crate) inbound: Inbound<Packet<F::Address>>,
    pub(crate) outbound: Inbound<Infallible>,
    /// Descriptors that a receive takes.
    pub(crate) most_descriptors: Cell<usize>,
}

impl<F: DatagramFamily> Socket<F> {
    pub(crate) fn new(descriptor: OwnedFd, engine: Engine) -> Self {
        let shared = Shared {
            descriptor,
            inbound: Inbound::default(),
            outbound: Inbound::default(),
            most_descriptors: Cell::new(0),
        };
        Self {
            shared: Rc::new(shared),
            engine,
            readers: Turns::default(),
            writers: Turns::default(),
            budget: Budget::new(),
            standing: StandingReceive::default(),
            brought: RefCell::default(),
        }
    }

    /// What has arrived, or waits for it if the receive is armed.
    #[inline]
    pub(crate) fn poll_arrived(&self, cx: &mut Context<'_>) -> Poll<Found<Packet<F::Address>>> {
        if let Some(left) = ready!(self.shared.inbound.poll_take(cx)) {
            return Poll::Ready(Found::Arrived(left.map(Some)));
        }
        if let Some(brought) = self.brought.borrow_mut().pop_front() {
            return Poll::Ready(Found::Arrived(brought.map(Some)));
        }
        match self.standing.poll(cx) {
            Poll::Ready(Found::Arrived(Ok(Some(message)))) => {
                Poll::Ready(Found::Arrived(packet::<F>(message).map(Some)))
            }
            Poll::Ready(Found::Arrived(Ok(None))) => Poll::Ready(Found::Arrived(Ok(None))),
            Poll::Ready(Found::Arrived(Err(error))) => Poll::Ready(Found::Arrived(Err(error))),
            Poll::Ready(Found::Unarmed) => Poll::Ready(Found::Unarmed),
            Poll::Ready(Found::NoBuffer) => Poll::Ready(Found::NoBuffer),
            Poll::Pending => {
                self.budget.refill();
                Poll::Pending
            }
        }
    }

    /// Arms the standing receive; false if there are no buffers on this context, or no receive that goes on.
    pub(crate) fn arm(&self, cx: &Context<'_>) -> bool {
        if !self.engine.report().has(Feature::RecvMultishot) {
            return false;
        }
        let Some(ring) = pool::datagram_buffers(&self.engine) else {
            return false;
        };
        let target = self.shared.target();
        let descriptors = self.shared.most_descriptors.get();
        // SAFETY: a socket is of the context that it was made on. `datagram_buffers` gives out those of the context that
        // runs on this thread, and only while the socket's engine is not shut down, hence while that context still runs, on
        // this thread.
        let receive =
            unsafe { op::RecvMsgMulti::new(target, ring.clone(), F::NAME_LEN, descriptors) };
        let operation = Keep::new(receive, self.shared.clone());
        let started = self.engine.start_multishot(operation, cx);
        self.standing.set(started, ring);
        true
    }

    /// Has the first receives return what was received on another context.
    pub(crate) fn bring(&mut self, packets: VecDeque<io::Result<Packet<F::Address>>>) {
        self.brought = RefCell::new(packets);
    }

    /// Asks for the end of the standing receive. What arrives until then is there to be taken.
    pub(crate) fn stop_receiving(&self) {
        self.standing.stop();
    }

    /// Waits until nothing receives any more.
    pub(crate) async fn finish_reads(&self) {
        let _served = self.readers.take().await;
        while let Some(left) = poll_fn(|cx| self.shared.inbound.poll_take(cx)).await {
            drop(left);
        }
        self.standing.finish().await;
    }

    /// Waits until every send that was begun has ended, and tells how one ended that nobody waited for.
    pub(crate) async fn finish_writes(&self) -> io::Result<()> {
        let _served = self.writers.take().await;
        match poll_fn(|cx| self.shared.outbound.poll_take(cx)).await {
            Some(Err(error)) => Err(error),
            Some(Ok(never)) => match never {},
            None => Ok(()),
        }
    }

    /// Ends the socket, and gives back its descriptor, or what operations still share.
    pub(crate) fn into_descriptor(self) -> Result<OwnedFd, Rc<Shared<F>>> {
        Rc::try_unwrap(self.shared).map(|shared| shared.descriptor)
    }

    /// The descriptor, for options.
    pub(crate) fn options(&self) -> SockRef<'_> {
        SockRef::from(&self.shared.descriptor)
    }
}

impl<F: DatagramFamily> Shared<F> {
    #[inline]
    pub(crate) fn target(&self) -> Target {
        Target::of(&self.descriptor)
    }
}

impl<F: DatagramFamily> AsFd for Shared<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Arrival for io::Result<PooledMessage> {
    type Item = PooledMessage;

    #[inline]
    fn into_item(self) -> io::Result<Option<PooledMessage>> {
        self.map(Some)
    }

    /// A datagram is all there is.
    #[inline]
    fn fills(_: &PooledMessage, _: u32) -> bool {
        false
    }
}

#[inline]
fn packet<F: DatagramFamily>(mut message: PooledMessage) -> io::Result<Packet<F::Address>> {
    let from = F::from_kernel(message.address())?;
    let length = message.length();
    let descriptors = message.take_descriptors();
    let descriptors_missing = message.flags() & libc::MSG_CTRUNC != 0;
    let (buffer, begin) = message.into_payload();
    let mut bytes = RecvBuf::from_pool(buffer);
    bytes.advance(begin);
    Ok(Packet {
        bytes,
        from,
        length,
        descriptors,
        descriptors_missing,
    })
}
