//! A read in progress: its place in the queue, its buffer, and how much of it is filled.
//!
//! ```text
//! Waiting ── its turn; bytes have arrived: copied ──▶ Ended (or Waiting, for what must be filled whole)
//!    └────── its turn; no standing receive ──▶ Reading ── received ──▶ Ended (or Waiting)
//! ```
//!
//! A read that must be filled whole keeps its turn meanwhile. One that ends in another way (dropped, cancelled, failed) gives
//! all that it has received back to the socket, before it gives its turn back: it takes all or nothing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::cancel::cancelled;
use crate::net::incoming::Incoming;
use crate::net::one_shot::OneShot;
use crate::net::socket::Socket;
use crate::net::standing::Found;
use crate::turns::Turn;

/// One read, from the moment it is asked for until it ends.
pub(crate) struct Reading<'a, I: Incoming> {
    socket: &'a Socket,
    turn: Turn,
    stage: Stage<I>,
}

enum Stage<I: Incoming> {
    Waiting(I),
    Reading(OneShot<I>),
    Ended,
}

impl<'a, I: Incoming> Reading<'a, I> {
    #[inline]
    pub(crate) fn new(socket: &'a Socket, buffer: I::Buffer) -> Self {
        Self {
            socket,
            turn: Turn::Absent,
            stage: Stage::Waiting(I::new(buffer)),
        }
    }

    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(io::Result<usize>, I)> {
        loop {
            match &mut self.stage {
                Stage::Reading(operation) => {
                    let (result, incoming) = ready!(Pin::new(operation).poll(cx));
                    if let Some(output) = self.step(result, incoming) {
                        return Poll::Ready(output);
                    }
                }
                Stage::Waiting(incoming) => {
                    if incoming.room() == 0 {
                        let Stage::Waiting(incoming) = self.end() else {
                            ended();
                        };
                        return Poll::Ready((Ok(0), incoming));
                    }
                    ready!(self.socket.readers.poll_take(&mut self.turn, cx));
                    ready!(self.socket.shared().budget.poll_spend(cx));
                    let found = ready!(self.socket.poll_arrived(cx));
                    let Stage::Waiting(mut incoming) =
                        std::mem::replace(&mut self.stage, Stage::Ended)
                    else {
                        continue;
                    };
                    let Found::Arrived(arrived) = found else {
                        self.socket.shared().budget.refill();
                        self.stage = Stage::Reading(OneShot::new(self.socket, incoming, cx));
                        continue;
                    };
                    let result = arrived.map(|arrived| {
                        self.socket
                            .copy_arrived(arrived, |bytes| incoming.fill(bytes))
                    });
                    if let Some(output) = self.step(result, incoming) {
                        return Poll::Ready(output);
                    }
                }
                Stage::Ended => ended(),
            }
        }
    }

    /// What a piece means: the output, or `None` to go on.
    #[inline]
    fn step(
        &mut self,
        result: io::Result<usize>,
        mut incoming: I,
    ) -> Option<(io::Result<usize>, I)> {
        if let Ok(count) = result {
            incoming.advance(count);
        }
        let result = match result {
            Ok(_) if !I::WHOLE || incoming.room() == 0 => result,
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {
                self.stage = Stage::Waiting(incoming);
                return None;
            }
            Err(error) => Err(error),
        };
        if result.is_err() {
            self.leave(&incoming);
        }
        self.end();
        Some((result, incoming))
    }

    /// Gives back what was received and will not be returned.
    #[cold]
    fn leave(&self, incoming: &I) {
        if let Some(left) = incoming.taken(0) {
            self.socket.shared().inbound.leave(left);
        }
    }

    fn end(&mut self) -> Stage<I> {
        self.socket.readers.give_back(&mut self.turn);
        std::mem::replace(&mut self.stage, Stage::Ended)
    }

    /// Asks the kernel to end it.
    pub(crate) fn cancel(&mut self) {
        match &mut self.stage {
            Stage::Reading(operation) => operation.cancel(),
            Stage::Waiting(_) => {}
            Stage::Ended => ended(),
        }
    }

    /// Waits for the end of a read that was cancelled.
    pub(crate) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<(io::Result<usize>, I)> {
        let (result, mut incoming) = match &mut self.stage {
            Stage::Reading(operation) => ready!(operation.poll_cancelled(cx)),
            _ => match std::mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Waiting(incoming) => (Err(cancelled()), incoming),
                _ => ended(),
            },
        };
        if let Ok(count) = result {
            incoming.advance(count);
        }
        let result = match result {
            Ok(_) if I::WHOLE && incoming.room() > 0 => Err(cancelled()),
            result => result,
        };
        if result.is_err() {
            self.leave(&incoming);
        }
        self.end();
        Poll::Ready((result, incoming))
    }
}

#[cold]
fn ended() -> ! {
    panic!("a read was polled or cancelled after it had ended");
}

impl<I: Incoming> Drop for Reading<'_, I> {
    #[inline]
    fn drop(&mut self) {
        // First: whoever is served next has to find the operation abandoned, and what was received left.
        if let Stage::Waiting(incoming) = std::mem::replace(&mut self.stage, Stage::Ended)
            && I::WHOLE
        {
            self.leave(&incoming);
        }
        self.socket.readers.give_back(&mut self.turn);
    }
}
