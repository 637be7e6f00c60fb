//! A write in progress: the caller's buffer and how much of it the kernel has taken.
//!
//! A task that is alone asks the kernel at once, without waiting: one system call and no detour when the socket has room,
//! as it nearly always has. Where other tasks are runnable, or operations wait to be submitted, the write goes through the
//! ring with theirs: one system call for the batch. Either way, what did not fit goes through the ring. (Measured over
//! echo of 128 to 16,384 bytes: asking at once saves 3 to 5% of the processor time of a request at one connection, and
//! costs 3 to 7% at 100.)

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::{IoBuf, Op, Slice};

use crate::keep::Keep;
use crate::net::socket::{Shared, Socket};
use crate::net::transfer::{Kind, Output, Readiness, readiness};
use crate::turns::Turn;

type Operation<B> = Op<Keep<Output<B>, Rc<Shared>>>;

/// One write, from the moment it is asked for until it ends. It knows its socket only while it is polled, so that it can
/// move from the future that began it to a task that ends it.
pub(crate) struct Sending<B: IoBuf> {
    turn: Turn,
    stage: Stage<B>,
    /// Bytes that the kernel has taken.
    sent: usize,
    total: usize,
}

enum Stage<B: IoBuf> {
    /// To be tried at once.
    Ready(Slice<B>),
    /// In the ring.
    InFlight(Operation<B>),
    /// The kernel had no room, and did not wait for it by itself.
    Waiting(Readiness, Slice<B>),
    Ended,
}

/// How much of the buffer a write has to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// All of it.
    Whole,
    /// Whatever fits.
    Some,
}

impl<B: IoBuf> Sending<B> {
    #[inline]
    pub(crate) fn new(buffer: B) -> Self {
        let total = buffer.len();
        Self {
            turn: Turn::Absent,
            stage: Stage::Ready(Slice::new(buffer, 0..total)),
            sent: 0,
            total,
        }
    }

    /// Whether it was polled and has not ended.
    pub(crate) fn is_under_way(&self) -> bool {
        self.turn != Turn::Absent
    }

    /// Goes on. Resolves to the number of bytes sent and the buffer.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        socket: &Socket,
        amount: Amount,
        cx: &mut Context<'_>,
    ) -> Poll<(io::Result<usize>, B)> {
        ready!(socket.writers.poll_take(&mut self.turn, cx));
        loop {
            let (result, rest) = match &mut self.stage {
                Stage::Ready(rest) => {
                    ready!(socket.budget.poll_spend(cx));
                    let result = match socket.shared.write_error.take() {
                        Some(error) => Err(error),
                        None if context::others_runnable() || socket.engine.queued() > 0 => {
                            Err(io::ErrorKind::WouldBlock.into())
                        }
                        None => socket.shared.send_now(rest),
                    };
                    let Stage::Ready(rest) = std::mem::replace(&mut self.stage, Stage::Ended)
                    else {
                        continue;
                    };
                    (result, rest)
                }
                Stage::InFlight(operation) => {
                    let ((result, rest), _) = ready!(Pin::new(&mut *operation).poll(cx));
                    if is_would_block(&result) {
                        let ready = readiness(operation.engine(), &socket.shared, libc::POLLOUT);
                        self.stage = Stage::Waiting(ready, rest);
                        continue;
                    }
                    self.stage = Stage::Ended;
                    (result, rest)
                }
                Stage::Waiting(ready, _) => {
                    let (result, _) = ready!(Pin::new(ready).poll(cx));
                    let Stage::Waiting(_, rest) = std::mem::replace(&mut self.stage, Stage::Ended)
                    else {
                        continue;
                    };
                    (result.map(|_| 0), rest)
                }
                Stage::Ended => panic!("a write was polled after it had ended"),
            };
            let result = match result {
                Ok(count) => {
                    self.sent += count;
                    let done = self.sent == self.total || (amount == Amount::Some && self.sent > 0);
                    done.then_some(Ok(self.sent))
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                Err(error) => Some(Err(error)),
            };
            let buffer = rest.into_inner();
            if let Some(result) = result {
                socket.writers.give_back(&mut self.turn);
                return Poll::Ready((result, buffer));
            }
            socket.budget.refill();
            self.stage = Stage::InFlight(self.operation(socket, amount, buffer));
        }
    }

    fn operation(&self, socket: &Socket, amount: Amount, buffer: B) -> Operation<B> {
        let flags = match amount {
            Amount::Whole => libc::MSG_WAITALL,
            Amount::Some => 0,
        };
        let rest = Slice::new(buffer, self.sent..self.total);
        let output = Output::new(&socket.shared, rest, flags);
        socket.engine.op(Keep::new(output, socket.shared.clone()))
    }

    /// Ends it where it stands: the operation is cancelled, and the next write is served.
    pub(crate) fn give_up(&mut self, socket: &Socket) {
        self.stage = Stage::Ended;
        socket.writers.give_back(&mut self.turn);
    }
}

fn is_would_block(result: &io::Result<usize>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl Shared {
    /// Sends what fits, without waiting.
    #[inline]
    fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let result = match self.kind {
                Kind::Socket => self
                    .options()
                    .send_with_flags(bytes, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL),
                Kind::Pipe => rustix::io::write(&self.descriptor, bytes).map_err(io::Error::from),
                Kind::Other => Err(io::ErrorKind::WouldBlock.into()),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}
