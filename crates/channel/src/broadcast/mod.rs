//! A channel whose messages go to every receiver.
//!
//! ```
//! use channel::broadcast::{self, Overflow};
//!
//! # sync_prims::blocking::block_on(async {
//! let (sender, mut first) = broadcast::channel(16, Overflow::Lag);
//! let mut second = sender.subscribe();
//! sender.send("hello").await?;
//! assert_eq!(first.recv().await, Ok("hello"));
//! assert_eq!(second.recv().await, Ok("hello"));
//! # Ok::<(), broadcast::SendError<&str>>(())
//! # }).unwrap();
//! ```
//!
//! It keeps up to `capacity` messages until all receivers have had them. What happens when the slowest one is that far
//! behind is chosen when the channel is made: see [`Overflow`].
//!
//! After [`close`](Sender::close), or when the last sender is gone, nothing enters, and what is kept can be received. That
//! all receivers are gone does not close the channel, because a sender can [`subscribe`](Sender::subscribe) new ones: sends
//! hand their messages back until then.
//!
//! # The protocol
//!
//! One short lock protects the ring, the positions and the waiters, and every operation is one transition under it. A
//! message stands in an allocation of its own, with a count of *claims*: it begins as the number of receivers, all of them
//! the slot's. A receiver that comes to the message takes its claim out of the slot under the lock, looks at the message
//! without the lock, and gives the claim up. Whoever gives up the last one frees the message, or has it instead of a clone.
//!
//! | event | under the lock | after it |
//! |---|---|---|
//! | send, there is room | into the slot at `tail`, with as many claims as receivers; release all receivers that wait | wake them |
//! | send, no room, `Lag` | overwrite the oldest: take what claims its slot has; then as above | drop those claims; wake |
//! | send, no room, `Wait` | link behind the senders, with the address of the message | |
//! | receive, there is a message | take a claim; if it was the slot's last, there is room: let the first sender have it | wake; clone; drop the claim |
//! | receive, the position was overwritten | go to the oldest that is kept | say how many were missed |
//! | receive, nothing | link | |
//! | subscribe, clone a receiver | one receiver more, one claim more to each message that it has still to come to | |
//! | drop a receiver | one receiver less; take its claims, a batch at a time | drop them; let senders go on |
//! | close, drop the last sender | closed; release all | wake all, in batches |
//!
//! Races: all are between transitions of one lock, and between claims, whose count is atomic. *Last two claims*: each gives
//! its claim up (release), and the one that finds itself the last one has the message (acquire). *A claim that finds itself
//! alone* before it clones may take the message: claims are only added to slots that have one. *A message looked for without
//! the lock*: a receiver compares its position with a copy of `tail` first; it may be out of date, and is looked at again
//! under the lock.
//!
//! No foreign code runs under the lock: no waker, no clone and no destructor of a message.
//!
//! # Cost
//!
//! A send makes one allocation and takes the lock once, and wakes up to 32 receivers with that. A receive takes the lock once
//! and has one atomic read-modify-write beside it, or none if it is the last one to receive the message.

mod error;
mod node;
mod receiver;
mod recv;
mod send;
mod sender;
mod state;

#[cfg(all(test, loom))]
mod loom_tests;

pub use error::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
pub use receiver::Receiver;
pub use recv::Recv;
pub use send::Send;
pub use sender::{Sender, WeakSender};

use alloc::sync::Arc;
use core::fmt;

use sync_prims::raw::{Lock, LockGuard, WakeBatch};

use crate::sync::{AtomicUsize, Ordering};
use state::State;

/// What a send does when the slowest receiver has not come to the oldest of `capacity` messages yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Overwrites the oldest message. A receiver that had not come to it is told how many it has missed, and goes on with
    /// the oldest that is kept. A send never waits.
    #[default]
    Lag,
    /// Waits until the slowest receiver has come to it. Nobody misses a message.
    Wait,
}

/// Makes a channel that keeps up to `capacity` messages; its first two handles.
///
/// Room for them is allocated at once.
///
/// # Panics
///
/// If `capacity` is 0, or so large that there is no memory for it.
pub fn channel<T>(capacity: usize, overflow: Overflow) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "a broadcast channel keeps at least one message"
    );
    let shared = Arc::new(Shared {
        lock: Lock::new(State::new(capacity, overflow)),
        tail: AtomicUsize::new(0),
        capacity,
        overflow,
    });
    (Sender::new(shared.clone()), Receiver::new(shared, 0))
}

/// What the handles of a channel share.
struct Shared<T> {
    lock: Lock<State<T>>,
    /// A copy of the state's, to be looked at without the lock.
    tail: AtomicUsize,
    capacity: usize,
    overflow: Overflow,
}

impl<T> Shared<T> {
    #[inline]
    fn lock(&self) -> LockGuard<'_, State<T>> {
        self.lock.lock()
    }

    /// Whether a receiver at this position would find nothing; it may be out of date.
    #[inline]
    fn seems_empty(&self, next: u64) -> bool {
        self.tail.load(Ordering::Relaxed) == next as usize
    }

    /// Releases the lock after a transition, and wakes whom it concerns, to the last: if a waker panics, the rest is woken
    /// while the panic unwinds.
    fn settle<'s>(&'s self, mut state: LockGuard<'s, State<T>>) {
        struct OnPanic<'s, T>(&'s Shared<T>);

        impl<T> Drop for OnPanic<'_, T> {
            fn drop(&mut self) {
                self.0.settle(self.0.lock());
            }
        }

        let mut wakes = WakeBatch::new();
        loop {
            let settled = state.settle(&mut wakes);
            let more = state.notify_released(&mut wakes);
            self.tail.store(state.tail() as usize, Ordering::Relaxed);
            drop(state);
            if settled && !more {
                wakes.wake_all();
                return;
            }
            let on_panic = OnPanic(self);
            wakes.wake_all();
            core::mem::forget(on_panic);
            state = self.lock();
        }
    }

    fn close(&self) -> bool {
        let mut state = self.lock();
        let closed = state.close();
        self.settle(state);
        closed
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (len, receivers, is_closed) = (state.len(), state.receivers, !state.open);
        drop(state);
        f.debug_struct("Channel")
            .field("len", &len)
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .field("receivers", &receivers)
            .field("is_closed", &is_closed)
            .finish()
    }
}
