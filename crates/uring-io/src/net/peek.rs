//! Looking at what has arrived without taking it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBufMut};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::copy::fill;
use crate::net::family::Family;
use crate::net::recv::Recv;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Socket;
use crate::net::standing::Found;
use crate::net::stream::Stream;

/// # Looking at what has arrived
impl<F: Family> Stream<F> {
    /// Waits until something has arrived, and copies its beginning to `buffer` without taking it: the next read has it again.
    /// Resolves to the number of bytes, 0 at the end of the stream, and the buffer. Repeated later, it sees more when more
    /// has come.
    ///
    /// What it looks at has been received for this stream, as with [`recv`](Self::recv); another holder of the descriptor does
    /// not see it any more.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    pub fn peek<B: IoBufMut>(&self, buffer: B) -> Peek<'_, B> {
        Peek::new(self.socket(), buffer)
    }
}

/// The future of [`Stream::peek`](super::Stream::peek).
///
/// Cancel-safe: dropping it loses no byte; what arrives stays with the socket.
#[must_use = "futures do nothing unless polled"]
pub struct Peek<'a, B: IoBufMut> {
    recv: Recv<'a>,
    /// `None` once it has ended.
    buffer: Option<B>,
}

impl<'a, B: IoBufMut> Peek<'a, B> {
    pub(crate) fn new(socket: &'a Socket, buffer: B) -> Self {
        Self {
            recv: Recv::new(socket),
            buffer: Some(buffer),
        }
    }

    /// Gives the peek up, and gives the buffer back: with what had arrived before, else with `ECANCELED`.
    ///
    /// Cancel-safe: the kernel is asked at once; whether or not the future is dropped, no byte is lost.
    ///
    /// # Panics
    ///
    /// If the peek had resolved.
    pub fn cancel(mut self) -> Cancel<Self> {
        if self.buffer.is_none() {
            ended();
        }
        self.recv.receiving.cancel();
        Cancel::new(self)
    }

    fn take_buffer(&mut self) -> B {
        match self.buffer.take() {
            Some(buffer) => buffer,
            None => ended(),
        }
    }
}

#[cold]
fn ended() -> ! {
    panic!("a peek was polled or cancelled after it had ended");
}

// Nothing is pinned: no operation works on the buffer.
impl<B: IoBufMut> Unpin for Peek<'_, B> {}

impl<B: IoBufMut> Future for Peek<'_, B> {
    type Output = BufResult<usize, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let socket = this.recv.socket;
        let room = this.buffer.as_ref().map_or(0, IoBufMut::capacity);
        let arrived = if room == 0 {
            Ok(None)
        } else {
            ready!(socket.readers.poll_take(&mut this.recv.receiving.turn, cx));
            ready!(this.recv.receiving.poll_served(socket, cx))
        };
        let mut buffer = this.take_buffer();
        let count = arrived.map(|first| match first {
            Some(first) => {
                let bytes = socket.join(first, room, cx);
                socket.show(bytes, &mut buffer)
            }
            None if room == 0 => 0,
            None => fill(&mut buffer, &[]),
        });
        socket.readers.give_back(&mut this.recv.receiving.turn);
        Poll::Ready((count, buffer))
    }
}

impl<B: IoBufMut> sealed::Sealed for Peek<'_, B> {}

impl<B: IoBufMut> Cancellable for Peek<'_, B> {
    type Outcome = BufResult<usize, B>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let arrived = ready!(self.recv.poll_cancelled(cx));
        let mut buffer = self.take_buffer();
        let count = arrived.map(|bytes| match bytes {
            Some(bytes) => self.recv.socket.show(bytes, &mut buffer),
            None => fill(&mut buffer, &[]),
        });
        Poll::Ready((count, buffer))
    }
}

impl<B: IoBufMut> fmt::Debug for Peek<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peek").finish_non_exhaustive()
    }
}

impl Socket {
    /// Copies bytes that nobody takes: the next one has them again.
    fn show(&self, bytes: RecvBuf, buffer: &mut impl IoBufMut) -> usize {
        let count = fill(buffer, &bytes);
        self.shared().inbound.leave(bytes);
        count
    }

    /// Adds what else has arrived, up to `room` bytes or somewhat more: so a peek that is repeated sees more once more has
    /// come.
    fn join(&self, first: RecvBuf, room: usize, cx: &mut Context<'_>) -> RecvBuf {
        let mut whole = Vec::new();
        loop {
            if first.len().max(whole.len()) >= room {
                break;
            }
            if !self.standing.is_armed() && !self.standing.arm(self, cx) {
                break;
            }
            match self.poll_arrived(cx) {
                Poll::Ready(Found::Arrived(Ok(Some(next)))) => {
                    if whole.is_empty() {
                        whole.extend_from_slice(&first);
                    }
                    whole.extend_from_slice(&next);
                }
                Poll::Ready(Found::Arrived(Err(error))) => {
                    // It is reported once, and so is for whoever reads behind these bytes.
                    self.shared().inbound.leave_error(error);
                    break;
                }
                // Nothing else yet, or the end, which can be read again.
                _ => break,
            }
        }
        if whole.is_empty() {
            first
        } else {
            RecvBuf::from_heap(whole)
        }
    }
}
