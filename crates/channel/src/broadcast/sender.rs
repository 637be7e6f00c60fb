//! [`Sender`].

use alloc::sync::Arc;
use core::fmt;

#[cfg(feature = "std")]
use super::SendError;
use super::send::Offer;
use super::state::Refused;
use super::{Overflow, Receiver, Send, Shared, TrySendError};

/// The side of a [`broadcast`](super) channel that sends.
///
/// Any number of handles may exist; when the last one goes, the channel is closed.
pub struct Sender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Takes over one count of a sender.
    pub(super) fn new(shared: Arc<Shared<T>>) -> Sender<T> {
        Sender { shared }
    }

    /// Sends a message to all receivers there are; how many. With [`Overflow::Wait`] it waits for room.
    ///
    /// Senders that wait get their room in the order they came. Dropping the future takes the message back, unless it was
    /// sent already: see [`Send`].
    ///
    /// # Errors
    ///
    /// The channel is closed, or there is no receiver; the message is handed back.
    #[inline]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send::new(&self.shared, message)
    }

    /// Sends a message to all receivers there are; how many. It never waits.
    ///
    /// # Errors
    ///
    /// There is no room (only with [`Overflow::Wait`]), the channel is closed, or there is no receiver; the message is handed
    /// back.
    #[inline]
    pub fn try_send(&self, message: T) -> Result<usize, TrySendError<T>> {
        let mut offer = Offer::new(message);
        self.shared.put(&mut offer).map_err(|refused| {
            let message = offer.take_back();
            match refused {
                Refused::Full => TrySendError::Full(message),
                Refused::Closed => TrySendError::Closed(message),
                Refused::NoReceivers => TrySendError::NoReceivers(message),
            }
        })
    }

    /// Sends a message to all receivers there are; how many. The thread sleeps until there is room.
    ///
    /// # Errors
    ///
    /// The channel is closed, or there is no receiver; the message is handed back.
    #[cfg(feature = "std")]
    pub fn send_blocking(&self, message: T) -> Result<usize, SendError<T>> {
        sync_prims::blocking::block_on(self.send(message))
    }

    /// One more receiver, for what is sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribe(&self.shared)
    }

    /// Closes the channel: no message may enter any more, and what is kept can still be received. `false` if it was closed
    /// before.
    ///
    /// Senders that wait get their messages back.
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether no message may enter any more.
    pub fn is_closed(&self) -> bool {
        !self.shared.lock().open
    }

    /// How many messages are kept, for the slowest receiver.
    pub fn len(&self) -> usize {
        self.shared.lock().len()
    }

    /// Whether all receivers have come to all messages.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages may be kept.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// What a send does when that many are.
    pub fn overflow(&self) -> Overflow {
        self.shared.overflow
    }

    /// How many handles of this side there are.
    pub fn sender_count(&self) -> usize {
        self.shared.lock().senders
    }

    /// How many handles of the other side there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.lock().receivers
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.lock().senders += 1;
        Sender::new(self.shared.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.senders -= 1;
        if state.senders == 0 && state.close() {
            self.shared.settle(state);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.shared).finish()
    }
}

/// A [`Sender`] that does not keep its channel open.
pub struct WeakSender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, unless the last one is gone.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let mut state = self.shared.lock();
        if state.senders == 0 {
            return None;
        }
        state.senders += 1;
        drop(state);
        Some(Sender::new(self.shared.clone()))
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender {
            shared: self.shared.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
