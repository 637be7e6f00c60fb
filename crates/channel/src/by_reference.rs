//! [`Channel`]: a channel in place, used by reference.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use sync_prims::raw::Lock;

#[cfg(feature = "std")]
use crate::blocking;
#[cfg(feature = "std")]
use crate::error::RecvError;
use crate::error::{ReserveError, SendError, TryRecvError, TrySendError};
use crate::exchange::{
    Array, End, Exchange, Inline, Permit, ReadyFuture, RecvFuture, RecvManyFuture, ReserveFuture,
    SendFromFuture, SendFuture, SendManyFuture, State, UntilFuture,
};

/// A channel of `N` messages that stand in it: nothing is allocated, and any thread that borrows it may send and receive.
///
/// `N` = 0 is a rendezvous. It has no handles, so it is open until [`close`](Channel::close) is called. What is
/// in it when it goes out of scope is dropped with it.
///
/// ```
/// use channel::Channel;
///
/// static NUMBERS: Channel<u32, 4> = Channel::new();
///
/// std::thread::scope(|threads| {
///     threads.spawn(|| NUMBERS.send_blocking(7));
///     threads.spawn(|| assert_eq!(NUMBERS.recv_blocking(), Ok(7)));
/// });
/// ```
pub struct Channel<T, const N: usize> {
    exchange: Exchange<Inline<T, N>>,
}

impl<T, const N: usize> Channel<T, N> {
    /// An open, empty channel.
    #[cfg(not(loom))]
    pub const fn new() -> Channel<T, N> {
        Channel {
            exchange: Exchange::new(Lock::new(State::new(Array::new()))),
        }
    }

    /// An open, empty channel.
    #[cfg(loom)]
    pub fn new() -> Channel<T, N> {
        Channel {
            exchange: Exchange::new(Lock::new(State::new(Array::new()))),
        }
    }

    /// See [`Sender::send`](crate::Sender::send).
    pub fn send(&self, value: T) -> SendFuture<'_, Inline<T, N>> {
        SendFuture::new(&self.exchange, value)
    }

    /// See [`Sender::try_send`](crate::Sender::try_send).
    ///
    /// # Errors
    ///
    /// There is no place, or the channel is closed; the message is handed back.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.exchange.try_send(value)
    }

    /// See [`Sender::force_send`](crate::Sender::force_send).
    ///
    /// # Errors
    ///
    /// The channel is closed; the message is handed back.
    pub fn force_send(&self, value: T) -> Result<Option<T>, SendError<T>> {
        self.exchange.force_send(value)
    }

    /// See [`Sender::send_many`](crate::Sender::send_many).
    pub fn send_many<'c>(&'c self, from: &'c mut VecDeque<T>) -> SendManyFuture<'c, Inline<T, N>> {
        SendManyFuture::new(&self.exchange, from)
    }

    /// See [`Sender::reserve_many`](crate::Sender::reserve_many).
    pub fn reserve_many(&self, places: usize) -> ReserveFuture<'_, Inline<T, N>> {
        ReserveFuture::new(&self.exchange, places)
    }

    /// See [`Sender::try_reserve_many`](crate::Sender::try_reserve_many).
    ///
    /// # Errors
    ///
    /// There are fewer places now, or for good.
    pub fn try_reserve_many(
        &self,
        places: usize,
    ) -> Result<Permit<'_, Inline<T, N>>, ReserveError> {
        self.exchange.try_reserve(places)
    }

    /// See [`Receiver::recv`](crate::Receiver::recv).
    pub fn recv(&self) -> RecvFuture<'_, Inline<T, N>> {
        RecvFuture::new(&self.exchange)
    }

    /// See [`Receiver::try_recv`](crate::Receiver::try_recv).
    ///
    /// # Errors
    ///
    /// There is no message now, or for good.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.exchange.try_recv()
    }

    /// See [`Receiver::recv_many`](crate::Receiver::recv_many).
    pub fn recv_many<'c>(
        &'c self,
        into: &'c mut Vec<T>,
        limit: usize,
    ) -> RecvManyFuture<'c, Inline<T, N>> {
        RecvManyFuture::new(&self.exchange, into, limit)
    }

    /// See [`Sender::send_from`](crate::Sender::send_from).
    pub fn send_from<'c>(&'c self, from: &'c mut Option<T>) -> SendFromFuture<'c, Inline<T, N>> {
        SendFromFuture::new(&self.exchange, from)
    }

    /// See [`Receiver::ready`](crate::Receiver::ready).
    pub fn ready(&self) -> ReadyFuture<'_, Inline<T, N>> {
        ReadyFuture::new(&self.exchange)
    }

    /// See [`Receiver::drain`](crate::Receiver::drain).
    pub fn drain(&self) -> Vec<T> {
        self.exchange.drain()
    }

    /// Sends a message; the thread sleeps until there is a place.
    ///
    /// # Errors
    ///
    /// The channel is closed; the message is handed back.
    #[cfg(feature = "std")]
    pub fn send_blocking(&self, value: T) -> Result<(), SendError<T>> {
        blocking::until_ready(self.send(value))
    }

    /// Receives the oldest message; the thread sleeps until there is one.
    ///
    /// # Errors
    ///
    /// The channel is closed, and all of its messages were received.
    #[cfg(feature = "std")]
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        blocking::until_ready(self.recv())
    }

    /// See [`Sender::close`](crate::Sender::close).
    pub fn close(&self) -> bool {
        self.exchange.close()
    }

    /// See [`Sender::close_and_drain`](crate::Sender::close_and_drain).
    pub fn close_and_drain(&self) -> UntilFuture<'_, Inline<T, N>> {
        self.close();
        UntilFuture::new(&self.exchange, End::Complete)
    }

    /// See [`Sender::closed`](crate::Sender::closed).
    pub fn closed(&self) -> UntilFuture<'_, Inline<T, N>> {
        UntilFuture::new(&self.exchange, End::Closed)
    }

    /// Whether no message may enter any more.
    pub fn is_closed(&self) -> bool {
        self.exchange.is_closed()
    }

    /// Whether it is closed and all of its messages were received.
    pub fn is_complete(&self) -> bool {
        self.exchange.is_complete()
    }

    /// How many messages are in it.
    pub fn len(&self) -> usize {
        self.exchange.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `N`.
    pub const fn capacity(&self) -> usize {
        N
    }
}

impl<T, const N: usize> Default for Channel<T, N> {
    fn default() -> Channel<T, N> {
        Channel::new()
    }
}

impl<T, const N: usize> fmt::Debug for Channel<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.fmt(f)
    }
}
