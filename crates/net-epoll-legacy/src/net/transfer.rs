//! Receiving and sending: the awaiters of a connection.
//!
//! Each tries its call first, and waits only when the kernel says `EAGAIN`. Those of one direction are served in the order of
//! their first polls.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::net::{RecvFlags, SendFlags};

use crate::source::{Attempt, Awaiter, Interest, Source};

/// The future of [`Connection::receive`](super::Connection::receive).
///
/// Cancel-safe: dropping it loses no byte, as none is taken before it is ready.
#[must_use = "futures do nothing unless polled"]
pub struct Receive<'a> {
    awaiter: Awaiter<'a>,
    buffer: &'a mut [u8],
}

impl<'a> Receive<'a> {
    #[inline]
    pub(super) fn new(source: &'a Source, buffer: &'a mut [u8]) -> Self {
        let awaiter = source.awaiter(Interest::Read);
        Self { awaiter, buffer }
    }
}

impl Future for Receive<'_> {
    type Output = io::Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (buffer, is_tcp) = (&mut *this.buffer, this.awaiter.source().is_tcp);
        let result = this.awaiter.poll(cx, |descriptor| {
            let (count, _) = rustix::net::recv(descriptor, &mut *buffer, RecvFlags::empty())?;
            // Fewer bytes than asked for: the socket is empty. None at all is the end, and stays so.
            let drained = is_tcp && count > 0 && count < buffer.len();
            Ok(Attempt {
                value: count,
                drained,
            })
        });
        log(&this.awaiter, "receive", "received", &result);
        result
    }
}

/// The future of [`Connection::send`](super::Connection::send).
///
/// Cancel-safe: dropped before it is ready, it has sent nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Send<'a> {
    awaiter: Awaiter<'a>,
    bytes: &'a [u8],
}

impl<'a> Send<'a> {
    #[inline]
    pub(super) fn new(source: &'a Source, bytes: &'a [u8]) -> Self {
        let awaiter = source.awaiter(Interest::Write);
        Self { awaiter, bytes }
    }
}

impl Future for Send<'_> {
    type Output = io::Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let bytes = this.bytes;
        let result = this
            .awaiter
            .poll(cx, |descriptor| send(descriptor, bytes).map(Attempt::of));
        log(&this.awaiter, "send", "sent", &result);
        result
    }
}

/// The future of [`Connection::send_all`](super::Connection::send_all).
///
/// When it is dropped, what was sent stays sent: [`sent`](Self::sent) bytes. To send part of a message and then another one
/// tears the stream, so close the connection unless that count is 0 or all.
#[must_use = "futures do nothing unless polled"]
pub struct SendAll<'a> {
    awaiter: Awaiter<'a>,
    bytes: &'a [u8],
    sent: usize,
}

impl<'a> SendAll<'a> {
    #[inline]
    pub(super) fn new(source: &'a Source, bytes: &'a [u8]) -> Self {
        let (awaiter, sent) = (source.awaiter(Interest::Write), 0);
        Self {
            awaiter,
            bytes,
            sent,
        }
    }

    /// Bytes that the kernel has taken.
    pub fn sent(&self) -> usize {
        self.sent
    }
}

impl Future for SendAll<'_> {
    type Output = io::Result<()>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (bytes, sent) = (this.bytes, &mut this.sent);
        let result = this.awaiter.poll(cx, |descriptor| {
            // Its turn lasts until all is sent: what others send comes after.
            while *sent < bytes.len() {
                match send(descriptor, &bytes[*sent..]) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(count) => *sent += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Attempt::of(*sent))
        });
        log(&this.awaiter, "send", "sent", &result);
        result.map_ok(drop)
    }
}

/// A peer that is gone is the error `EPIPE`, not a signal.
fn send(descriptor: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(descriptor, bytes, SendFlags::NOSIGNAL)?)
}

/// Writes down how a poll ended, inside the span of its task.
#[inline]
pub(super) fn log(
    awaiter: &Awaiter<'_>,
    waits_to: &'static str,
    done: &'static str,
    result: &Poll<io::Result<usize>>,
) {
    let fd = awaiter.source().number();
    match result {
        Poll::Pending => tracing::trace!(fd, "suspends: waits to {waits_to}"),
        Poll::Ready(Ok(bytes)) => tracing::trace!(fd, bytes, "{done}"),
        Poll::Ready(Err(error)) => tracing::debug!(fd, %error, "could not {waits_to}"),
    }
}

impl fmt::Debug for Receive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receive")
            .field("room", &self.buffer.len())
            .field("awaiter", &self.awaiter)
            .finish()
    }
}

impl fmt::Debug for Send<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("bytes", &self.bytes.len())
            .field("awaiter", &self.awaiter)
            .finish()
    }
}

impl fmt::Debug for SendAll<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("bytes", &self.bytes.len())
            .field("sent", &self.sent)
            .field("awaiter", &self.awaiter)
            .finish()
    }
}
