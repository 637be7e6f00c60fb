//! A read of bytes and descriptors in progress.
//!
//! ```text
//! Waiting ── its turn; bytes have arrived: copied ──▶ Ended
//!    └────── its turn; the standing receive has ended ──▶ Receiving ── received ──▶ Ended
//! ```

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::op::Received;
use uring_engine::{BufResult, IoBufMut};

use crate::cancel::{Cancel, Cancellable, cancelled, sealed};
use crate::copy::fill;
use crate::net::descriptors::WithDescriptors;
use crate::net::descriptors::receiving::{Receiving, receive};
use crate::net::sending::is_stop;
use crate::net::socket::Socket;
use crate::net::standing::Found;
use crate::turns::Turn;

/// The future of [`Stream::read_with_descriptors`](crate::net::Stream::read_with_descriptors).
///
/// Cancel-safe: dropping it loses neither byte nor descriptor: the next one returns them.
#[must_use = "futures do nothing unless polled"]
pub struct ReadWithDescriptors<'a, B: IoBufMut> {
    socket: &'a Socket,
    turn: Turn,
    /// Descriptors that there is room for.
    most: usize,
    stage: Stage<B>,
}

enum Stage<B: IoBufMut> {
    Waiting(B),
    Receiving(Receiving<B>),
    Ended,
}

impl<'a, B: IoBufMut> ReadWithDescriptors<'a, B> {
    pub(super) fn new(socket: &'a Socket, buffer: B, most: usize) -> Self {
        Self {
            socket,
            turn: Turn::Absent,
            most,
            stage: Stage::Waiting(buffer),
        }
    }

    /// Gives the read up, and says what it came to: what had arrived before, else `ECANCELED`. The buffer comes back.
    ///
    /// Cancel-safe: the kernel is asked at once; whether or not the future is dropped, neither byte nor descriptor is lost.
    ///
    /// # Panics
    ///
    /// If the read had resolved.
    pub fn cancel(mut self) -> Cancel<Self> {
        match &mut self.stage {
            Stage::Receiving(operation) => operation.cancel(),
            Stage::Waiting(_) => {}
            Stage::Ended => ended(),
        }
        Cancel::new(self)
    }

    fn take_buffer(&mut self) -> B {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Waiting(buffer) => buffer,
            _ => ended(),
        }
    }

    /// Ends with what the kernel said.
    fn received(&mut self, received: io::Result<Received>) -> io::Result<WithDescriptors> {
        let shared = self.socket.shared();
        let received = received.map(|received| {
            shared.keep(received.descriptors, received.flags);
            shared.with_kept(received.count)
        });
        self.end();
        received
    }

    fn end(&mut self) {
        // The operation first: whoever is served next has to find it abandoned.
        self.stage = Stage::Ended;
        self.socket.readers.give_back(&mut self.turn);
    }
}

impl<B: IoBufMut> Future for ReadWithDescriptors<'_, B> {
    type Output = BufResult<WithDescriptors, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let socket = this.socket;
        if let Stage::Waiting(buffer) = &mut this.stage {
            if buffer.capacity() == 0 {
                let buffer = this.take_buffer();
                this.end();
                return Poll::Ready((Ok(WithDescriptors::default()), buffer));
            }
            ready!(socket.readers.poll_take(&mut this.turn, cx));
            ready!(socket.shared().budget.poll_spend(cx));
            socket.standing.stop();
            let found = ready!(socket.poll_arrived(cx));
            let mut buffer = this.take_buffer();
            if let Found::Arrived(arrived) = found {
                let count = arrived
                    .map(|arrived| socket.copy_arrived(arrived, |bytes| fill(&mut buffer, bytes)));
                let received = count.map(|count| socket.shared().with_kept(count));
                this.end();
                return Poll::Ready((received, buffer));
            }
            socket.shared().budget.refill();
            this.stage = Stage::Receiving(receive(socket, buffer, this.most, cx));
        }
        let Stage::Receiving(operation) = &mut this.stage else {
            ended();
        };
        let (received, buffer) = ready!(Pin::new(operation).poll(cx));
        Poll::Ready((this.received(received), buffer))
    }
}

impl<B: IoBufMut> Cancellable for ReadWithDescriptors<'_, B> {
    type Outcome = BufResult<WithDescriptors, B>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let Stage::Receiving(operation) = &mut self.stage else {
            let buffer = self.take_buffer();
            self.end();
            return Poll::Ready((Err(cancelled()), buffer));
        };
        let (received, buffer) = ready!(Pin::new(operation).poll(cx));
        let received = received.map_err(|error| if is_stop(&error) { cancelled() } else { error });
        Poll::Ready((self.received(received), buffer))
    }
}

impl<B: IoBufMut> sealed::Sealed for ReadWithDescriptors<'_, B> {}

// Nothing is pinned: operations move their payload into the engine.
impl<B: IoBufMut> Unpin for ReadWithDescriptors<'_, B> {}

impl<B: IoBufMut> Drop for ReadWithDescriptors<'_, B> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<B: IoBufMut> fmt::Debug for ReadWithDescriptors<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadWithDescriptors")
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}

#[cold]
fn ended() -> ! {
    panic!("a read was polled or cancelled after it had ended");
}
