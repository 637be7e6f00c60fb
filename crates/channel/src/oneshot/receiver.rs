//! [`Receiver`].

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

use super::Half;
use super::raw::{Seen, Side};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};

/// The side of a [`oneshot`](super) channel that receives the message, and the future of it.
///
/// Await it, or `&mut` it: a receive that is dropped by reference takes nothing, and the next one has the message. Dropping
/// the receiver itself drops the message with it, or lets a sender that has not sent yet know.
///
/// As a future it ends with [`RecvError`] if the sender was dropped without a message. Polled again when it was ready,
/// it says so, too.
#[must_use = "futures do nothing unless polled"]
pub struct Receiver<T> {
    /// Not there any more when there is nothing to wait for.
    half: Option<Half<T>>,
}

impl<T> Receiver<T> {
    pub(super) fn new(half: Half<T>) -> Receiver<T> {
        Receiver { half: Some(half) }
    }

    /// Takes the message if it is there.
    ///
    /// # Errors
    ///
    /// It is not there yet, or will never be.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match &self.half {
            None => Err(TryRecvError::Closed),
            Some(half) => match half.link().look() {
                seen if seen.is_ended() => self.take(seen).ok_or(TryRecvError::Closed),
                _ => Err(TryRecvError::Empty),
            },
        }
    }

    /// Closes the channel: a message that comes from now on goes back to its sender, and one that was sent before can still
    /// be received. `false` if nothing could come any more before.
    pub fn close(&mut self) -> bool {
        let Some(half) = self.half.take() else {
            return false;
        };
        let ended = half.end(Side::Receiver, false);
        self.half = ended.err().map(|(half, _)| half);
        self.half.is_none()
    }

    /// Whether there is no message to take at this moment.
    pub fn is_empty(&self) -> bool {
        !self
            .half
            .as_ref()
            .is_some_and(|half| half.link().look().is_sent())
    }

    /// Whether nothing will come any more, except for a message that is there already: the channel was closed, or the
    /// sender has done its last.
    pub fn is_closed(&self) -> bool {
        self.half
            .as_ref()
            .is_none_or(|half| half.link().look().is_ended())
    }

    /// Receives the message; the thread sleeps until it is there.
    ///
    /// # Errors
    ///
    /// The sender was dropped without a message, or there is nothing any more to receive.
    #[cfg(feature = "std")]
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        sync_prims::blocking::block_on(self)
    }

    /// Receives the message; the thread sleeps for at most so long until it is there.
    ///
    /// # Errors
    ///
    /// The message did not come in time, or will never come.
    #[cfg(feature = "std")]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let received = sync_prims::blocking::block_on_timeout(self, timeout);
        Ok(received.ok_or(RecvTimeoutError::Timeout)??)
    }

    /// Receives the message; the thread sleeps at most until the deadline for it.
    ///
    /// # Errors
    ///
    /// The message did not come in time, or will never come.
    #[cfg(feature = "std")]
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        let received = sync_prims::blocking::block_on_deadline(self, deadline);
        Ok(received.ok_or(RecvTimeoutError::Timeout)??)
    }

    /// Takes the message, if that is how the channel ended, and leaves.
    #[inline]
    fn take(&mut self, seen: Seen) -> Option<T> {
        let half = self.half.take()?;
        // SAFETY: the sender has ended with a message, which is the receiver's; the half goes, so this is done once.
        let message = seen.is_sent().then(|| unsafe { half.read() });
        half.leave(Side::Receiver, seen);
        message
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(half) = &self.half else {
            return Poll::Ready(Err(RecvError));
        };
        half.link()
            .poll_ended(Side::Receiver, cx)
            .map(|seen| self.take(seen).ok_or(RecvError))
    }
}

impl<T> Drop for Receiver<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(half) = self.half.take()
            && let Err((half, seen)) = half.end(Side::Receiver, false)
        {
            self.half = Some(half);
            drop(self.take(seen));
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("is_empty", &self.is_empty())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
