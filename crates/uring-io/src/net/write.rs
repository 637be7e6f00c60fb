//! Writing from a caller's buffers.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBuf, IoVecBuf};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::detach::detach;
use crate::net::descriptors::Parcel;
use crate::net::family::Family;
use crate::net::outgoing::{One, Outgoing, Several, Uncopied};
use crate::net::sending::{Amount, Sending};
use crate::net::socket::SocketHandle;
use crate::net::stream::Stream;

/// # Writing
impl<F: Family> Stream<F> {
    /// Writes from the beginning of `buffer` what the socket takes, at least one byte unless there is none. Resolves to the
    /// number of bytes and the buffer.
    ///
    /// # Errors
    ///
    /// `BrokenPipe`, `ConnectionReset` and the like, also those of an earlier write that nobody waited for; the buffer
    /// comes back.
    ///
    /// # Cancel safety
    ///
    /// A future that was polled and is dropped sends the buffer whole, as [`write_all`](Self::write_all) does.
    #[inline]
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'_, B> {
        Write::new(self.socket(), buffer)
    }

    /// Writes all of `buffer`, and gives it back.
    ///
    /// # Errors
    ///
    /// `BrokenPipe`, `ConnectionReset` and the like, also those of an earlier write that nobody waited for; the buffer
    /// comes back.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffer is sent whole and in order, before any later write, whether or not the future is dropped;
    /// the next operation that writes reports an error. Never polled, nothing is sent.
    #[inline]
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'_, B> {
        WriteAll::new(self.socket(), buffer)
    }

    /// Writes from the beginning of `buffers`, one after the other, what the socket takes, at least one byte unless there is
    /// none. Resolves to the number of bytes and the buffers: a tuple, an array or a `Vec` of what can be a buffer.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// A future that was polled and is dropped sends the buffers whole, as [`write_all_vectored`](Self::write_all_vectored)
    /// does.
    pub fn write_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteVectored<'_, V> {
        WriteVectored::new(self.socket(), buffers)
    }

    /// Writes all of `buffers`, one after the other, and gives them back.
    ///
    /// ```
    /// # use uring_io::net::{TcpListener, TcpStream};
    /// # context::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let body = vec![b'x'; 100];
    /// let head = format!("content-length: {}\r\n\r\n", body.len());
    /// let (result, (_head, _body)) = stream.write_all_vectored((head, body)).await;
    /// result?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all).
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffers are sent whole and in order, before any later write, whether or not the future is dropped.
    pub fn write_all_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteAllVectored<'_, V> {
        WriteAllVectored::new(self.socket(), buffers)
    }

    /// Writes from the beginning of `buffer` what the socket takes, straight from its memory. Resolves to the number of bytes
    /// and the buffer when the network no longer needs it, which may be when the peer has acknowledged the bytes.
    ///
    /// As [`write_all_zero_copy`](Self::write_all_zero_copy), but for a part; it copies under the same conditions.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// A future that was polled and is dropped sends the buffer whole; its memory is freed when the network is done with it.
    pub fn send_zc<B: IoBuf>(&self, buffer: B) -> SendZc<'_, B> {
        SendZc::new(self.socket(), buffer)
    }

    /// Writes all of `buffer` straight from its memory, and gives it back when the network no longer needs it.
    ///
    /// Pays off for some ten KiB and more on real network cards. Where the kernel cannot send without a copy, it sends with
    /// one, as [`write_all`](Self::write_all): over Unix sockets, before Linux 6.0, and when the limit of locked memory
    /// (`RLIMIT_MEMLOCK`) or of notifications (`net.core.optmem_max`) is reached. The loopback device always copies.
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all).
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffer is sent whole and in order, before any later write, whether or not the future is dropped; its
    /// memory is freed when the network is done with it.
    pub fn write_all_zero_copy<B: IoBuf>(&self, buffer: B) -> WriteAllZeroCopy<'_, B> {
        WriteAllZeroCopy::new(self.socket(), buffer)
    }
}

/// The future of [`Stream::write_all`](super::Stream::write_all).
///
/// Cancel-safe: once polled, the buffer is sent whole and in order, whether or not the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct WriteAll<'a, B: IoBuf>(Writing<'a, One<B>>);

/// The future of [`Stream::write`](super::Stream::write).
///
/// Cancel-safe: once polled, a future that is dropped sends the buffer whole and in order, as `write_all` does.
#[must_use = "futures do nothing unless polled"]
pub struct Write<'a, B: IoBuf>(Writing<'a, One<B>>);

/// The future of [`Stream::write_all_vectored`](super::Stream::write_all_vectored).
///
/// Cancel-safe: once polled, the buffers are sent whole and in order, whether or not the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct WriteAllVectored<'a, V: IoVecBuf>(Writing<'a, Several<V>>);

/// The future of [`Stream::write_vectored`](super::Stream::write_vectored).
///
/// Cancel-safe: once polled, a future that is dropped sends the buffers whole and in order, as `write_all_vectored` does.
#[must_use = "futures do nothing unless polled"]
pub struct WriteVectored<'a, V: IoVecBuf>(Writing<'a, Several<V>>);

/// The future of [`Stream::write_all_zero_copy`](super::Stream::write_all_zero_copy).
///
/// Cancel-safe: once polled, the buffer is sent whole and in order, whether or not the future is dropped; its memory is
/// freed when the network is done with it.
#[must_use = "futures do nothing unless polled"]
pub struct WriteAllZeroCopy<'a, B: IoBuf>(Writing<'a, Uncopied<B>>);

/// The future of [`Stream::send_zc`](super::Stream::send_zc).
///
/// Cancel-safe: once polled, a future that is dropped sends the buffer whole and in order, as `write_all_zero_copy` does.
#[must_use = "futures do nothing unless polled"]
pub struct SendZc<'a, B: IoBuf>(Writing<'a, Uncopied<B>>);

/// The future of [`Stream::write_all_with_descriptors`](super::Stream::write_all_with_descriptors).
///
/// Cancel-safe: once polled, buffer and descriptors are sent whole and in order, whether or not the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct WriteAllWithDescriptors<'a, B: IoBuf>(Writing<'a, Parcel<B>>);

/// One implementation per future: they differ in what they send and whether they say how much.
macro_rules! writing {
    ($name:ident<$buffer:ident: $bound:ident> of $given:ty, $amount:expr, $count:ty, $map:expr) => {
        impl<'a, $buffer: $bound> $name<'a, $buffer> {
            #[inline]
            pub(crate) fn new(socket: &'a SocketHandle, buffer: $given) -> Self {
                Self(Writing::new(socket, buffer))
            }

            /// Ends the write where it stands, and tells how many bytes went. The only way to stop a write that has begun
            /// short of ending the connection.
            ///
            /// Cancel-safe: the kernel is asked at once, whether or not the future is dropped.
            ///
            /// # Panics
            ///
            /// If the write had resolved.
            pub fn cancel(mut self) -> Cancel<Self> {
                self.0.cancel();
                Cancel::new(self)
            }
        }

        impl<$buffer: $bound> Future for $name<'_, $buffer> {
            type Output = BufResult<$count, $given>;

            #[inline]
            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let (result, buffer) = ready!(self.0.poll($amount, cx));
                Poll::Ready((result.map($map), buffer))
            }
        }

        impl<$buffer: $bound> sealed::Sealed for $name<'_, $buffer> {}

        impl<$buffer: $bound> Cancellable for $name<'_, $buffer> {
            type Outcome = BufResult<usize, $given>;

            fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
                self.0.poll_cancelled(cx)
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

writing!(WriteAll<B: IoBuf> of B, Amount::Whole, (), drop);
writing!(Write<B: IoBuf> of B, Amount::Some, usize, |count| count);
writing!(WriteAllVectored<V: IoVecBuf> of V, Amount::Whole, (), drop);
writing!(WriteVectored<V: IoVecBuf> of V, Amount::Some, usize, |count| count);
writing!(WriteAllZeroCopy<B: IoBuf> of B, Amount::Whole, (), drop);
writing!(SendZc<B: IoBuf> of B, Amount::Some, usize, |count| count);
writing!(WriteAllWithDescriptors<B: IoBuf> of (B, Vec<OwnedFd>), Amount::Whole, (), drop);

/// What all have in common.
struct Writing<'a, P: Outgoing> {
    socket: &'a SocketHandle,
    /// `None` once it has ended.
    sending: Option<Sending<P>>,
}

impl<'a, P: Outgoing> Writing<'a, P> {
    #[inline]
    fn new(socket: &'a SocketHandle, buffer: P::Buffer) -> Self {
        Self {
            socket,
            sending: Some(Sending::new(buffer)),
        }
    }

    #[inline]
    fn poll(
        &mut self,
        amount: Amount,
        cx: &mut Context<'_>,
    ) -> Poll<(io::Result<usize>, P::Buffer)> {
        let Some(sending) = &mut self.sending else {
            ended();
        };
        let output = ready!(sending.poll(self.socket, amount, cx));
        self.sending = None;
        Poll::Ready(output)
    }

    fn cancel(&mut self) {
        match &mut self.sending {
            Some(sending) => sending.cancel(),
            None => ended(),
        }
    }

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<(io::Result<usize>, P::Buffer)> {
        let Some(sending) = &mut self.sending else {
            ended();
        };
        let output = ready!(sending.poll_cancelled(self.socket, cx));
        self.sending = None;
        Poll::Ready(output)
    }
}

#[cold]
fn ended() -> ! {
    panic!("a write was polled or cancelled after it had ended");
}

impl<P: Outgoing> Drop for Writing<'_, P> {
    #[inline]
    fn drop(&mut self) {
        if let Some(sending) = self.sending.take()
            && sending.is_under_way()
        {
            let socket = self.socket.clone();
            detach(Detached { socket, sending });
        }
    }
}

/// A write that ends by itself, as one whose future was dropped: its error goes to the next one that writes.
pub(crate) struct Detached<P: Outgoing> {
    socket: SocketHandle,
    sending: Sending<P>,
}

impl<P: Outgoing> Detached<P> {
    #[cfg(any(feature = "tokio", feature = "futures-io", feature = "hyper"))]
    pub(crate) fn new(socket: SocketHandle, buffer: P::Buffer) -> Self {
        let sending = Sending::new(buffer);
        Self { socket, sending }
    }
}

impl<P: Outgoing> Unpin for Detached<P> {}

impl<P: Outgoing> Future for Detached<P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (result, _) = if this.sending.is_cancelled() {
            let (result, buffer) = ready!(this.sending.poll_cancelled(&this.socket, cx));
            let is_asked_for = |error: &io::Error| error.raw_os_error() == Some(libc::ECANCELED);
            (
                result.or_else(|error| {
                    if is_asked_for(&error) {
                        Ok(0)
                    } else {
                        Err(error)
                    }
                }),
                buffer,
            )
        } else {
            ready!(this.sending.poll(&this.socket, Amount::Whole, cx))
        };
        if let Err(error) = result {
            this.socket.shared().write_error.set(Some(error));
        }
        Poll::Ready(())
    }
}

impl<P: Outgoing> Drop for Detached<P> {
    fn drop(&mut self) {
        self.sending.give_up(&self.socket);
    }
}
