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

use crate::source::{Attempt, Interest, Place, Source};

/// The future of [`Connection::receive`](super::Connection::receive).
///
/// Cancel-safe: dropping it loses no byte, as none is taken before it is ready.
#[must_use = "futures do nothing unless polled"]
pub struct Receive<'a> {
    source: &'a Source,
    buffer: &'a mut [u8],
    /// Fewer bytes than asked for say that there are no more: so it is with streams, not with datagrams.
    is_stream: bool,
    place: Place,
}

impl<'a> Receive<'a> {
    pub(super) fn stream(source: &'a Source, buffer: &'a mut [u8]) -> Self {
        Self {
            source,
            buffer,
            is_stream: true,
            place: Place::default(),
        }
    }

    pub(super) fn datagram(source: &'a Source, buffer: &'a mut [u8]) -> Self {
        let mut receive = Self::stream(source, buffer);
        receive.is_stream = false;
        receive
    }
}

impl Future for Receive<'_> {
    type Output = io::Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (buffer, is_stream) = (&mut *this.buffer, this.is_stream);
        let result = this
            .source
            .poll(Interest::Read, &mut this.place, cx, |descriptor| {
                let (count, _) = rustix::net::recv(descriptor, &mut *buffer, RecvFlags::empty())?;
                // Fewer bytes than asked for: the socket is empty. None at all is the end, and stays so.
                let drained = is_stream && count > 0 && count < buffer.len();
                Ok(Attempt {
                    value: count,
                    drained,
                })
            });
        log(this.source, "receive", "received", &result);
        result
    }
}

impl Drop for Receive<'_> {
    fn drop(&mut self) {
        self.source.leave(Interest::Read, &mut self.place);
    }
}

/// The future of [`Connection::send`](super::Connection::send).
///
/// Cancel-safe: dropped before it is ready, it has sent nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Send<'a> {
    source: &'a Source,
    bytes: &'a [u8],
    place: Place,
}

impl<'a> Send<'a> {
    pub(super) fn new(source: &'a Source, bytes: &'a [u8]) -> Self {
        let place = Place::default();
        Self {
            source,
            bytes,
            place,
        }
    }
}

impl Future for Send<'_> {
    type Output = io::Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let bytes = this.bytes;
        let result = this
            .source
            .poll(Interest::Write, &mut this.place, cx, |descriptor| {
                send(descriptor, bytes).map(Attempt::of)
            });
        log(this.source, "send", "sent", &result);
        result
    }
}

impl Drop for Send<'_> {
    fn drop(&mut self) {
        self.source.leave(Interest::Write, &mut self.place);
    }
}

/// The future of [`Connection::send_all`](super::Connection::send_all).
///
/// When it is dropped, what was sent stays sent: [`sent`](Self::sent) bytes. To send part of a message and then another one
/// tears the stream, so close the connection unless that count is 0 or all.
#[must_use = "futures do nothing unless polled"]
pub struct SendAll<'a> {
    source: &'a Source,
    bytes: &'a [u8],
    sent: usize,
    place: Place,
}

impl<'a> SendAll<'a> {
    pub(super) fn new(source: &'a Source, bytes: &'a [u8]) -> Self {
        let place = Place::default();
        Self {
            source,
            bytes,
            sent: 0,
            place,
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
        let result = this
            .source
            .poll(Interest::Write, &mut this.place, cx, |descriptor| {
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
        log(this.source, "send", "sent", &result);
        result.map_ok(drop)
    }
}

impl Drop for SendAll<'_> {
    fn drop(&mut self) {
        self.source.leave(Interest::Write, &mut self.place);
    }
}

/// A peer that is gone is the error `EPIPE`, not a signal.
fn send(descriptor: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(descriptor, bytes, SendFlags::NOSIGNAL)?)
}

/// Writes down how a poll ended, inside the span of its task.
#[inline]
pub(super) fn log(
    source: &Source,
    waits_to: &'static str,
    done: &'static str,
    result: &Poll<io::Result<usize>>,
) {
    let fd = source.number();
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
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Send<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("bytes", &self.bytes.len())
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SendAll<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("bytes", &self.bytes.len())
            .field("sent", &self.sent)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
