//! What a waiting sender is linked with: a message in its own future, or a number of places.

use core::marker::PhantomPinned;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr;

use crate::sync::{AtomicBool, Ordering, UnsafeCell, store_among_exchanges};

/// What a waiting sender wants.
pub(crate) enum Want<'s, T> {
    /// To hand over the message in this slot.
    Message(&'s Slot<T>),
    /// The same, unless the sender has got what it waits for elsewhere.
    Contested(&'s ContestedSlot<T>),
    /// So many places, to be filled later.
    Places(usize),
}

/// The place of a message in a sender's future.
///
/// It belongs to the future while the waiter beside it is not linked, and is under the channel's lock while it is.
/// Whether a message is in it is known to whoever it belongs to: a linked one has one.
// Such an address leaves the lowest two bits of a tag to tell the wants apart.
#[repr(align(4))]
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
    pub(crate) fn full(message: T) -> Slot<T> {
        Slot {
            message: UnsafeCell::new(MaybeUninit::new(message)),
            _pinned: PhantomPinned,
        }
    }

    /// Without one.
    #[inline]
    pub(crate) fn empty() -> Slot<T> {
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
        unsafe {
            self.message
                .with_mut(|message| (*message).assume_init_read())
        }
    }

    /// Puts a message in.
    ///
    /// # Safety
    ///
    /// There is none (it would be forgotten), and the slot belongs to the caller, as for [`take`](Slot::take).
    #[inline]
    pub(crate) unsafe fn put(&self, message: T) {
        // SAFETY: nobody else reaches the slot, as the caller promises.
        unsafe { self.message.with_mut(|place| (*place).write(message)) };
    }

    /// The tag of a waiter that wants to hand over the message in this slot.
    pub(crate) fn tag(self: Pin<&Self>) -> usize {
        ptr::from_ref(self.get_ref()).expose_provenance()
    }
}

/// A flag that one of several parties gets to set: whoever does decides a select.
#[derive(Debug)]
pub struct Claim(AtomicBool);

/// A slot whose message may be taken by whoever has set the sender's claim.
pub(crate) struct ContestedSlot<T> {
    pub(super) slot: Slot<T>,
    claim: *const Claim,
}

impl<T> ContestedSlot<T> {
    /// An empty one, of a sender that waits for nothing else.
    pub(crate) fn empty() -> ContestedSlot<T> {
        ContestedSlot {
            slot: Slot::empty(),
            claim: ptr::null(),
        }
    }

    /// Makes it depend on a claim.
    ///
    /// # Safety
    ///
    /// No waiter is linked with this slot yet, and the claim is there for as long as one is.
    pub(crate) unsafe fn contest(self: Pin<&mut Self>, claim: &Claim) {
        // SAFETY: nothing is moved.
        unsafe { self.get_unchecked_mut() }.claim = claim;
    }

    /// Whether it depends on a claim.
    pub(crate) fn is_contested(&self) -> bool {
        !self.claim.is_null()
    }

    /// Where the message is.
    pub(crate) fn message(&self) -> &Slot<T> {
        &self.slot
    }

    /// Whether the message may be taken now; nobody else may after that.
    pub(super) fn claim(&self) -> bool {
        // SAFETY: a waiter is linked with this slot, so the claim is there, if there is one.
        unsafe { self.claim.as_ref() }.is_none_or(Claim::set)
    }

    /// The tag of a waiter that wants to hand over the message in this slot.
    pub(crate) fn tag(self: Pin<&Self>) -> usize {
        ptr::from_ref(self.get_ref()).expose_provenance() | CONTESTED
    }
}

// SAFETY: the claim is shared, and outlives every access; the slot is as `Send` as its message.
unsafe impl<T: Send> Send for ContestedSlot<T> {}
// SAFETY: as for `Slot`.
unsafe impl<T: Send> Sync for ContestedSlot<T> {}

impl Claim {
    /// One that nobody has set.
    pub(crate) fn new() -> Claim {
        Claim(AtomicBool::new(false))
    }

    /// Sets it; whether nobody else had.
    ///
    /// Whoever sets it goes on to read what was written before it was unset.
    pub(crate) fn set(&self) -> bool {
        !self.0.swap(true, Ordering::Acquire)
    }

    /// Unsets it, for who has set it.
    pub(crate) fn unset(&self) {
        store_among_exchanges(&self.0, false, Ordering::Release);
    }
}

/// The bit of a tag that says that it is a number of places.
const PLACES: usize = 1;
/// The bit of a tag that says that it is the address of a [`ContestedSlot`].
const CONTESTED: usize = 2;

/// The tag of a waiter that wants so many places.
pub(crate) fn places_tag(places: usize) -> usize {
    // A channel without a limit has no more places than this to give.
    assert!(places <= usize::MAX / 2, "so many places never come");
    places << 1 | PLACES
}

impl<T> Want<'_, T> {
    /// What a waiter with this tag wants.
    ///
    /// # Safety
    ///
    /// The tag was made by this module for `T`, its waiter is linked, and the lock is held while the result is used.
    #[inline]
    pub(super) unsafe fn from_tag<'s>(tag: usize) -> Want<'s, T> {
        if tag & PLACES != 0 {
            return Want::Places(tag >> 1);
        }
        if tag & CONTESTED != 0 {
            let slot = ptr::with_exposed_provenance::<ContestedSlot<T>>(tag & !CONTESTED);
            // SAFETY: as below.
            return Want::Contested(unsafe { &*slot });
        }
        let slot = ptr::with_exposed_provenance::<Slot<T>>(tag);
        // SAFETY: a slot is pinned beside its waiter, which is linked, so it is there.
        Want::Message(unsafe { &*slot })
    }
}
