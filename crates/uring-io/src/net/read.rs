//! Reading into a caller's buffers.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBufMut, IoVecBufMut};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::net::family::Family;
use crate::net::incoming::{Full, Incoming, Single, Spread};
use crate::net::reading::Reading;
use crate::net::socket::Socket;
use crate::net::stream::Stream;

/// # Reading
impl<F: Family> Stream<F> {
    /// Reads into `buffer`, from its beginning up to its capacity. Resolves to the number of bytes, 0 at the end of the
    /// stream (or if there is no capacity), and the buffer.
    ///
    /// # Errors
    ///
    /// `ConnectionReset`, `TimedOut` and the like; the buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte: what arrived all the same is what the next read begins with. The buffer is
    /// freed once the kernel is done with it.
    #[inline]
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'_, B> {
        Read::new(self.socket(), buffer)
    }

    /// Reads into `buffers`, one after the other, up to their capacity: a tuple, an array or a `Vec` of what can be a buffer.
    /// Resolves to the number of bytes, 0 at the end of the stream (or if there is no capacity), and the buffers.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte, as with [`read`](Self::read).
    pub fn read_vectored<V: IoVecBufMut>(&self, buffers: V) -> ReadVectored<'_, V> {
        ReadVectored::new(self.socket(), buffers)
    }

    /// Fills `buffer` to its capacity. It takes all or nothing: on an error, what had come is what the next read begins
    /// with. Other reads are served when it has ended.
    ///
    /// ```
    /// # use uring_io::net::{TcpListener, TcpStream};
    /// # context::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// client.write_all("\0\u{5}hello").await.0?;
    /// let (result, length) = server.read_exact([0; 2]).await;
    /// result?;
    /// let length = u16::from_be_bytes(length);
    /// let (result, text) = server.read_exact(vec![0; length.into()]).await;
    /// result?;
    /// assert_eq!(text, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the stream ends before; as [`read`](Self::read). The buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte: what had come is what the next read begins with.
    pub fn read_exact<B: IoBufMut>(&self, buffer: B) -> ReadExact<'_, B> {
        ReadExact::new(self.socket(), buffer)
    }
}

/// The future of [`Stream::read`](super::Stream::read).
///
/// Cancel-safe: dropping it loses no byte. The operation is cancelled, and what it received all the same is the beginning
/// of what the next read returns. The buffer is dropped once the kernel is done with it.
#[must_use = "futures do nothing unless polled"]
pub struct Read<'a, B: IoBufMut>(Reading<'a, Single<B>>);

/// The future of [`Stream::read_vectored`](super::Stream::read_vectored).
///
/// Cancel-safe: dropping it loses no byte, as with [`Read`].
#[must_use = "futures do nothing unless polled"]
pub struct ReadVectored<'a, V: IoVecBufMut>(Reading<'a, Spread<V>>);

/// The future of [`Stream::read_exact`](super::Stream::read_exact).
///
/// Cancel-safe: dropping it loses no byte. What it had received is the beginning of what the next read returns.
#[must_use = "futures do nothing unless polled"]
pub struct ReadExact<'a, B: IoBufMut>(Reading<'a, Full<B>>);

/// One implementation per future: they differ in what they fill and whether they say how much.
macro_rules! reading {
    ($name:ident<$buffer:ident: $bound:ident>, $count:ty, $map:expr) => {
        impl<'a, $buffer: $bound> $name<'a, $buffer> {
            #[inline]
            pub(crate) fn new(socket: &'a Socket, buffer: $buffer) -> Self {
                Self(Reading::new(socket, buffer))
            }

            /// Ends the read, and gives the buffer back: with what arrived before the kernel had ended it, else with
            /// `ECANCELED`.
            ///
            /// Cancel-safe: the kernel is asked at once; whether or not the future is dropped, no byte is lost.
            ///
            /// # Panics
            ///
            /// If the read had resolved.
            pub fn cancel(mut self) -> Cancel<Self> {
                self.0.cancel();
                Cancel::new(self)
            }
        }

        impl<$buffer: $bound> Future for $name<'_, $buffer> {
            type Output = BufResult<$count, $buffer>;

            #[inline]
            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let (result, buffer): (io::Result<usize>, _) = ready!(self.0.poll(cx));
                Poll::Ready((result.map($map), buffer.into_buffer()))
            }
        }

        impl<$buffer: $bound> sealed::Sealed for $name<'_, $buffer> {}

        impl<$buffer: $bound> Cancellable for $name<'_, $buffer> {
            type Outcome = BufResult<$count, $buffer>;

            fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
                let (result, buffer): (io::Result<usize>, _) = ready!(self.0.poll_cancelled(cx));
                Poll::Ready((result.map($map), buffer.into_buffer()))
            }
        }

        // Nothing is pinned: operations move their payload into the engine.
        impl<$buffer: $bound> Unpin for $name<'_, $buffer> {}

        impl<$buffer: $bound> fmt::Debug for $name<'_, $buffer> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

reading!(Read<B: IoBufMut>, usize, |count| count);
reading!(ReadVectored<V: IoVecBufMut>, usize, |count| count);
reading!(ReadExact<B: IoBufMut>, (), drop);
