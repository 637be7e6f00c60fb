//! Receivers as iterators, for plain threads and for what is there already.

use core::fmt;

use super::Receiver;
use super::count::Counted;
use crate::exchange::Shared;

/// What [`Receiver::try_iter`] returns.
pub struct TryIter<'r, T, F: Counted<Item = T> = Shared<T>>(pub(super) &'r Receiver<T, F>);

impl<T, F: Counted<Item = T>> Iterator for TryIter<'_, T, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// What [`Receiver::iter`] returns.
#[cfg(feature = "std")]
pub struct Iter<'r, T>(pub(super) &'r Receiver<T>);

/// An iterator that blocks the thread and owns the receiver.
#[cfg(feature = "std")]
pub struct IntoIter<T>(Receiver<T>);

#[cfg(feature = "std")]
impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv_blocking().ok()
    }
}

#[cfg(feature = "std")]
impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv_blocking().ok()
    }
}

#[cfg(feature = "std")]
impl<'r, T> IntoIterator for &'r Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'r, T>;

    fn into_iter(self) -> Iter<'r, T> {
        self.iter()
    }
}

#[cfg(feature = "std")]
impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

// Messages need not be printable for an iterator to be.

impl<T, F: Counted<Item = T>> fmt::Debug for TryIter<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryIter").field(self.0).finish()
    }
}

#[cfg(feature = "std")]
impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(self.0).finish()
    }
}

#[cfg(feature = "std")]
impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.0).finish()
    }
}
