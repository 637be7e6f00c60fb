//! Receiving into a buffer of the context.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::net::family::Family;
use crate::net::receiving::Receiving;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Socket;
use crate::net::stream::Stream;

/// # Receiving
impl<F: Family> Stream<F> {
    /// Receives what there is, as soon as there is something, into a buffer of the context; `None` at the end of the
    /// stream.
    ///
    /// While nothing arrives the stream holds no buffer. The first call makes the kernel receive for this stream from then
    /// on, into buffers that all streams of the context share: what arrives is kept in order until somebody takes it, and
    /// a context whose buffers are all taken stops receiving until some come back, or receives into heap memory.
    /// Received bytes can be written back, here or elsewhere, without a copy.
    ///
    /// # Errors
    ///
    /// `ConnectionReset`, `TimedOut` and the like.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    #[inline]
    pub fn recv(&self) -> Recv<'_> {
        Recv::new(self.socket())
    }
}

/// The future of [`Stream::recv`](super::Stream::recv).
///
/// Cancel-safe: dropping it loses no byte; what arrives stays with the socket.
#[must_use = "futures do nothing unless polled"]
pub struct Recv<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) receiving: Receiving,
}

impl<'a> Recv<'a> {
    pub(crate) fn new(socket: &'a Socket) -> Self {
        Self {
            socket,
            receiving: Receiving::default(),
        }
    }

    /// Gives the receive up, and says what it came to: what had arrived before, else `ECANCELED`.
    ///
    /// Cancel-safe: the kernel is asked at once; whether or not the future is dropped, no byte is lost.
    pub fn cancel(mut self) -> Cancel<Self> {
        self.receiving.cancel();
        Cancel::new(self)
    }
}

impl Future for Recv<'_> {
    type Output = io::Result<Option<RecvBuf>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.receiving.poll(this.socket, cx)
    }
}

impl sealed::Sealed for Recv<'_> {}

impl Cancellable for Recv<'_> {
    type Outcome = io::Result<Option<RecvBuf>>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        self.receiving.poll_cancelled(self.socket, cx)
    }
}

impl Drop for Recv<'_> {
    fn drop(&mut self) {
        self.receiving.give_up(self.socket);
    }
}

impl fmt::Debug for Recv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv")
            .field("turn", &self.receiving.turn)
            .finish_non_exhaustive()
    }
}
