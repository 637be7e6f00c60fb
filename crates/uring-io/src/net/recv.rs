//! Receiving into a buffer of the context.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::cancel::{Cancel, Cancellable, cancelled, sealed};
use crate::net::family::Family;
use crate::net::incoming::{Incoming as _, Single};
use crate::net::one_shot::OneShot;
use crate::net::pool::BUFFER_SIZE;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Socket;
use crate::net::standing::Found;
use crate::net::stream::Stream;
use crate::turns::Turn;

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
    pub(crate) turn: Turn,
    heap: Option<OneShot<Single<Vec<u8>>>>,
}

impl<'a> Recv<'a> {
    pub(crate) fn new(socket: &'a Socket) -> Self {
        Self {
            socket,
            turn: Turn::Absent,
            heap: None,
        }
    }

    /// Receives into the heap, when there are no other buffers.
    #[cold]
    fn poll_heap(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<RecvBuf>>> {
        let socket = self.socket;
        let operation = self.heap.get_or_insert_with(|| {
            OneShot::new(socket, Single::new(Vec::with_capacity(BUFFER_SIZE)))
        });
        let (result, buffer) = ready!(Pin::new(operation).poll(cx));
        self.heap = None;
        Poll::Ready(received(result, buffer))
    }

    /// Gives the receive up, and says what it came to: what had arrived before, else `ECANCELED`.
    ///
    /// Cancel-safe: the kernel is asked at once; whether or not the future is dropped, no byte is lost.
    pub fn cancel(mut self) -> Cancel<Self> {
        self.ask_to_end();
        Cancel::new(self)
    }

    pub(crate) fn ask_to_end(&mut self) {
        if let Some(operation) = &mut self.heap {
            operation.cancel();
        }
    }

    #[inline]
    pub(crate) fn poll_served(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<RecvBuf>>> {
        if self.heap.is_some() {
            return self.poll_heap(cx);
        }
        ready!(self.socket.budget.poll_spend(cx));
        loop {
            match ready!(self.socket.poll_arrived(cx)) {
                Found::Arrived(arrived) => return Poll::Ready(arrived),
                Found::Unarmed if self.socket.standing.arm(self.socket) => {}
                Found::Unarmed | Found::NoBuffer => return self.poll_heap(cx),
            }
        }
    }
}

impl Future for Recv<'_> {
    type Output = io::Result<Option<RecvBuf>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.socket.readers.poll_take(&mut this.turn, cx));
        let result = ready!(this.poll_served(cx));
        this.socket.readers.give_back(&mut this.turn);
        Poll::Ready(result)
    }
}

fn received(result: io::Result<usize>, buffer: Single<Vec<u8>>) -> io::Result<Option<RecvBuf>> {
    result.map(|count| (count > 0).then(|| RecvBuf::from_heap(buffer.into_buffer())))
}

impl sealed::Sealed for Recv<'_> {}

impl Cancellable for Recv<'_> {
    type Outcome = io::Result<Option<RecvBuf>>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let output = match &mut self.heap {
            Some(operation) => {
                let (result, buffer) = ready!(operation.poll_cancelled(cx));
                self.heap = None;
                received(result, buffer)
            }
            // What arrives by the standing receive stays with the socket.
            None if self.turn == Turn::Served => match self.socket.poll_arrived(cx) {
                Poll::Ready(Found::Arrived(arrived)) => arrived,
                _ => Err(cancelled()),
            },
            None => Err(cancelled()),
        };
        self.socket.readers.give_back(&mut self.turn);
        Poll::Ready(output)
    }
}

impl Drop for Recv<'_> {
    fn drop(&mut self) {
        // The operation first: whoever is served next has to find it abandoned.
        self.heap = None;
        self.socket.readers.give_back(&mut self.turn);
    }
}

impl fmt::Debug for Recv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv")
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}
