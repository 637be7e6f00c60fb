//! What can go wrong. A send that fails hands its message back.

use core::fmt;

use thiserror::Error;

/// The channel is closed; the message is handed back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("the channel is closed: nothing can be sent any more")]
pub struct SendError<T>(pub T);

/// A message could not be sent at once; it is handed back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
pub enum TrySendError<T> {
    /// There is no place now, or (capacity 0) no way to know that a receiver will take it: wait with `send`.
    #[error("the channel is full: wait with `send`, or drop the message")]
    Full(T),
    /// Nothing can be sent any more.
    #[error("the channel is closed: nothing can be sent any more")]
    Closed(T),
}

/// A message could not be sent in time; it is handed back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
pub enum SendTimeoutError<T> {
    /// There was no place until the deadline.
    #[error("the channel was full until the deadline")]
    Timeout(T),
    /// Nothing can be sent any more.
    #[error("the channel is closed: nothing can be sent any more")]
    Closed(T),
}

/// The channel was closed before all was sent; what was not is where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the channel is closed: {sent} messages were sent before")]
pub struct SendManyError {
    /// How many were sent.
    pub sent: usize,
}

/// No place can be reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReserveError {
    /// Nothing can be sent any more.
    #[error("the channel is closed: nothing can be sent any more")]
    Closed,
    /// There will never be so many places at the same time. A channel of capacity 0 has none at all: use `send`.
    #[error(
        "{wanted} places in a channel of capacity {capacity} can never be had: ask for fewer, or use `send`"
    )]
    TooMany {
        /// How many were asked for.
        wanted: usize,
        /// How many the channel has.
        capacity: usize,
    },
    /// There are not so many now. Only from the `try_` forms.
    #[error("the channel is full: wait with `reserve`")]
    Full,
}

/// The channel is closed and all of its messages were received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the channel is closed, and all of its messages were received")]
pub struct RecvError;

/// There is nothing to receive at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TryRecvError {
    /// Nothing now; there may be later.
    #[error("the channel is empty: wait with `recv`")]
    Empty,
    /// Nothing for good.
    #[error("the channel is closed, and all of its messages were received")]
    Closed,
}

/// Nothing was received in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecvTimeoutError {
    /// Nothing came until the deadline.
    #[error("the channel was empty until the deadline")]
    Timeout,
    /// Nothing will come for good.
    #[error("the channel is closed, and all of its messages were received")]
    Closed,
}

impl<T> SendError<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TrySendError<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(value) | TrySendError::Closed(value) => value,
        }
    }
}

impl<T> SendTimeoutError<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        match self {
            SendTimeoutError::Timeout(value) | SendTimeoutError::Closed(value) => value,
        }
    }
}

// Messages need not be printable for a failed send to be.

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "Timeout(..)",
            SendTimeoutError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(error: SendError<T>) -> SendTimeoutError<T> {
        SendTimeoutError::Closed(error.0)
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(_: RecvError) -> RecvTimeoutError {
        RecvTimeoutError::Closed
    }
}
