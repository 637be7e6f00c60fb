//! Reading into a caller's buffer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBufMut};

use crate::copy::fill;
use crate::net::one_shot::OneShot;
use crate::net::receiver::Found;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Socket;
use crate::turns::Turn;

/// The future of [`Stream::read`](super::Stream::read).
///
/// Cancel-safe: dropping it loses no byte. The operation is cancelled, and what it received all the same is the beginning
/// of what the next read returns. The buffer is dropped once the kernel is done with it.
#[must_use = "futures do nothing unless polled"]
pub struct Read<'a, B: IoBufMut> {
    socket: &'a Socket,
    turn: Turn,
    stage: Stage<B>,
}

enum Stage<B: IoBufMut> {
    Waiting(B),
    Reading(OneShot<B>),
    Ended,
}

// Nothing is pinned: operations move their payload into the engine.
impl<B: IoBufMut> Unpin for Read<'_, B> {}

impl<'a, B: IoBufMut> Read<'a, B> {
    pub(crate) fn new(socket: &'a Socket, buffer: B) -> Self {
        Self {
            socket,
            turn: Turn::Absent,
            stage: Stage::Waiting(buffer),
        }
    }

    fn end(&mut self) -> Stage<B> {
        self.socket.readers.give_back(&mut self.turn);
        std::mem::replace(&mut self.stage, Stage::Ended)
    }

    /// Copies what has arrived, and puts the rest back.
    fn copy(&self, buffer: &mut B, arrived: Option<RecvBuf>) -> usize {
        let Some(mut arrived) = arrived else {
            return fill(buffer, &[]);
        };
        let count = fill(buffer, &arrived);
        if count < arrived.len() {
            arrived.advance(count);
            self.socket.shared.inbound.leave(arrived);
        }
        count
    }
}

impl<B: IoBufMut> Future for Read<'_, B> {
    type Output = BufResult<usize, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match &mut this.stage {
                Stage::Reading(operation) => {
                    let output = ready!(Pin::new(operation).poll(cx));
                    this.end();
                    return Poll::Ready(output);
                }
                Stage::Waiting(buffer) if buffer.capacity() > 0 => {
                    ready!(this.socket.readers.poll_take(&mut this.turn, cx));
                    ready!(this.socket.budget.poll_spend(cx));
                    let found = ready!(this.socket.poll_arrived(cx));
                    let Stage::Waiting(mut buffer) =
                        std::mem::replace(&mut this.stage, Stage::Ended)
                    else {
                        continue;
                    };
                    let Found::Arrived(arrived) = found else {
                        this.socket.budget.refill();
                        this.stage = Stage::Reading(OneShot::new(this.socket, buffer));
                        continue;
                    };
                    let result = arrived.map(|arrived| this.copy(&mut buffer, arrived));
                    this.end();
                    return Poll::Ready((result, buffer));
                }
                Stage::Waiting(_) | Stage::Ended => {
                    let Stage::Waiting(buffer) = this.end() else {
                        panic!("a read was polled after it had ended");
                    };
                    return Poll::Ready((Ok(0), buffer));
                }
            }
        }
    }
}

impl<B: IoBufMut> Drop for Read<'_, B> {
    fn drop(&mut self) {
        // The operation first: whoever is served next has to find it abandoned.
        self.stage = Stage::Ended;
        self.socket.readers.give_back(&mut self.turn);
    }
}

impl<B: IoBufMut> fmt::Debug for Read<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read")
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}
