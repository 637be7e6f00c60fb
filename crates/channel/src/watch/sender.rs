//! [`Sender`].

use alloc::sync::Arc;
use core::fmt;

use super::closed::Closed;
use super::{Receiver, Ref, Shared, State};
use crate::error::SendError;

/// The side of a [`watch`](super) channel that sends.
///
/// Any number of handles may exist; when the last one goes, the value that is there is the last one.
pub struct Sender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Takes over one count of a sender.
    pub(super) fn new(shared: Arc<Shared<T>>) -> Sender<T> {
        Sender { shared }
    }

    /// Sends another value. It never waits.
    ///
    /// # Errors
    ///
    /// There is no receiver; the value is handed back, and the one that was there stays.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let sent = self
            .shared
            .replace(Arc::new(value), |state| state.receivers > 0);
        match sent {
            Ok(_old) => Ok(()),
            Err(value) => {
                let value =
                    Arc::into_inner(value).expect("a value that was not sent has one owner");
                Err(SendError(value))
            }
        }
    }

    /// Puts another value in place, also if there is no receiver; the old one.
    pub fn send_replace(&self, value: T) -> Ref<T> {
        let (Ok(old) | Err(old)) = self.shared.replace(Arc::new(value), |_| true);
        Ref::new(old, false)
    }

    /// Changes the value, also if there is no receiver. See [`send_if_modified`](Sender::send_if_modified).
    pub fn send_modify(&self, mut modify: impl FnMut(&mut T))
    where
        T: Clone,
    {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value if the closure says that it did, also if there is no receiver; whether it was changed.
    ///
    /// The closure works on a clone of the value, without a lock: receivers have the old one meanwhile. If another
    /// value was sent until the closure returns, it is called again with that one, so that no change is lost. With one
    /// sender it is called once; it must not itself send to this channel each time, or it never ends.
    pub fn send_if_modified(&self, mut modify: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        loop {
            let (old, version) = self.shared.get();
            let mut value = T::clone(&old);
            drop(old);
            if !modify(&mut value) {
                return false;
            }
            let is_same = |state: &State<T>| state.version.is_of_same(version);
            if self.shared.replace(Arc::new(value), is_same).is_ok() {
                return true;
            }
        }
    }

    /// The value.
    pub fn borrow(&self) -> Ref<T> {
        Ref::new(self.shared.get().0, false)
    }

    /// One more receiver, which has seen the value that is there.
    pub fn subscribe(&self) -> Receiver<T> {
        let mut state = self.shared.lock();
        state.receivers += 1;
        let seen = state.version;
        drop(state);
        Receiver::new(self.shared.clone(), seen)
    }

    /// Whether there is no receiver now. [`subscribe`](Sender::subscribe) makes one.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// Dropping the future ends the wait and has no other effect.
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.shared)
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
        if state.senders == 0 {
            let last = state.version.last();
            self.shared.set_version(&mut state, last);
            state.until_changed.release_all();
            self.shared.wake_released(state);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.shared).finish()
    }
}
