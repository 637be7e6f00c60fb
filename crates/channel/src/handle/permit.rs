//! A place in a channel that keeps its sender with it.

use core::fmt;
use core::mem;

use super::Sender;
use super::count::Counted;
use crate::exchange::Shared;

/// Places that nobody else can take, with the sender they belong to.
///
/// A place stays good when the channel is closed. Dropping the permit gives the places back, then drops the sender.
#[must_use = "dropping it gives the places back"]
pub struct OwnedPermit<T, F: Counted<Item = T> = Shared<T>> {
    sender: Option<Sender<T, F>>,
    places: usize,
}

impl<T, F: Counted<Item = T>> OwnedPermit<T, F> {
    /// Takes over places of the sender's channel.
    pub(super) fn new(sender: Sender<T, F>, places: usize) -> OwnedPermit<T, F> {
        OwnedPermit {
            sender: Some(sender),
            places,
        }
    }

    /// Fills the place, and hands the sender back; needs no wait and cannot fail.
    pub fn send(mut self, value: T) -> Sender<T, F> {
        self.places -= 1;
        let sender = self.take_sender();
        sender.inner.exchange.fill(value);
        sender
    }

    /// Gives the place back, and hands out the sender.
    pub fn release(mut self) -> Sender<T, F> {
        let places = mem::take(&mut self.places);
        let sender = self.take_sender();
        sender.inner.exchange.release(places);
        sender
    }

    fn take_sender(&mut self) -> Sender<T, F> {
        self.sender
            .take()
            .expect("the sender leaves with the permit")
    }
}

impl<T, F: Counted<Item = T>> Drop for OwnedPermit<T, F> {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            sender.inner.exchange.release(self.places);
        }
    }
}

impl<T, F: Counted<Item = T>> fmt::Debug for OwnedPermit<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit")
            .field("sender", &self.sender)
            .finish()
    }
}
