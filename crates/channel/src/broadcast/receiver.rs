//! [`Receiver`].

use alloc::sync::Arc;
use core::fmt;
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

use super::node::Claims;
use super::state::Nothing;
use super::{Recv, Shared, TryRecvError};
#[cfg(feature = "std")]
use super::{RecvError, RecvTimeoutError};

/// The side of a [`broadcast`](super) channel that receives.
///
/// Each one receives every message that is sent while it exists, in order, as a clone, and the last one to receive a message
/// has the message itself. A clone of a receiver is another receiver, which has still to receive the same messages.
pub struct Receiver<T> {
    pub(super) shared: Arc<Shared<T>>,
    /// The position of the message that it has next.
    pub(super) next: u64,
}

impl<T> Receiver<T> {
    /// Takes over one count of a receiver at this position.
    pub(super) fn new(shared: Arc<Shared<T>>, next: u64) -> Receiver<T> {
        Receiver { shared, next }
    }

    pub(super) fn subscribe(shared: &Arc<Shared<T>>) -> Receiver<T> {
        let mut state = shared.lock();
        let next = state.tail();
        state.add_receiver(next);
        drop(state);
        Receiver::new(shared.clone(), next)
    }

    /// Receives the next message, and waits for one if there is none.
    ///
    /// Dropping the future loses no message. Should the message's `clone` panic, this receiver has lost that message.
    ///
    /// # Errors
    ///
    /// Messages were overwritten before this receiver came to them, and it goes on with the oldest that is kept; or the
    /// channel is closed, and this receiver has had all of its messages.
    #[inline]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv::new(self)
    }

    /// Receives the next message if there is one.
    ///
    /// # Errors
    ///
    /// There is none now, or for good, or messages were overwritten: as for [`recv`](Receiver::recv).
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        match self.take() {
            Ok(claim) => Ok(claim.into_message()),
            Err(Nothing::Empty) => Err(TryRecvError::Empty),
            Err(Nothing::Lagged(missed)) => Err(TryRecvError::Lagged(missed)),
            Err(Nothing::Closed) => Err(TryRecvError::Closed),
        }
    }

    #[inline]
    pub(super) fn take(&mut self) -> Result<Claims<T>, Nothing> {
        let mut state = self.shared.lock();
        let taken = state.take(&mut self.next);
        if state.is_unsettled() {
            self.shared.settle(state);
        }
        taken
    }

    /// One more receiver, for what is sent from now on.
    pub fn resubscribe(&self) -> Receiver<T> {
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

    /// How many messages are kept that this receiver has not had.
    pub fn len(&self) -> usize {
        self.shared.lock().len_from(self.next)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages may be kept.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// How many handles of the other side there are.
    pub fn sender_count(&self) -> usize {
        self.shared.lock().senders
    }

    /// How many handles of this side there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.lock().receivers
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

#[cfg(feature = "std")]
impl<T: Clone> Receiver<T> {
    /// Receives the next message; the thread sleeps until there is one.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Receiver::recv).
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        sync_prims::blocking::block_on(self.recv())
    }

    /// Receives the next message; the thread sleeps for at most so long until there is one.
    ///
    /// # Errors
    ///
    /// Nothing came in time; or as for [`recv`](Receiver::recv).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let received = sync_prims::blocking::block_on_timeout(self.recv(), timeout);
        Ok(received.ok_or(RecvTimeoutError::Timeout)??)
    }

    /// Receives the next message; the thread sleeps at most until the deadline for one.
    ///
    /// # Errors
    ///
    /// Nothing came in time; or as for [`recv`](Receiver::recv).
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        let received = sync_prims::blocking::block_on_deadline(self.recv(), deadline);
        Ok(received.ok_or(RecvTimeoutError::Timeout)??)
    }
}

impl<T> Clone for Receiver<T> {
    /// Takes the lock for as long as it takes to count one claim more to each message that is still to be received.
    fn clone(&self) -> Receiver<T> {
        self.shared.lock().add_receiver(self.next);
        Receiver::new(self.shared.clone(), self.next)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let _unread = Unread {
            next: self.next,
            end: state.remove_receiver(),
            shared: &self.shared,
        };
        self.shared.settle(state);
    }
}

/// How many claims a receiver that goes takes in one hold of the lock.
const BATCH: usize = 32;

/// The messages that a receiver leaves behind. Dropping it gives up the claims to them, to the last, also when a waker or
/// the destructor of a message panics.
struct Unread<'r, T> {
    shared: &'r Shared<T>,
    next: u64,
    end: u64,
}

impl<T> Unread<'_, T> {
    fn give_up_some(&mut self) {
        let mut claims = [const { None }; BATCH];
        let mut state = self.shared.lock();
        for place in &mut claims {
            // What was overwritten meanwhile is skipped: it is no longer this receiver's.
            while self.next < self.end && place.is_none() {
                *place = state.take(&mut self.next).ok();
            }
        }
        self.shared.settle(state);
        // The claims go here, without the lock.
    }
}

impl<T> Drop for Unread<'_, T> {
    fn drop(&mut self) {
        struct OnPanic<'u, 'r, T>(&'u mut Unread<'r, T>);

        impl<T> Drop for OnPanic<'_, '_, T> {
            fn drop(&mut self) {
                while self.0.next < self.0.end {
                    self.0.give_up_some();
                }
            }
        }

        let rest = OnPanic(self);
        while rest.0.next < rest.0.end {
            rest.0.give_up_some();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.shared).finish()
    }
}
