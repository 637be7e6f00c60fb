//! [`Receiver`].

use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

use super::count::{Counted, HandleCount};
#[cfg(feature = "std")]
use super::iter::Iter;
use super::iter::TryIter;
use super::weak::WeakReceiver;
#[cfg(feature = "std")]
use crate::blocking;
use crate::error::TryRecvError;
#[cfg(feature = "std")]
use crate::error::{RecvError, RecvTimeoutError};
use crate::exchange::{
    End, ReadyFuture, RecvBefore, RecvFuture, RecvManyFuture, Resizable, Shared, UntilFuture,
};

/// The receiving side of a channel.
///
/// Any number of handles may exist, and each message goes to one of them; when the last one goes, the channel is closed and
/// what is buffered is dropped.
///
/// ```
/// use channel::{RecvError, TryRecvError};
///
/// # sync_prims::blocking::block_on(async {
/// let (sender, receiver) = channel::unbounded();
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// sender.try_send(1).unwrap();
/// sender.try_send(2).unwrap();
/// drop(sender);
/// // What was sent before the end can still be received.
/// assert_eq!(receiver.recv().await, Ok(1));
/// assert_eq!(receiver.recv().await, Ok(2));
/// assert_eq!(receiver.recv().await, Err(RecvError));
/// # });
/// ```
pub struct Receiver<T, F: Counted<Item = T> = Shared<T>> {
    pub(super) inner: F::Pointer,
}

impl<T, F: Counted<Item = T>> Receiver<T, F> {
    /// Takes over one count of a receiver.
    pub(super) fn new(inner: F::Pointer) -> Receiver<T, F> {
        Receiver { inner }
    }

    /// Receives the oldest message, and waits for one if there is none.
    ///
    /// Dropping the future loses no message: see [`RecvFuture`].
    ///
    /// # Errors
    ///
    /// The channel is closed, and all of its messages were received.
    #[inline]
    pub fn recv(&self) -> RecvFuture<'_, F> {
        RecvFuture::new(&self.inner.exchange)
    }

    /// Receives the oldest message before a future ends: a timer of any runtime, for instance.
    ///
    /// Dropping the future loses no message.
    ///
    /// # Errors
    ///
    /// Nothing came in time, or nothing will ever come.
    pub fn recv_before<D: Future>(&self, deadline: D) -> RecvBefore<'_, F, D> {
        RecvBefore::new(&self.inner.exchange, deadline)
    }

    /// Waits until there is something to receive, and takes nothing; `false`: nothing will ever be.
    ///
    /// Another receiver may be faster than what follows. Dropping the future has no effect.
    pub fn ready(&self) -> ReadyFuture<'_, F> {
        ReadyFuture::new(&self.inner.exchange)
    }

    /// Receives the oldest message if there is one. With capacity 0, that is the message of a sender that waits.
    ///
    /// # Errors
    ///
    /// There is none now, or for good.
    #[inline(always)]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.inner.exchange.try_recv()
    }

    /// Receives up to `limit` messages behind what is in the vector, and waits if there is none; how many. It is 0 only if
    /// `limit` is.
    ///
    /// Dropping the future loses no message.
    ///
    /// # Errors
    ///
    /// The channel is closed, and all of its messages were received.
    pub fn recv_many<'r>(&'r self, into: &'r mut Vec<T>, limit: usize) -> RecvManyFuture<'r, F> {
        RecvManyFuture::new(&self.inner.exchange, into, limit)
    }

    /// Receives up to `limit` messages that are there, behind what is in the vector; how many.
    ///
    /// # Errors
    ///
    /// There is none now, or for good.
    pub fn try_recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, TryRecvError> {
        self.inner.exchange.try_take_many(into, limit)
    }

    /// Takes all messages that are buffered now, in order.
    ///
    /// What senders that wait have to offer moves up behind them, and is not among them.
    ///
    /// ```
    /// let (sender, receiver) = channel::bounded(8);
    /// (0..3).for_each(|number| sender.try_send(number).unwrap());
    /// assert_eq!(receiver.drain(), [0, 1, 2]);
    /// ```
    pub fn drain(&self) -> Vec<T> {
        self.inner.exchange.drain()
    }

    /// The messages that are there, one after the other, until there is none.
    pub fn try_iter(&self) -> TryIter<'_, T, F> {
        TryIter(self)
    }

    /// Closes the channel: no message may enter any more, and what is buffered can still be received. `false` if it was
    /// closed before.
    ///
    /// Senders that wait get their messages back.
    pub fn close(&self) -> bool {
        self.inner.exchange.close()
    }

    /// Waits until the channel is closed and all of its messages were received, by others.
    pub fn complete(&self) -> UntilFuture<'_, F> {
        UntilFuture::new(&self.inner.exchange, End::Complete)
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

    /// Changes how many messages may be buffered. See [`Sender::set_capacity`](crate::Sender::set_capacity).
    pub fn set_capacity(&self, capacity: usize)
    where
        F::Buffer: Resizable,
    {
        self.inner.exchange.set_capacity(capacity);
    }

    /// How many handles of the other side there are.
    pub fn sender_count(&self) -> usize {
        self.inner.senders.get()
    }

    /// How many handles of this side there are.
    pub fn receiver_count(&self) -> usize {
        self.inner.receivers.get()
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T, F>) -> bool {
        core::ptr::eq(&raw const *self.inner, &raw const *other.inner)
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakReceiver<T, F> {
        WeakReceiver::new(self.inner.clone())
    }
}

#[cfg(feature = "std")]
impl<T> Receiver<T> {
    /// Receives the oldest message; the thread sleeps until there is one.
    ///
    /// # Errors
    ///
    /// The channel is closed, and all of its messages were received.
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        // A thread that need not wait makes no waker, which would count a reference to it.
        match self.try_recv() {
            Ok(message) => Ok(message),
            Err(TryRecvError::Closed) => Err(RecvError),
            Err(TryRecvError::Empty) => blocking::until_ready(self.recv()),
        }
    }

    /// Receives the oldest message; the thread sleeps for at most so long until there is one.
    ///
    /// # Errors
    ///
    /// Nothing came in time, or nothing will ever come.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        // A time that the clock cannot express never comes.
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.recv_deadline(deadline),
            None => Ok(self.recv_blocking()?),
        }
    }

    /// Receives the oldest message; the thread sleeps at most until the deadline for one.
    ///
    /// # Errors
    ///
    /// Nothing came in time, or nothing will ever come.
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        let received = blocking::until(self.recv(), deadline);
        Ok(received.ok_or(RecvTimeoutError::Timeout)??)
    }

    /// The messages, one after the other, until the channel is complete; the thread sleeps while there is none.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }
}

impl<T, F: Counted<Item = T>> Clone for Receiver<T, F> {
    fn clone(&self) -> Receiver<T, F> {
        self.inner.receivers.add();
        Receiver::new(self.inner.clone())
    }
}

impl<T, F: Counted<Item = T>> Drop for Receiver<T, F> {
    fn drop(&mut self) {
        if self.inner.receivers.remove() {
            self.inner.exchange.abandon();
        }
    }
}

impl<T, F: Counted<Item = T>> fmt::Debug for Receiver<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver")
            .field(&self.inner.exchange)
            .finish()
    }
}
