//! [`Sender`].

use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll};

use super::Half;
use super::raw::Side;
use crate::error::SendError;

/// The side of a [`oneshot`](super) channel that sends the message.
///
/// Dropping it without a message lets the receiver know that none will come.
pub struct Sender<T> {
    half: Half<T>,
}

impl<T> Sender<T> {
    pub(super) fn new(half: Half<T>) -> Sender<T> {
        Sender { half }
    }

    /// Sends the message. It never waits.
    ///
    /// That it is `Ok` says that the message is in the channel. The receiver may still be dropped before it takes it.
    ///
    /// # Errors
    ///
    /// The receiver is gone, or has closed the channel; the message is handed back.
    #[inline]
    pub fn send(self, message: T) -> Result<(), SendError<T>> {
        let half = self.into_half();
        // SAFETY: this is the sender, and it ends below.
        unsafe { half.write(message) };
        match half.end(Side::Sender, true) {
            Ok(()) => Ok(()),
            Err((half, seen)) => {
                // SAFETY: it was written above, and as the receiver has ended, it stays the sender's.
                let message = unsafe { half.read() };
                half.leave(Side::Sender, seen);
                Err(SendError(message))
            }
        }
    }

    /// Whether a message cannot be sent any more: the receiver is gone, or has closed the channel.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.half.link().look().is_ended()
    }

    /// Waits until a message cannot be sent any more, which is the moment to give up its making.
    ///
    /// ```
    /// # use channel::oneshot;
    /// # sync_prims::blocking::block_on(async {
    /// let (mut sender, receiver) = oneshot::channel::<u32>();
    /// drop(receiver);
    /// sender.closed().await;
    /// # })
    /// ```
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn closed(&mut self) -> Closed<'_, T> {
        Closed { sender: self }
    }

    /// The same, for futures that are written by hand: the task of the last call is woken.
    #[inline]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.half.link().poll_ended(Side::Sender, cx).map(|_| ())
    }

    #[inline]
    fn into_half(self) -> Half<T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used after, and not dropped.
        unsafe { ptr::read(&this.half) }
    }
}

impl<T> Drop for Sender<T> {
    #[inline]
    fn drop(&mut self) {
        // The half is a pointer; this is its last use.
        if let Err((half, seen)) = Half(self.half.0).end(Side::Sender, false) {
            half.leave(Side::Sender, seen);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// A wait until a message cannot be sent any more. See [`Sender::closed`].
///
/// Dropping it ends the wait. Polled again when it was ready, it is ready again.
#[must_use = "futures do nothing unless polled"]
pub struct Closed<'s, T> {
    sender: &'s mut Sender<T>,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sender.poll_closed(cx)
    }
}

impl<T> Drop for Closed<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // If the receiver has ended, it has the waker, and wakes for nothing.
        drop(self.sender.half.link().take_back(Side::Sender));
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("sender", self.sender)
            .finish()
    }
}
