//! Writing from a caller's buffers.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBuf, IoVecBuf};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::net::descriptors::Parcel;
use crate::net::outgoing::{One, Outgoing, Several, Uncopied};
use crate::net::sending::{Amount, Sending};
use crate::net::socket::Socket;

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
            pub(crate) fn new(socket: &'a Rc<Socket>, buffer: $given) -> Self {
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
    socket: &'a Rc<Socket>,
    /// `None` once it has ended.
    sending: Option<Sending<P>>,
}

impl<'a, P: Outgoing> Writing<'a, P> {
    #[inline]
    fn new(socket: &'a Rc<Socket>, buffer: P::Buffer) -> Self {
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
            detach(self.socket.clone(), sending);
        }
    }
}

/// Has a task of its own end a write whose future was dropped.
#[cold]
fn detach<P: Outgoing>(socket: Rc<Socket>, sending: Sending<P>) {
    // An error: there is no context any more, or it is being torn down, which ends the write where it stands.
    if let Ok(task) = context::try_spawn(Detached { socket, sending }) {
        task.detach();
    }
}

/// A write that nobody waits for.
struct Detached<P: Outgoing> {
    socket: Rc<Socket>,
    sending: Sending<P>,
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
            this.socket.shared.write_error.set(Some(error));
        }
        Poll::Ready(())
    }
}

impl<P: Outgoing> Drop for Detached<P> {
    fn drop(&mut self) {
        self.sending.give_up(&self.socket);
    }
}
