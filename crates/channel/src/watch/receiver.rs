//! [`Receiver`], and [`Ref`].

use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

use super::changed::{Changed, WaitFor};
use super::{Shared, Version};
use crate::error::RecvError;
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;

/// The side of a [`watch`](super) channel that receives.
///
/// Any number of handles may exist, and each one knows which value it has seen. A clone has seen the same.
pub struct Receiver<T> {
    pub(super) shared: Arc<Shared<T>>,
    pub(super) seen: Version,
}

impl<T> Receiver<T> {
    /// Takes over one count of a receiver.
    pub(super) fn new(shared: Arc<Shared<T>>, seen: Version) -> Receiver<T> {
        Receiver { shared, seen }
    }

    /// The latest value. It does not count as seen by that.
    pub fn borrow(&self) -> Ref<T> {
        let (value, version) = self.shared.get();
        Ref::new(value, !version.is_of_same(self.seen))
    }

    /// The latest value, which has been seen then.
    pub fn borrow_and_update(&mut self) -> Ref<T> {
        let (value, version) = self.shared.get();
        let has_changed = !version.is_of_same(self.seen);
        self.seen = version;
        Ref::new(value, has_changed)
    }

    /// Waits until there is a value that this receiver has not seen, which has been seen then.
    ///
    /// Dropping the future ends the wait and has no other effect.
    ///
    /// # Errors
    ///
    /// All senders are gone, and the last value has been seen.
    #[inline]
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed::new(self)
    }

    /// Waits until the predicate holds for the latest value: at once, or after a change. The value has been seen then.
    ///
    /// The predicate runs on the task that waits, without a lock. It may miss values that are replaced meanwhile.
    /// Dropping the future ends the wait; values that the predicate was shown count as seen.
    ///
    /// # Errors
    ///
    /// All senders are gone, and the predicate does not hold for the last value.
    pub fn wait_for<P: FnMut(&T) -> bool>(&mut self, predicate: P) -> WaitFor<'_, T, P> {
        WaitFor::new(self, predicate)
    }

    /// Whether there is a value that this receiver has not seen.
    ///
    /// # Errors
    ///
    /// All senders are gone, and the last value has been seen.
    #[inline]
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let version = self.shared.version();
        match version.is_of_same(self.seen) {
            false => Ok(true),
            true if version.is_last() => Err(RecvError),
            true => Ok(false),
        }
    }

    /// Lets the value that is there count as not seen.
    pub fn mark_changed(&mut self) {
        self.seen = self.shared.version().previous();
    }

    /// Lets the value that is there count as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.version();
    }

    /// Whether all senders are gone: the value is the last one.
    pub fn is_closed(&self) -> bool {
        self.shared.version().is_last()
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
impl<T> Receiver<T> {
    /// Waits for a change; the thread sleeps until there is one.
    ///
    /// # Errors
    ///
    /// As for [`changed`](Receiver::changed).
    pub fn changed_blocking(&mut self) -> Result<(), RecvError> {
        sync_prims::blocking::block_on(self.changed())
    }

    /// Waits for a change; the thread sleeps for at most so long.
    ///
    /// # Errors
    ///
    /// There was none in time; or as for [`changed`](Receiver::changed).
    pub fn changed_timeout(&mut self, timeout: Duration) -> Result<(), RecvTimeoutError> {
        let changed = sync_prims::blocking::block_on_timeout(self.changed(), timeout);
        Ok(changed.ok_or(RecvTimeoutError::Timeout)??)
    }

    /// Waits for a change; the thread sleeps at most until the deadline.
    ///
    /// # Errors
    ///
    /// There was none in time; or as for [`changed`](Receiver::changed).
    pub fn changed_deadline(&mut self, deadline: Instant) -> Result<(), RecvTimeoutError> {
        let changed = sync_prims::blocking::block_on_deadline(self.changed(), deadline);
        Ok(changed.ok_or(RecvTimeoutError::Timeout)??)
    }

    /// Waits until the predicate holds; the thread sleeps until then.
    ///
    /// # Errors
    ///
    /// As for [`wait_for`](Receiver::wait_for).
    pub fn wait_for_blocking(
        &mut self,
        predicate: impl FnMut(&T) -> bool,
    ) -> Result<Ref<T>, RecvError> {
        sync_prims::blocking::block_on(self.wait_for(predicate))
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.shared.lock().receivers += 1;
        Receiver::new(self.shared.clone(), self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.receivers -= 1;
        if state.receivers == 0 {
            state.until_closed.release_all();
            self.shared.wake_released(state);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.shared).finish()
    }
}

/// A value of a [`watch`](super) channel, as it was when it was borrowed. It blocks nobody: see [the module](super).
pub struct Ref<T> {
    value: Arc<T>,
    has_changed: bool,
}

impl<T> Ref<T> {
    pub(super) fn new(value: Arc<T>, has_changed: bool) -> Ref<T> {
        Ref { value, has_changed }
    }

    /// Whether the receiver had not seen it before it was borrowed.
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// The shared value.
    pub fn into_arc(self) -> Arc<T> {
        self.value
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
