//! A receive that goes on: through empty rings, and through whatever else makes the kernel end a multishot receive.
//!
//! A stream that found the ring empty waits in line. Each returned buffer wakes the first in line, which arms its
//! receive anew. It was the lack of a buffer for data that had arrived which sent it there, so it takes a buffer now; if
//! it does not, because its socket failed or it was dropped, it wakes the next.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::engine::Engine;
use crate::multishot::MultishotOp;
use crate::pool::{BufferRing, PooledBuf, RecvMulti};
use crate::target::Target;

/// Everything that arrives at a socket, in buffers of a [`BufferRing`].
///
/// Between arrivals the stream holds no buffer. Dropping it loses what has arrived and was not taken.
#[must_use = "a stream does nothing unless polled"]
pub struct RecvStream {
    engine: Engine,
    target: Target,
    ring: BufferRing,
    stage: Stage,
    /// `BufferRing::returns` when the receive was armed last.
    armed_at: u64,
    /// Woken from the line, and no buffer taken since.
    owes_wake: bool,
}

enum Stage {
    Unarmed,
    Armed(MultishotOp<RecvMulti>),
    Starved(BufferReturned),
    Ended,
}

impl RecvStream {
    /// Receives from a socket into buffers of `ring`.
    ///
    /// # Panics
    ///
    /// If the ring is registered with another engine.
    pub fn new(engine: &Engine, target: Target, ring: &BufferRing) -> RecvStream {
        ring.check(engine);
        RecvStream {
            engine: engine.clone(),
            target,
            ring: ring.clone(),
            stage: Stage::Unarmed,
            armed_at: 0,
            owes_wake: false,
        }
    }

    /// The next bytes; an error, after which the stream has ended; `None` at the end of the stream.
    ///
    /// Cancel-safe: bytes are either returned or still queued.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<PooledBuf>>> {
        loop {
            match &mut self.stage {
                Stage::Ended => return Poll::Ready(None),
                Stage::Unarmed => {
                    if self.engine.is_shut_down() {
                        self.end();
                        return Poll::Ready(Some(Err(io::Error::from_raw_os_error(
                            libc::ECANCELED,
                        ))));
                    }
                    self.armed_at = self.ring.returns();
                    self.stage = Stage::Armed(self.ring.recv_multi(&self.engine, self.target));
                }
                Stage::Starved(returned) => {
                    ready!(Pin::new(returned).poll(context));
                    self.owes_wake = true;
                    self.stage = Stage::Unarmed;
                }
                Stage::Armed(receive) => match ready!(receive.poll_next(context)) {
                    Some(Ok(Some(buffer))) => {
                        self.owes_wake = false;
                        return Poll::Ready(Some(Ok(buffer)));
                    }
                    Some(Ok(None)) => {
                        self.end();
                        return Poll::Ready(None);
                    }
                    Some(Err(error)) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                        self.owes_wake = false;
                        self.starve();
                    }
                    Some(Err(error)) => {
                        self.end();
                        return Poll::Ready(Some(Err(error)));
                    }
                    // Ended without an error: the completion queue was full, say.
                    None => self.stage = Stage::Unarmed,
                },
            }
        }
    }

    /// The next bytes, as a future. Cancel-safe, as [`poll_next`](RecvStream::poll_next).
    pub async fn next(&mut self) -> Option<io::Result<PooledBuf>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// The ring was empty: grow it, or wait unless a buffer has come back since the receive was armed.
    fn starve(&mut self) {
        self.stage = if self.ring.grow() {
            Stage::Unarmed
        } else {
            Stage::Starved(self.ring.returned_since(self.armed_at))
        };
    }

    fn end(&mut self) {
        self.stage = Stage::Ended;
        self.pass_on();
    }

    fn pass_on(&mut self) {
        if std::mem::take(&mut self.owes_wake) {
            self.ring.shared().wake_one();
        }
    }
}

impl Drop for RecvStream {
    fn drop(&mut self) {
        self.pass_on();
    }
}

impl fmt::Debug for RecvStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Unarmed => "unarmed",
            Stage::Armed(_) => "armed",
            Stage::Starved(_) => "starved",
            Stage::Ended => "ended",
        };
        f.debug_struct("RecvStream")
            .field("target", &self.target)
            .field("stage", &stage)
            .finish_non_exhaustive()
    }
}

/// Resolves when a buffer of a ring has come back: the future of [`BufferRing::returned_since`].
///
/// First come, first served. A wake-up that reaches a future which is then dropped goes to the next in line.
#[must_use = "futures do nothing unless polled"]
pub struct BufferReturned {
    ring: BufferRing,
    seen: u64,
    ticket: Option<u64>,
    woken: bool,
}

impl BufferReturned {
    pub(crate) fn new(ring: BufferRing, seen: u64) -> BufferReturned {
        BufferReturned {
            ring,
            seen,
            ticket: None,
            woken: false,
        }
    }
}

impl Future for BufferReturned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.woken || (this.ticket.is_none() && this.ring.returns() != this.seen) {
            this.woken = true;
            return Poll::Ready(());
        }
        this.ticket = this.ring.shared().wait(this.ticket, context.waker());
        if this.ticket.is_none() {
            this.woken = true;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for BufferReturned {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take()
            && !self.ring.shared().leave(ticket)
        {
            self.ring.shared().wake_one();
        }
    }
}

impl fmt::Debug for BufferReturned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferReturned").finish_non_exhaustive()
    }
}
