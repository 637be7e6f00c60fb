//! A write in progress: the caller's buffer and how much of it the kernel has taken.
//!
//! A task that is alone asks the kernel at once, without waiting: one system call and no detour when the socket has room,
//! as it nearly always has. Where other tasks are runnable, or operations wait to be submitted, the write goes through the
//! ring with theirs: one system call for the batch. Either way, what did not fit goes through the ring. (Measured over
//! echo of 128 to 16,384 bytes: asking at once saves 3 to 5% of the processor time of a request at one connection, and
//! costs 3 to 7% at 100.) Without a ring there is no batch to go with, and the kernel is always asked at once.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::Started;

use crate::budget::prefers_ring;
use crate::cancel::cancelled;
use crate::net::outgoing::Outgoing;
use crate::net::socket::{Shared, Socket};
use crate::net::transfer::{Kind, Readiness, readiness};
use crate::turns::Turn;

/// One write, from the moment it is asked for until it ends. It knows its socket only while it is polled, so that it can
/// move from the future that began it to a task that ends it.
pub(crate) struct Sending<P: Outgoing> {
    turn: Turn,
    stage: Stage<P>,
    /// It was asked to end where it stands.
    cancelled: bool,
    /// Bytes that the kernel has taken.
    sent: usize,
}

enum Stage<P: Outgoing> {
    /// To be tried at once.
    Ready(P),
    /// In the ring.
    InFlight(Started<P::Operation>),
    /// The kernel had no room, and did not wait for it by itself. Boxed, as it is rare.
    Waiting(Box<(Started<Readiness>, P)>),
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

impl<P: Outgoing> Sending<P> {
    #[inline]
    pub(crate) fn new(buffer: P::Buffer) -> Self {
        Self {
            turn: Turn::Absent,
            cancelled: false,
            sent: 0,
            stage: Stage::Ready(P::new(buffer)),
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
    ) -> Poll<(io::Result<usize>, P::Buffer)> {
        ready!(socket.writers.poll_take(&mut self.turn, cx));
        loop {
            let (result, mut rest) = match &mut self.stage {
                Stage::Ready(rest) => {
                    ready!(socket.shared().budget.poll_spend(cx));
                    let result = match socket.shared().write_error.take() {
                        Some(error) => Err(error),
                        None if prefers_ring(&socket.engine) => {
                            Err(io::ErrorKind::WouldBlock.into())
                        }
                        None => rest.send_now(socket.shared()),
                    };
                    let Stage::Ready(rest) = std::mem::replace(&mut self.stage, Stage::Ended)
                    else {
                        continue;
                    };
                    (result, rest)
                }
                Stage::InFlight(operation) => {
                    let output = ready!(Pin::new(&mut *operation).poll(cx));
                    let (result, rest) = P::finished(output);
                    if is_would_block(&result) {
                        let ready = readiness(socket.share(), libc::POLLOUT);
                        let ready = socket.engine.start(ready, cx);
                        self.stage = Stage::Waiting(Box::new((ready, rest)));
                        continue;
                    }
                    self.stage = Stage::Ended;
                    (result, rest)
                }
                Stage::Waiting(waiting) => {
                    let (result, _) = ready!(Pin::new(&mut waiting.0).poll(cx));
                    let Stage::Waiting(waiting) = std::mem::replace(&mut self.stage, Stage::Ended)
                    else {
                        continue;
                    };
                    (result.map(|_| 0), waiting.1)
                }
                Stage::Ended => panic!("a write was polled after it had ended"),
            };
            let result = match result {
                Ok(count) => {
                    self.sent += count;
                    let done =
                        self.sent == rest.total() || (amount == Amount::Some && self.sent > 0);
                    done.then_some(Ok(self.sent))
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                Err(error) if rest.has_another_way(&error) => None,
                Err(error) => Some(Err(error)),
            };
            if let Some(result) = result {
                socket.writers.give_back(&mut self.turn);
                return Poll::Ready((result, rest.into_buffer()));
            }
            socket.shared().budget.refill();
            let operation = rest.operation(socket.share(), self.sent);
            self.stage = Stage::InFlight(socket.engine.start(operation, cx));
        }
    }

    /// Asks the kernel to end it where it stands.
    pub(crate) fn cancel(&mut self) {
        self.cancelled = true;
        if let Stage::InFlight(operation) = &mut self.stage {
            operation.cancel();
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Waits for the end of a write that was cancelled. Resolves to the number of bytes sent and the buffer.
    pub(crate) fn poll_cancelled(
        &mut self,
        socket: &Socket,
        cx: &mut Context<'_>,
    ) -> Poll<(io::Result<usize>, P::Buffer)> {
        if let Stage::InFlight(operation) = &mut self.stage {
            let (result, mut rest) = P::finished(ready!(Pin::new(operation).poll(cx)));
            self.sent += *result.as_ref().unwrap_or(&0);
            let result = match result {
                // What another way would have mended says nothing about the connection.
                Err(error) if !is_stop(&error) && !rest.has_another_way(&error) => Err(error),
                _ if self.sent > 0 => Ok(self.sent),
                _ => Err(cancelled()),
            };
            self.stage = Stage::Ended;
            socket.writers.give_back(&mut self.turn);
            return Poll::Ready((result, rest.into_buffer()));
        }
        socket.writers.give_back(&mut self.turn);
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ready(rest) => Poll::Ready(self.stopped(rest)),
            Stage::Waiting(waiting) => Poll::Ready(self.stopped(waiting.1)),
            _ => panic!("a write was polled after it had ended"),
        }
    }

    /// What one comes to that is cancelled between two operations.
    fn stopped(&self, rest: P) -> (io::Result<usize>, P::Buffer) {
        let result = match self.sent {
            0 => Err(cancelled()),
            sent => Ok(sent),
        };
        (result, rest.into_buffer())
    }

    /// Ends it where it stands: the operation is cancelled, and the next write is served.
    pub(crate) fn give_up(&mut self, socket: &Socket) {
        self.stage = Stage::Ended;
        socket.writers.give_back(&mut self.turn);
    }
}

/// What a cancelled operation ends with that did nothing: cancelled, interrupted, or to be tried again.
pub(crate) fn is_stop(error: &io::Error) -> bool {
    let again = [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock];
    error.raw_os_error() == Some(libc::ECANCELED) || again.contains(&error.kind())
}

fn is_would_block(result: &io::Result<usize>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl Shared {
    /// Sends what fits, without waiting.
    #[inline]
    pub(crate) fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        again(|| match self.kind {
            Kind::Socket => self
                .options()
                .send_with_flags(bytes, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL),
            Kind::Pipe => rustix::io::write(&self.descriptor, bytes).map_err(io::Error::from),
            Kind::Other => Err(io::ErrorKind::WouldBlock.into()),
        })
    }

    /// As [`send_now`](Self::send_now), of several pieces, as many as the kernel takes in one call.
    #[inline]
    pub(crate) fn send_vectored_now(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        again(|| match self.kind {
            Kind::Socket => self.options().send_vectored_with_flags(pieces, flags),
            Kind::Pipe => rustix::io::writev(&self.descriptor, pieces).map_err(io::Error::from),
            Kind::Other => Err(io::ErrorKind::WouldBlock.into()),
        })
    }
}

/// Repeats a system call that a signal interrupted.
#[inline]
fn again(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
