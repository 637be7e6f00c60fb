//! Channels that lose nothing when a future is dropped, under any runtime.
//!
//! ```
//! # sync_prims::blocking::block_on(async {
//! let (sender, receiver) = channel::bounded(16);
//! sender.send("hello").await?;
//! drop(sender);
//! assert_eq!(receiver.recv().await, Ok("hello"));
//! assert_eq!(receiver.recv().await, Err(channel::RecvError));
//! # Ok::<(), channel::SendError<&str>>(())
//! # }).unwrap();
//! ```
//!
//! # Which one
//!
//! | | holds | a send is done when |
//! |---|---|---|
//! | [`rendezvous`] | nothing | a receiver has the message |
//! | [`bounded`]`(n)` | up to `n` messages | the message has a place |
//! | [`eager`]`(n)` | up to `n`, and one for each receiver that waited | it has a place, or a receiver waits |
//! | [`unbounded`] | as many as memory does | at once |
//! | [`Channel`]`<T, N>` | up to `N`, in itself: used by reference, no allocation | as above |
//! | [`oneshot`] | one message, ever | at once |
//! | [`broadcast`] | up to `n` messages, each for all receivers | it is kept for them |
//! | [`watch`] | the latest value | at once |
//!
//! [`local`] has the same for one thread, without atomics, for messages that are not [`Send`].
//!
//! # What holds for all
//!
//! - **No message is lost by a dropped future.** A message is with its sender, in the channel, or returned: never with a
//!   receive that still waits.
//! - **Two phases of the end.** After [`close`](Sender::close) nothing enters; what is buffered can be received. When that
//!   is done, the channel is *complete*, and receives say so.
//! - **First come, first served.** Messages are received in the order they were sent; senders that wait get their places in
//!   the order they came.
//! - **No foreign code under the lock**, no spinning in a poll, no allocation for a wait.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `std` | yes | the blocking and timed forms, for plain threads; without it the crate needs `alloc` only |
//! | `futures` | | receivers as streams, senders as sinks: `Receiver::into_stream`, `Sender::into_sink` |
//!
//! A feature adds API and never changes what the rest does.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(loom, shuttle))))]

extern crate alloc;

#[cfg(feature = "std")]
mod blocking;
pub mod broadcast;
mod by_reference;
mod error;
mod exchange;
mod handle;
pub mod local;
pub mod oneshot;
pub mod select;
#[cfg(all(test, shuttle, not(loom)))]
mod shuttle_tests;
mod sync;
mod wait;
pub mod watch;

pub use by_reference::Channel;
pub use error::{
    RecvError, RecvTimeoutError, ReserveError, SendError, SendManyError, SendTimeoutError,
    TryRecvError, TrySendError,
};
#[cfg(feature = "std")]
pub use handle::{IntoIter, Iter};
pub use handle::{OwnedPermit, Receiver, Sender, TryIter, WeakReceiver, WeakSender};
#[cfg(feature = "futures")]
pub use handle::{RecvStream, SendSink, SinkError};

/// The futures, and the forms of channel they are for.
pub mod future {
    pub use crate::exchange::{
        Form, Inline, Local, Permit, ReadyFuture, RecvBefore, RecvFuture, RecvManyFuture,
        ReserveFuture, Resizable, SendBefore, SendFromFuture, SendFuture, SendManyFuture, Shared,
        UntilFuture,
    };
    pub use crate::handle::Counted;
}

/// A channel that holds up to `capacity` messages. With 0, it is a [`rendezvous`].
///
/// Memory is made as messages come, and kept for up to 1024 of them.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    handle::channel(capacity)
}

/// A channel that holds nothing: a send is done when a receiver has the message.
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    handle::channel(0)
}

/// A channel that holds any number of messages: a send never waits.
///
/// Memory beyond that for 1024 messages is given back as they are received.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    handle::channel(usize::MAX)
}

/// A channel whose sends do not wait when a receiver does: faster than [`bounded`] where capacities are small, and a weaker
/// promise.
///
/// A send is done when there is a place, *or when a receiver waits*: the message then stands in the channel for that receiver,
/// beyond the capacity if need be. Nothing is lost by that: if the receiver is dropped before it has looked, the next one finds
/// the message. But with capacity 0, `Ok` means that a receiver was waiting, not that it has the message, and
/// [`len`](Sender::len) may exceed the capacity by as many as there are receivers.
pub fn eager<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    handle::eager(capacity)
}

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
