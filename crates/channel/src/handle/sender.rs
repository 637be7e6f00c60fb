//! [`Sender`].

use alloc::collections::VecDeque;
use core::fmt;
use core::future::Future;
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

use super::count::{Counted, HandleCount};
use super::permit::OwnedPermit;
use super::weak::WeakSender;
#[cfg(feature = "std")]
use crate::blocking;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{ReserveError, SendError, SendManyError, TrySendError};
use crate::exchange::{
    End, Permit, ReserveFuture, Resizable, SendBefore, SendFromFuture, SendFuture, SendManyFuture,
    Shared, UntilFuture,
};

/// The sending side of a channel.
///
/// Any number of handles may exist; when the last one goes, the channel is closed: what is buffered can still be received.
///
/// ```
/// use channel::TrySendError;
///
/// let (sender, receiver) = channel::bounded(1);
/// sender.try_send("first").unwrap();
/// // What was not sent comes back.
/// assert_eq!(sender.try_send("second"), Err(TrySendError::Full("second")));
///
/// sender.close();
/// assert_eq!(sender.try_send("third"), Err(TrySendError::Closed("third")));
/// assert_eq!(receiver.try_recv(), Ok("first"));
/// ```
pub struct Sender<T, F: Counted<Item = T> = Shared<T>> {
    pub(super) inner: F::Pointer,
}

impl<T, F: Counted<Item = T>> Sender<T, F> {
    /// Takes over one count of a sender.
    pub(super) fn new(inner: F::Pointer) -> Sender<T, F> {
        Sender { inner }
    }

    /// Sends a message, and waits for a place if there is none; with capacity 0, until a receiver has taken it.
    ///
    /// Messages of one sender are received in the order they were sent, and senders that wait get their places in the order
    /// they came. Dropping the future takes the message back if it still is with the sender: see [`SendFuture`].
    ///
    /// # Errors
    ///
    /// The channel is closed; the message is handed back.
    #[inline]
    pub fn send(&self, value: T) -> SendFuture<'_, F> {
        SendFuture::new(&self.inner.exchange, value)
    }

    /// Sends the message out of an option; it stays there if it is not sent, be it that the channel is closed or that the
    /// future is dropped.
    ///
    /// # Errors
    ///
    /// The channel is closed; the message is in the option.
    ///
    /// # Panics
    ///
    /// The future does, if there is no message in the option.
    pub fn send_from<'s>(&'s self, from: &'s mut Option<T>) -> SendFromFuture<'s, F> {
        SendFromFuture::new(&self.inner.exchange, from)
    }

    /// Sends a message before a future ends: a timer of any runtime, for instance.
    ///
    /// Dropping the future is as dropping that of [`send`](Sender::send).
    ///
    /// # Errors
    ///
    /// There was no place in time, or the channel is closed; the message is handed back.
    pub fn send_before<D: Future>(&self, value: T, deadline: D) -> SendBefore<'_, F, D> {
        SendBefore::new(&self.inner.exchange, value, deadline)
    }

    /// Sends a message if that needs no wait. With capacity 0 it always does: only a receiver that has taken the message
    /// makes a send true.
    ///
    /// # Errors
    ///
    /// There is no place, or the channel is closed; the message is handed back.
    #[inline(always)]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.inner.exchange.try_send(value)
    }

    /// Sends a message at once: if there is no place, it pushes the oldest message out, which is handed back. With capacity
    /// 0, that is the message itself.
    ///
    /// # Errors
    ///
    /// The channel is closed; the message is handed back.
    pub fn force_send(&self, value: T) -> Result<Option<T>, SendError<T>> {
        self.inner.exchange.force_send(value)
    }

    /// Sends all messages of a queue, in order, as many at a time as there are places; how many.
    ///
    /// They leave the queue as they are sent. Dropping the future leaves the rest there.
    ///
    /// # Errors
    ///
    /// The channel was closed; what was not sent is in the queue.
    pub fn send_many<'s>(&'s self, from: &'s mut VecDeque<T>) -> SendManyFuture<'s, F> {
        SendManyFuture::new(&self.inner.exchange, from)
    }

    /// Sends as many messages of a queue as there are places for; how many.
    ///
    /// # Errors
    ///
    /// The channel is closed.
    pub fn try_send_many(&self, from: &mut VecDeque<T>) -> Result<usize, SendManyError> {
        let mut sent = 0;
        if self.inner.exchange.put_many(from, &mut sent) {
            Ok(sent)
        } else {
            Err(SendManyError { sent })
        }
    }

    /// Waits for a place, and keeps it for a message to come.
    ///
    /// # Errors
    ///
    /// The channel is closed, or has no places at all (capacity 0).
    pub fn reserve(&self) -> ReserveFuture<'_, F> {
        self.reserve_many(1)
    }

    /// Waits for so many places at once. Who asks for many is not overtaken by who asks for few.
    ///
    /// # Errors
    ///
    /// The channel is closed, or can never have so many places.
    pub fn reserve_many(&self, places: usize) -> ReserveFuture<'_, F> {
        ReserveFuture::new(&self.inner.exchange, places)
    }

    /// Takes a place if there is one.
    ///
    /// # Errors
    ///
    /// There is none now, or for good.
    pub fn try_reserve(&self) -> Result<Permit<'_, F>, ReserveError> {
        self.inner.exchange.try_reserve(1)
    }

    /// Takes so many places if there are.
    ///
    /// # Errors
    ///
    /// There are fewer now, or for good.
    pub fn try_reserve_many(&self, places: usize) -> Result<Permit<'_, F>, ReserveError> {
        self.inner.exchange.try_reserve(places)
    }

    /// Waits for a place that keeps the sender with it, so that it can go anywhere.
    ///
    /// Dropping the future drops the sender.
    ///
    /// # Errors
    ///
    /// The channel is closed, or has no places at all (capacity 0).
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T, F>, ReserveError> {
        let places = self.reserve().await?.into_places();
        Ok(OwnedPermit::new(self, places))
    }

    /// Takes a place that keeps the sender with it, if there is one.
    ///
    /// # Errors
    ///
    /// There is none now, or for good; the sender is handed back.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T, F>, (ReserveError, Sender<T, F>)> {
        let places = self.try_reserve().map(Permit::into_places);
        match places {
            Ok(places) => Ok(OwnedPermit::new(self, places)),
            Err(error) => Err((error, self)),
        }
    }

    /// Closes the channel: no message may enter any more, and what is buffered can still be received. `false` if it was
    /// closed before.
    ///
    /// Senders that wait get their messages back.
    pub fn close(&self) -> bool {
        self.inner.exchange.close()
    }

    /// Closes the channel and waits until all of its messages were received.
    ///
    /// It is closed when this returns. Dropping the future ends the wait, and leaves it closed.
    pub fn close_and_drain(&self) -> UntilFuture<'_, F> {
        self.close();
        UntilFuture::new(&self.inner.exchange, End::Complete)
    }

    /// Waits until the channel is closed: by hand, or because all receivers are gone.
    pub fn closed(&self) -> UntilFuture<'_, F> {
        UntilFuture::new(&self.inner.exchange, End::Closed)
    }

    /// Whether no message may enter any more.
    pub fn is_closed(&self) -> bool {
        self.inner.exchange.is_closed()
    }

    /// Whether it is closed and all of its messages were received.
    pub fn is_complete(&self) -> bool {
        self.inner.exchange.is_complete()
    }

    /// How many messages are buffered.
    pub fn len(&self) -> usize {
        self.inner.exchange.len()
    }

    /// Whether nothing is buffered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages may be buffered; [`usize::MAX`] if there is no limit.
    pub fn capacity(&self) -> usize {
        self.inner.exchange.capacity()
    }

    /// Changes how many messages may be buffered; [`usize::MAX`] is no limit, and 0 a rendezvous.
    ///
    /// Senders that wait move up if there is room now. Messages that are too many stay until they are received. Who waits for
    /// more places than there will ever be is told so.
    pub fn set_capacity(&self, capacity: usize)
    where
        F::Buffer: Resizable,
    {
        self.inner.exchange.set_capacity(capacity);
    }

    /// How many handles of this side there are.
    pub fn sender_count(&self) -> usize {
        self.inner.senders.get()
    }

    /// How many handles of the other side there are.
    pub fn receiver_count(&self) -> usize {
        self.inner.receivers.get()
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Sender<T, F>) -> bool {
        core::ptr::eq(&raw const *self.inner, &raw const *other.inner)
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T, F> {
        WeakSender::new(self.inner.clone())
    }
}

#[cfg(feature = "std")]
impl<T> Sender<T> {
    /// Sends a message; the thread sleeps until there is a place.
    ///
    /// # Errors
    ///
    /// The channel is closed; the message is handed back.
    pub fn send_blocking(&self, value: T) -> Result<(), SendError<T>> {
        // A thread that need not wait makes no waker, which would count a reference to it.
        match self.try_send(value) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(value)) => Err(SendError(value)),
            Err(TrySendError::Full(value)) => blocking::until_ready(self.send(value)),
        }
    }

    /// Sends a message; the thread sleeps for at most so long until there is a place.
    ///
    /// # Errors
    ///
    /// There was no place in time, or the channel is closed; the message is handed back.
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        // A time that the clock cannot express never comes.
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.send_deadline(value, deadline),
            None => Ok(self.send_blocking(value)?),
        }
    }

    /// Sends a message; the thread sleeps at most until the deadline for a place.
    ///
    /// # Errors
    ///
    /// There was no place in time, or the channel is closed; the message is handed back.
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        let mut send = core::pin::pin!(self.send(value));
        match blocking::until(send.as_mut(), deadline) {
            Some(sent) => Ok(sent?),
            None => match send.cancel() {
                Some(value) => Err(SendTimeoutError::Timeout(value)),
                None => Ok(()),
            },
        }
    }
}

impl<T, F: Counted<Item = T>> Clone for Sender<T, F> {
    fn clone(&self) -> Sender<T, F> {
        self.inner.senders.add();
        Sender::new(self.inner.clone())
    }
}

impl<T, F: Counted<Item = T>> Drop for Sender<T, F> {
    fn drop(&mut self) {
        if self.inner.senders.remove() {
            self.inner.exchange.close();
        }
    }
}

impl<T, F: Counted<Item = T>> fmt::Debug for Sender<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.inner.exchange).finish()
    }
}
