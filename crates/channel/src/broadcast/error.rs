//! What can go wrong. A send that fails hands its message back.

use core::fmt;

use thiserror::Error;

/// A message could not be sent; it is handed back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError<T> {
    /// Nothing can be sent any more.
    #[error("the channel is closed: nothing can be sent any more")]
    Closed(T),
    /// Nobody would receive it now.
    #[error("nobody receives: subscribe a receiver, or drop the message")]
    NoReceivers(T),
}

/// A message could not be sent at once; it is handed back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
pub enum TrySendError<T> {
    /// The slowest receiver has not made room yet. Only with [`Overflow::Wait`](super::Overflow::Wait).
    #[error("the slowest receiver has not made room yet: wait with `send`, or drop the message")]
    Full(T),
    /// Nothing can be sent any more.
    #[error("the channel is closed: nothing can be sent any more")]
    Closed(T),
    /// Nobody would receive it now.
    #[error("nobody receives: subscribe a receiver, or drop the message")]
    NoReceivers(T),
}

/// No message was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecvError {
    /// So many messages were overwritten before this receiver came to them. The next receive has the oldest that is kept.
    #[error(
        "{0} messages were overwritten before they were received: receive again for the oldest that is kept"
    )]
    Lagged(u64),
    /// The channel is closed, and this receiver has had all of its messages.
    #[error("the channel is closed, and all of its messages were received")]
    Closed,
}

/// No message was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TryRecvError {
    /// Nothing now; there may be later.
    #[error("there is no message: wait with `recv`")]
    Empty,
    /// See [`RecvError::Lagged`].
    #[error(
        "{0} messages were overwritten before they were received: receive again for the oldest that is kept"
    )]
    Lagged(u64),
    /// See [`RecvError::Closed`].
    #[error("the channel is closed, and all of its messages were received")]
    Closed,
}

/// No message was received in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecvTimeoutError {
    /// Nothing came until the deadline.
    #[error("there was no message until the deadline")]
    Timeout,
    /// See [`RecvError::Lagged`].
    #[error(
        "{0} messages were overwritten before they were received: receive again for the oldest that is kept"
    )]
    Lagged(u64),
    /// See [`RecvError::Closed`].
    #[error("the channel is closed, and all of its messages were received")]
    Closed,
}

impl<T> SendError<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        match self {
            SendError::Closed(message) | SendError::NoReceivers(message) => message,
        }
    }
}

impl<T> TrySendError<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(message)
            | TrySendError::Closed(message)
            | TrySendError::NoReceivers(message) => message,
        }
    }
}

// Messages need not be printable for a failed send to be.

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Closed(_) => "Closed(..)",
            SendError::NoReceivers(_) => "NoReceivers(..)",
        })
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Closed(_) => "Closed(..)",
            TrySendError::NoReceivers(_) => "NoReceivers(..)",
        })
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(error: RecvError) -> RecvTimeoutError {
        match error {
            RecvError::Lagged(missed) => RecvTimeoutError::Lagged(missed),
            RecvError::Closed => RecvTimeoutError::Closed,
        }
    }
}
