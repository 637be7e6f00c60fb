//! Channels for one thread, without atomics, with the same interface: messages need not be [`Send`].
//!
//! ```
//! use std::rc::Rc;
//!
//! # sync_prims::blocking::block_on(async {
//! let (sender, receiver) = channel::local::bounded(1);
//! sender.send(Rc::new(7)).await?;
//! assert_eq!(*receiver.recv().await.unwrap(), 7);
//! # Ok::<(), channel::SendError<Rc<i32>>>(())
//! # }).unwrap();
//! ```

use crate::exchange::Local;
use crate::handle;

/// The sending side. See [`Sender`](crate::Sender).
pub type Sender<T> = crate::Sender<T, Local<T>>;
/// The receiving side. See [`Receiver`](crate::Receiver).
pub type Receiver<T> = crate::Receiver<T, Local<T>>;

/// A channel that holds up to `capacity` messages. See [`bounded`](crate::bounded).
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    handle::channel(capacity)
}

/// A channel that holds nothing. See [`rendezvous`](crate::rendezvous).
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    handle::channel(0)
}

/// A channel that holds any number of messages. See [`unbounded`](crate::unbounded).
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    handle::channel(usize::MAX)
}

/// A channel whose sends do not wait when a receiver does. See [`eager`](crate::eager).
pub fn eager<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    handle::eager(capacity)
}
