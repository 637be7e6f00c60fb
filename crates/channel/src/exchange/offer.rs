//! What a waiting sender wants, in the sender's future.

use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr;

/// What a waiting sender wants.
pub(crate) enum Offer<T> {
    /// To hand over a message.
    Value(T),
    /// So many places, to be filled later.
    Places(usize),
    /// Nothing any more.
    Nothing,
}

/// The place of an [`Offer`] in a future.
///
/// It belongs to the future while the waiter beside it is not linked, and is under the channel's lock while it is.
pub(crate) struct OfferSlot<T> {
    offer: UnsafeCell<Offer<T>>,
    // As for a waiter: others reach it through its address while the future is borrowed mutably.
    _pinned: PhantomPinned,
}

// SAFETY: it is reached by its owner alone, or under the channel's lock.
unsafe impl<T: Send> Sync for OfferSlot<T> {}

impl<T> OfferSlot<T> {
    pub(crate) const fn new(offer: Offer<T>) -> OfferSlot<T> {
        OfferSlot {
            offer: UnsafeCell::new(offer),
            _pinned: PhantomPinned,
        }
    }

    /// What a waiter that makes this offer is linked with.
    pub(crate) fn tag(self: Pin<&Self>) -> usize {
        ptr::from_ref(self.get_ref()).expose_provenance()
    }

    /// Puts another offer in place.
    ///
    /// # Safety
    ///
    /// The caller is the owner and the waiter is not linked, or the caller holds the lock.
    pub(crate) unsafe fn replace(&self, offer: Offer<T>) -> Offer<T> {
        // SAFETY: nobody else reaches it, as the caller promises.
        unsafe { self.offer.get().replace(offer) }
    }

    /// The offer with whose [`tag`](OfferSlot::tag) a waiter was linked.
    ///
    /// # Safety
    ///
    /// The waiter is linked still, and the caller holds the lock for as long as it uses what it gets, and gets it once.
    pub(super) unsafe fn from_tag<'o>(tag: usize) -> &'o mut Offer<T> {
        let slot = ptr::with_exposed_provenance::<OfferSlot<T>>(tag);
        // SAFETY: the slot is pinned beside a waiter that is linked, so it is there; the lock makes the access exclusive.
        unsafe { &mut *(*slot).offer.get() }
    }
}
