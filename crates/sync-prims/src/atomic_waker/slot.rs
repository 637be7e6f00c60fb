//! A place for one waker, in its two parts.

use core::mem::ManuallyDrop;
use core::ptr;
use core::task::{RawWakerVTable, Waker};

use crate::sync::{AtomicPtr, Ordering, const_unless_loom};

/// Free, claimed or filled. Who may touch it, [`atomic_waker`](super) says.
pub(super) struct Slot {
    data: AtomicPtr<()>,
    /// Null if the slot is free, [`CLAIMED`] if it is about to be filled.
    vtable: AtomicPtr<RawWakerVTable>,
}

/// No vtable: there is none at this address.
const CLAIMED: *mut RawWakerVTable = ptr::dangling_mut();

impl Slot {
    const_unless_loom! {
        /// A free slot.
        pub(super) const fn new() -> Slot {
            Slot {
                data: AtomicPtr::new(ptr::null_mut()),
                vtable: AtomicPtr::new(ptr::null_mut()),
            }
        }
    }

    /// Whether the slot is filled with the same waker; for anybody, and so a guess.
    #[inline]
    pub(super) fn holds(&self, waker: &Waker) -> bool {
        ptr::eq(self.data.load(Ordering::Relaxed), waker.data())
            && ptr::eq(self.vtable.load(Ordering::Relaxed), waker.vtable())
    }

    /// Makes a free slot the caller's; `false` if it is not free.
    #[inline]
    pub(super) fn claim(&self) -> bool {
        // Acquire: whoever released it has read what was in it.
        self.vtable.load(Ordering::Relaxed).is_null()
            && self
                .vtable
                .compare_exchange(
                    ptr::null_mut(),
                    CLAIMED,
                    Ordering::Acquire,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Fills a slot that is the caller's and holds no waker.
    #[inline]
    pub(super) fn fill(&self, waker: Waker) {
        let waker = ManuallyDrop::new(waker);
        // Relaxed: the swap of the word publishes it.
        self.data.store(waker.data().cast_mut(), Ordering::Relaxed);
        self.vtable
            .store(ptr::from_ref(waker.vtable()).cast_mut(), Ordering::Relaxed);
    }

    /// Takes the waker; the slot stays the caller's.
    ///
    /// # Safety
    ///
    /// The slot is filled and the caller's, and nobody else takes this waker.
    #[inline]
    pub(super) unsafe fn take(&self) -> Waker {
        let data = self.data.load(Ordering::Relaxed);
        let vtable = self.vtable.load(Ordering::Relaxed);
        // SAFETY: the slot is filled, so both are parts of one waker, which was forgotten there and is taken once.
        unsafe { Waker::new(data, &*vtable) }
    }

    /// Gives back a slot whose waker was taken.
    #[inline]
    pub(super) fn release(&self) {
        self.vtable.store(ptr::null_mut(), Ordering::Release);
    }
}
