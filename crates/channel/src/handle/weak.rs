//! Handles that do not keep a channel open.
//!
//! They keep its memory, as any handle does, until the last one of all is gone.

use core::fmt;

use super::count::{Counted, HandleCount};
use super::{Receiver, Sender};
use crate::exchange::Shared;

/// What [`Sender::downgrade`] returns.
pub struct WeakSender<T, F: Counted<Item = T> = Shared<T>> {
    inner: F::Pointer,
}

/// What [`Receiver::downgrade`] returns.
pub struct WeakReceiver<T, F: Counted<Item = T> = Shared<T>> {
    inner: F::Pointer,
}

impl<T, F: Counted<Item = T>> WeakSender<T, F> {
    pub(super) fn new(inner: F::Pointer) -> WeakSender<T, F> {
        WeakSender { inner }
    }

    /// A sender, unless the last one is gone.
    pub fn upgrade(&self) -> Option<Sender<T, F>> {
        let counted = self.inner.senders.add_unless_none();
        counted.then(|| Sender::new(self.inner.clone()))
    }
}

impl<T, F: Counted<Item = T>> WeakReceiver<T, F> {
    pub(super) fn new(inner: F::Pointer) -> WeakReceiver<T, F> {
        WeakReceiver { inner }
    }

    /// A receiver, unless the last one is gone.
    pub fn upgrade(&self) -> Option<Receiver<T, F>> {
        let counted = self.inner.receivers.add_unless_none();
        counted.then(|| Receiver::new(self.inner.clone()))
    }
}

impl<T, F: Counted<Item = T>> Clone for WeakSender<T, F> {
    fn clone(&self) -> WeakSender<T, F> {
        WeakSender::new(self.inner.clone())
    }
}

impl<T, F: Counted<Item = T>> Clone for WeakReceiver<T, F> {
    fn clone(&self) -> WeakReceiver<T, F> {
        WeakReceiver::new(self.inner.clone())
    }
}

impl<T, F: Counted<Item = T>> fmt::Debug for WeakSender<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

impl<T, F: Counted<Item = T>> fmt::Debug for WeakReceiver<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakReceiver").finish_non_exhaustive()
    }
}
