//! Room for a value that is written once, behind a word that says whether it is there.

use core::mem::MaybeUninit;

use crate::sync::{UnsafeCell, const_unless_loom};

/// Room for a value. Whether it is there is for the owner to know; dropping the slot does not drop the value.
pub(crate) struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> Slot<T> {
    const_unless_loom! {
        pub(crate) const fn empty() -> Slot<T> {
            Slot(UnsafeCell::new(MaybeUninit::uninit()))
        }
    }

    const_unless_loom! {
        pub(crate) const fn filled(value: T) -> Slot<T> {
            Slot(UnsafeCell::new(MaybeUninit::new(value)))
        }
    }

    /// Writes the value. One that was there is not dropped.
    ///
    /// # Safety
    ///
    /// Nobody else uses the slot until the caller has published the value.
    #[inline]
    pub(crate) unsafe fn write(&self, value: T) {
        // SAFETY: the caller has the slot for itself.
        self.0.with_mut(|slot| unsafe { (*slot).write(value) });
    }

    /// The value.
    ///
    /// # Safety
    ///
    /// It was written before (or `T` has no bytes to write), and nobody writes or takes it while it is lent.
    #[inline]
    pub(crate) unsafe fn get(&self) -> &T {
        // SAFETY: the value is there, and is only read as long as the slot is borrowed.
        self.0.with(|slot| unsafe { (*slot).assume_init_ref() })
    }

    /// The value, to change.
    ///
    /// # Safety
    ///
    /// It is there.
    #[inline]
    pub(crate) unsafe fn get_mut(&mut self) -> &mut T {
        // SAFETY: the value is there, and the slot is borrowed exclusively.
        self.0.with_mut(|slot| unsafe { (*slot).assume_init_mut() })
    }

    /// The value; it is not there any more.
    ///
    /// # Safety
    ///
    /// It was there.
    #[inline]
    pub(crate) unsafe fn take(&mut self) -> T {
        // SAFETY: the value is there; the caller sees to it that it is not used again.
        self.0
            .with_mut(|slot| unsafe { (*slot).assume_init_read() })
    }
}
