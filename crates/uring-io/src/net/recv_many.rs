//! Receiving all that has arrived.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::net::family::Family;
use crate::net::recv::Recv;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Socket;
use crate::net::standing::Found;
use crate::net::stream::Stream;

/// # Receiving all that has arrived
impl<F: Family> Stream<F> {
    /// Receives all that has arrived, as soon as there is something: up to `most` buffers, appended to `buffers`. Resolves to
    /// their number; 0 at the end of the stream (or if `most` is 0).
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), when nothing arrived before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    pub fn recv_many<'a, 'b>(
        &'a self,
        buffers: &'b mut Vec<RecvBuf>,
        most: usize,
    ) -> RecvMany<'a, 'b> {
        RecvMany::new(self.socket(), buffers, most)
    }
}

/// The future of [`Stream::recv_many`](super::Stream::recv_many).
///
/// Cancel-safe: dropping it loses no byte; what arrives stays with the socket.
#[must_use = "futures do nothing unless polled"]
pub struct RecvMany<'a, 'b> {
    recv: Recv<'a>,
    buffers: &'b mut Vec<RecvBuf>,
    most: usize,
}

impl<'a, 'b> RecvMany<'a, 'b> {
    pub(crate) fn new(socket: &'a Socket, buffers: &'b mut Vec<RecvBuf>, most: usize) -> Self {
        Self {
            recv: Recv::new(socket),
            buffers,
            most,
        }
    }

    /// Gives the receive up, and says what it came to: a buffer that had arrived before, else `ECANCELED`.
    ///
    /// Cancel-safe: the kernel is asked at once; whether or not the future is dropped, no byte is lost.
    pub fn cancel(mut self) -> Cancel<Self> {
        self.recv.receiving.cancel();
        Cancel::new(self)
    }

    /// Takes what has arrived besides the first, without waiting; how many there are then.
    fn take_more(&mut self, cx: &mut Context<'_>) -> usize {
        let socket = self.recv.socket;
        let mut count = 1;
        while count < self.most {
            match socket.poll_arrived(cx) {
                Poll::Ready(Found::Arrived(Ok(Some(bytes)))) => self.buffers.push(bytes),
                Poll::Ready(Found::Arrived(Err(error))) => {
                    // It is reported once, and so is for the next one.
                    socket.shared().inbound.leave_error(error);
                    break;
                }
                // The end of the stream can be read again.
                _ => break,
            }
            count += 1;
        }
        count
    }
}

impl Future for RecvMany<'_, '_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.most == 0 {
            return Poll::Ready(Ok(0));
        }
        let socket = this.recv.socket;
        let receiving = &mut this.recv.receiving;
        ready!(socket.readers.poll_take(&mut receiving.turn, cx));
        let first = ready!(receiving.poll_served(socket, cx));
        let result = match first {
            Ok(Some(bytes)) => {
                this.buffers.push(bytes);
                Ok(this.take_more(cx))
            }
            Ok(None) => Ok(0),
            Err(error) => Err(error),
        };
        socket.readers.give_back(&mut this.recv.receiving.turn);
        Poll::Ready(result)
    }
}

impl sealed::Sealed for RecvMany<'_, '_> {}

impl Cancellable for RecvMany<'_, '_> {
    type Outcome = io::Result<usize>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let arrived = ready!(self.recv.poll_cancelled(cx));
        Poll::Ready(arrived.map(|bytes| {
            let before = self.buffers.len();
            self.buffers.extend(bytes);
            self.buffers.len() - before
        }))
    }
}

impl fmt::Debug for RecvMany<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvMany")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
