//! Sending a datagram.
//!
//! ```text
//! Ready ── others run ──▶ InRing ──┬─ sent, or an error ──▶ Ended
//!   └──── alone, at once ──────────┤
//!                                  └─ no room ──▶ Blocked ── room, or time: at once ──▶ Ended, or Blocked again
//! ```
//!
//! As with streams, a task that is alone asks the kernel at once; where other tasks are runnable, or operations wait to be
//! submitted, the datagram goes through the ring with theirs.
//!
//! Either way the kernel is told not to wait. Left to wait in the ring, it tries again with what it has not copied yet (seen
//! with Linux 6.18): a Unix socket, which looks at the receiver's queue after it has copied, sends an empty datagram then,
//! and UDP may send the end of one. So a send that finds no room waits until the socket is writable, and begins again. A
//! Unix socket that is not connected is writable however full the receiver is; there the wait is one for time.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use uring_engine::op::Control;
use uring_engine::{BufResult, IoBuf, Op, Operation, Slice, SocketAddress, op};

use crate::budget::prefers_ring;
use crate::cancel::{Cancel, Cancellable, cancelled, sealed};
use crate::keep::Keep;
use crate::net::datagram::family::DatagramFamily;
use crate::net::datagram::socket::{Shared, Socket};
use crate::net::leaving::{Fate, Leaving};
use crate::turns::Turn;

/// The future of [`Datagram::send`](super::Datagram::send) and [`Datagram::send_to`](super::Datagram::send_to).
///
/// When it is dropped, the datagram is sent whole or not at all. The buffer is freed once the kernel is done with it.
#[must_use = "futures do nothing unless polled"]
pub struct SendTo<'a, F: DatagramFamily, B: IoBuf> {
    socket: &'a Socket<F>,
    turn: Turn,
    destination: Destination,
    /// Descriptors that travel with the datagram, which then does not go through the ring.
    control: Control,
    /// How often there was no room.
    failures: u32,
    stage: Stage<F, B>,
}

/// Where a datagram goes.
pub(crate) enum Destination {
    /// To the socket's peer.
    Peer,
    Address(SocketAddress),
    /// There is no such address.
    Invalid(io::Error),
}

enum Stage<F: DatagramFamily, B: IoBuf> {
    /// To be tried.
    Ready(B),
    /// Being tried.
    ToPeer(Transmit<op::Send<B>, F>),
    ToAddress(Transmit<op::SendTo<B>, F>),
    /// There was no room.
    Blocked(B, Wait<F>),
    Ended,
}

enum Wait<F: DatagramFamily> {
    Writable(Op<Keep<op::PollAdd, Rc<Shared<F>>>>),
    Time(context::Sleep),
}

/// The first wait for time, in microseconds; every next one is twice as long, up to 64 times.
const FIRST_WAIT: u64 = 50;

// Nothing is pinned: operations move their payload into the engine.
impl<F: DatagramFamily, B: IoBuf> Unpin for SendTo<'_, F, B> {}

impl<'a, F: DatagramFamily, B: IoBuf> SendTo<'a, F, B> {
    #[inline]
    pub(crate) fn new(socket: &'a Socket<F>, buffer: B, destination: Destination) -> Self {
        Self {
            socket,
            turn: Turn::Absent,
            destination,
            control: Control::default(),
            failures: 0,
            stage: Stage::Ready(buffer),
        }
    }

    /// Ends it, and gives the buffer back: with `ECANCELED` if the datagram was not sent.
    pub fn cancel(mut self) -> Cancel<Self> {
        match &mut self.stage {
            Stage::ToPeer(operation) => operation.cancel(),
            Stage::ToAddress(operation) => operation.cancel(),
            Stage::Ready(_) | Stage::Blocked(..) | Stage::Ended => {}
        }
        Cancel::new(self)
    }

    /// Sends descriptors, too. They have to stay open until it has ended.
    pub(crate) fn with_descriptors(mut self, descriptors: &[OwnedFd]) -> Self {
        self.control = Control::descriptors(descriptors);
        self
    }

    fn take_buffer(&mut self) -> B {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ready(buffer) | Stage::Blocked(buffer, _) => buffer,
            _ => panic!("a send was polled after it had ended"),
        }
    }

    fn end(&mut self) {
        self.stage = Stage::Ended;
        self.socket.writers.give_back(&mut self.turn);
    }

    /// Waits for its turn, and tries for the first time.
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<BufResult<usize, B>> {
        let socket = self.socket;
        ready!(socket.writers.poll_take(&mut self.turn, cx));
        ready!(socket.budget.poll_spend(cx));
        let left = ready!(socket.shared.outbound.poll_take(cx));
        let buffer = self.take_buffer();
        match (left, &self.destination) {
            (Some(Err(error)), _) => Poll::Ready((Err(error), buffer)),
            (Some(Ok(never)), _) => match never {},
            (None, Destination::Invalid(error)) => {
                let error = io::Error::new(error.kind(), error.to_string());
                Poll::Ready((Err(error), buffer))
            }
            (None, _) if self.control.as_bytes().is_empty() && prefers_ring(&socket.engine) => {
                self.stage = socket.in_ring(buffer, &self.destination, cx);
                self.poll_in_ring(cx)
            }
            (None, destination) => Poll::Ready(socket.at_once(buffer, destination, &self.control)),
        }
    }

    fn poll_in_ring(&mut self, cx: &mut Context<'_>) -> Poll<BufResult<usize, B>> {
        match &mut self.stage {
            Stage::ToPeer(operation) => Pin::new(operation).poll(cx),
            Stage::ToAddress(operation) => Pin::new(operation).poll(cx),
            _ => Poll::Pending,
        }
    }

    /// Waits for room, and tries again.
    #[cold]
    fn poll_blocked(&mut self, cx: &mut Context<'_>) -> Poll<BufResult<usize, B>> {
        if let Stage::Blocked(_, wait) = &mut self.stage {
            match wait {
                Wait::Writable(operation) => drop(ready!(Pin::new(operation).poll(cx))),
                Wait::Time(sleep) => ready!(Pin::new(sleep).poll(cx)),
            }
        }
        let buffer = self.take_buffer();
        Poll::Ready(
            self.socket
                .at_once(buffer, &self.destination, &self.control),
        )
    }

    /// There was no room.
    #[cold]
    fn block(&mut self, buffer: B) {
        let socket = self.socket;
        socket.budget.refill();
        let wait = match self.failures % 2 {
            // Sending does not see an error that is there without room; it ends this wait, and the next try reports it.
            0 => Wait::Writable(socket.engine.op(Keep::new(
                op::PollAdd::new(socket.shared.target(), libc::POLLOUT as u32),
                socket.shared.clone(),
            ))),
            _ => {
                let micros = FIRST_WAIT << (self.failures / 2).min(6);
                Wait::Time(context::sleep(Duration::from_micros(micros)))
            }
        };
        self.failures = self.failures.saturating_add(1);
        self.stage = Stage::Blocked(buffer, wait);
    }
}

impl<F: DatagramFamily, B: IoBuf> Future for SendTo<'_, F, B> {
    type Output = BufResult<(), B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let (result, buffer) = ready!(match &this.stage {
                Stage::ToPeer(_) | Stage::ToAddress(_) => this.poll_in_ring(cx),
                Stage::Ready(_) | Stage::Ended => this.poll_first(cx),
                Stage::Blocked(..) => this.poll_blocked(cx),
            });
            if result.as_ref().is_err_and(is_would_block) {
                this.block(buffer);
                continue;
            }
            this.end();
            return Poll::Ready((result.map(drop), buffer));
        }
    }
}

impl<F: DatagramFamily, B: IoBuf> Cancellable for SendTo<'_, F, B> {
    type Outcome = BufResult<(), B>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let (result, buffer) = match self.stage {
            Stage::ToPeer(_) | Stage::ToAddress(_) => ready!(self.poll_in_ring(cx)),
            _ => (Err(cancelled()), self.take_buffer()),
        };
        self.end();
        let result = match result {
            Err(error) if is_would_block(&error) => Err(cancelled()),
            result => result.map(drop),
        };
        Poll::Ready((result, buffer))
    }
}

impl<F: DatagramFamily, B: IoBuf> sealed::Sealed for SendTo<'_, F, B> {}

impl<F: DatagramFamily, B: IoBuf> Drop for SendTo<'_, F, B> {
    fn drop(&mut self) {
        // The operation first: whoever is served next has to find it abandoned.
        self.end();
    }
}

impl<F: DatagramFamily> Socket<F> {
    /// Sends without waiting, and without the ring.
    #[inline]
    fn at_once<B: IoBuf>(
        &self,
        buffer: B,
        destination: &Destination,
        control: &Control,
    ) -> BufResult<usize, B> {
        let address = match destination {
            Destination::Address(address) => Some(address),
            Destination::Peer | Destination::Invalid(_) => None,
        };
        let length = buffer.len();
        let bytes = Slice::new(buffer, 0..length);
        let result = self.shared.try_send(&bytes, address, control);
        (result, bytes.into_inner())
    }

    /// Sends without waiting, through the ring.
    fn in_ring<B: IoBuf>(
        &self,
        buffer: B,
        destination: &Destination,
        cx: &Context<'_>,
    ) -> Stage<F, B> {
        let target = self.shared.target();
        if let Destination::Address(address) = destination {
            let operation =
                op::SendTo::new(target, buffer, address.clone()).flags(libc::MSG_DONTWAIT);
            return Stage::ToAddress(self.transmit(operation, cx));
        }
        let operation = op::Send::new(target, buffer).flags(libc::MSG_DONTWAIT);
        Stage::ToPeer(self.transmit(operation, cx))
    }

    fn transmit<O, B>(&self, operation: O, cx: &Context<'_>) -> Transmit<O, F>
    where
        O: Operation<Output = BufResult<usize, B>>,
    {
        let fate = Fate {
            inbound: |shared: &Shared<F>| &shared.outbound,
            leave: |_, (result, _buffer)| match result {
                Err(error) if !is_would_block(&error) => Err(error),
                _ => Ok(None),
            },
        };
        Leaving::new(&self.engine, self.shared.clone(), operation, fate, cx)
    }
}

impl<F: DatagramFamily> Shared<F> {
    /// Sends without waiting.
    fn try_send(
        &self,
        bytes: &[u8],
        address: Option<&SocketAddress>,
        control: &Control,
    ) -> io::Result<usize> {
        let (address, address_len) =
            address.map_or((std::ptr::null(), 0), |address| address.as_raw());
        let mut part = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        // SAFETY: all zeros are a valid message header: no address, no parts, no control messages.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = address.cast_mut().cast();
        message.msg_namelen = address_len;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        if !control.as_bytes().is_empty() {
            message.msg_control = control.as_bytes().as_ptr().cast_mut().cast();
            message.msg_controllen = control.as_bytes().len();
        }
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        loop {
            // SAFETY: address, bytes and control messages are valid for the lengths given, and the kernel only reads them.
            let count =
                unsafe { libc::sendmsg(self.as_fd().as_raw_fd(), &raw const message, flags) };
            if let Ok(count) = usize::try_from(count) {
                return Ok(count);
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

/// A send in the ring, which leaves its error with the socket if nobody waits for it.
type Transmit<O, F> = Leaving<O, Rc<Shared<F>>, Infallible>;

fn is_would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

impl<F: DatagramFamily, B: IoBuf> fmt::Debug for SendTo<'_, F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendTo")
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}
