//! Writing from a caller's buffer.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBuf};

use crate::net::sending::{Amount, Sending};
use crate::net::socket::Socket;

/// The future of [`Stream::write_all`](super::Stream::write_all).
///
/// Cancel-safe: once polled, the buffer is sent whole and in order, whether or not the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct WriteAll<'a, B: IoBuf>(Writing<'a, B>);

/// The future of [`Stream::write`](super::Stream::write).
///
/// Cancel-safe: once polled, a future that is dropped sends the buffer whole and in order, as `write_all` does.
#[must_use = "futures do nothing unless polled"]
pub struct Write<'a, B: IoBuf>(Writing<'a, B>);

impl<'a, B: IoBuf> WriteAll<'a, B> {
    #[inline]
    pub(crate) fn new(socket: &'a Rc<Socket>, buffer: B) -> Self {
        Self(Writing::new(socket, buffer))
    }
}

impl<'a, B: IoBuf> Write<'a, B> {
    #[inline]
    pub(crate) fn new(socket: &'a Rc<Socket>, buffer: B) -> Self {
        Self(Writing::new(socket, buffer))
    }
}

impl<B: IoBuf> Future for WriteAll<'_, B> {
    type Output = BufResult<(), B>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (result, buffer) = ready!(self.0.poll(Amount::Whole, cx));
        Poll::Ready((result.map(drop), buffer))
    }
}

impl<B: IoBuf> Future for Write<'_, B> {
    type Output = BufResult<usize, B>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(Amount::Some, cx)
    }
}

// Nothing is pinned: operations move their payload into the engine.
impl<B: IoBuf> Unpin for WriteAll<'_, B> {}
impl<B: IoBuf> Unpin for Write<'_, B> {}

/// What both have in common.
struct Writing<'a, B: IoBuf> {
    socket: &'a Rc<Socket>,
    /// `None` once it has ended.
    sending: Option<Sending<B>>,
}

impl<'a, B: IoBuf> Writing<'a, B> {
    #[inline]
    fn new(socket: &'a Rc<Socket>, buffer: B) -> Self {
        Self {
            socket,
            sending: Some(Sending::new(buffer)),
        }
    }

    #[inline]
    fn poll(&mut self, amount: Amount, cx: &mut Context<'_>) -> Poll<(io::Result<usize>, B)> {
        let Some(sending) = &mut self.sending else {
            panic!("a write was polled after it had ended");
        };
        let output = ready!(sending.poll(self.socket, amount, cx));
        self.sending = None;
        Poll::Ready(output)
    }
}

impl<B: IoBuf> Drop for Writing<'_, B> {
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
fn detach<B: IoBuf>(socket: Rc<Socket>, sending: Sending<B>) {
    // An error: there is no context any more, or it is being torn down, which ends the write where it stands.
    if let Ok(task) = context::try_spawn(Detached { socket, sending }) {
        task.detach();
    }
}

/// A write that nobody waits for.
struct Detached<B: IoBuf> {
    socket: Rc<Socket>,
    sending: Sending<B>,
}

impl<B: IoBuf> Unpin for Detached<B> {}

impl<B: IoBuf> Future for Detached<B> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (result, _) = ready!(this.sending.poll(&this.socket, Amount::Whole, cx));
        if let Err(error) = result {
            this.socket.shared.write_error.set(Some(error));
        }
        Poll::Ready(())
    }
}

impl<B: IoBuf> Drop for Detached<B> {
    fn drop(&mut self) {
        self.sending.give_up(&self.socket);
    }
}

impl<B: IoBuf> fmt::Debug for WriteAll<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteAll").finish_non_exhaustive()
    }
}

impl<B: IoBuf> fmt::Debug for Write<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").finish_non_exhaustive()
    }
}
