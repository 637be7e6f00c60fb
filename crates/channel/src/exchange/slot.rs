//! What a waiting sender is linked with: a message in its own future, or a number of places.

use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr;

/// What a waiting sender wants.
pub(crate) enum Want<'s, T> {
    /// To hand over the message in this slot.
    Message(&'s Slot<T>),
    /// So many places, to be filled later.
    Places(usize),
}

/// The place of a message in a sender's future.
///
/// It belongs to the future while the waiter beside it is not linked, and is under the channel's lock while it is.
/// Whether a message is in it is known to whoever it belongs to: a linked one has one.
// An even address leaves the lowest bit of a tag to tell the two wants apart.
#[repr(align(2))]
pub(crate) struct Slot<T> {
    message: UnsafeCell<MaybeUninit<T>>,
    // As for a waiter: others reach it through its address while the future is borrowed mutably.
    _pinned: PhantomPinned,
}

// SAFETY: it is reached by its owner alone, or under the channel's lock.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// With a message in it.
    #[inline]
    pub(crate) const fn full(message: T) -> Slot<T> {
        Slot {
            message: UnsafeCell::new(MaybeUninit::new(message)),
            _pinned: PhantomPinned,
        }
    }

    /// Without one.
    #[inline]
    pub(crate) const fn empty() -> Slot<T> {
        Slot {
            message: UnsafeCell::new(MaybeUninit::uninit()),
            _pinned: PhantomPinned,
        }
    }

    /// Takes the message out.
    ///
    /// # Safety
    ///
    /// There is one, nobody takes it again, and the slot belongs to the caller: as the owner of a waiter that is not
    /// linked, or by the lock.
    #[inline]
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: there is a message, and it is the caller's.
        unsafe { (*self.message.get()).assume_init_read() }
    }

    /// Puts a message in.
    ///
    /// # Safety
    ///
    /// There is none (it would be forgotten), and the slot belongs to the caller, as for [`take`](Slot::take).
    #[inline]
    pub(crate) unsafe fn put(&self, message: T) {
        // SAFETY: nobody else reaches the slot, as the caller promises.
        unsafe { (*self.message.get()).write(message) };
    }

    /// The tag of a waiter that wants to hand over the message in this slot.
    pub(crate) fn tag(self: Pin<&Self>) -> usize {
        ptr::from_ref(self.get_ref()).expose_provenance()
    }
}

/// The tag of a waiter that wants so many places.
pub(crate) fn places_tag(places: usize) -> usize {
    // A channel without a limit has no more places than this to give.
    assert!(places <= usize::MAX / 2, "so many places never come");
    places << 1 | 1
}

impl<T> Want<'_, T> {
    /// What a waiter with this tag wants.
    ///
    /// # Safety
    ///
    /// The tag was made by this module for `T`, its waiter is linked, and the lock is held while the result is used.
    #[inline]
    pub(super) unsafe fn from_tag<'s>(tag: usize) -> Want<'s, T> {
        if tag & 1 == 1 {
            return Want::Places(tag >> 1);
        }
        let slot = ptr::with_exposed_provenance::<Slot<T>>(tag);
        // SAFETY: the slot is pinned beside a waiter that is linked, so it is there.
        Want::Message(unsafe { &*slot })
    }
}
