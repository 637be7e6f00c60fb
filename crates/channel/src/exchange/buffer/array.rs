//! A ring of fixed size inside the channel itself.

use core::mem::MaybeUninit;

use super::Buffer;

/// `N` messages in place.
pub struct Array<T, const N: usize> {
    /// `slots[index(first)..]`, `len` of them, wrapping around, hold messages.
    slots: [MaybeUninit<T>; N],
    first: usize,
    len: usize,
}

impl<T, const N: usize> Array<T, N> {
    /// An empty ring.
    pub(crate) const fn new() -> Array<T, N> {
        Array {
            slots: [const { MaybeUninit::uninit() }; N],
            first: 0,
            len: 0,
        }
    }

    /// Where the message stands that is `offset` behind the first. `N` is known when this is compiled: for a power of two
    /// the remainder is a mask.
    #[inline]
    fn index(&self, offset: usize) -> usize {
        (self.first + offset) % N
    }
}

impl<T, const N: usize> Buffer for Array<T, N> {
    type Item = T;
    type Wanted = ();
    type Memory = ();

    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn capacity(&self) -> usize {
        N
    }

    #[inline]
    fn push(&mut self, value: T) {
        assert!(self.len < N, "the caller has looked for room");
        let index = self.index(self.len);
        self.slots[index].write(value);
        self.len += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        // SAFETY: there is a message, and the slot of the first one is written; the steps below give it up.
        let value = unsafe { self.slots[self.first].assume_init_read() };
        self.first = self.index(1);
        self.len -= 1;
        Some(value)
    }

    #[inline]
    fn spare(&self) -> usize {
        N - self.len
    }

    fn can_replace(&self) -> bool {
        true
    }

    #[inline]
    fn has_idle_memory(&self) -> bool {
        false
    }

    fn wants_memory(&self, _more: usize) {}

    fn allocate((): ()) {}

    fn exchange(&mut self, (): &mut ()) {}
}

impl<T, const N: usize> Drop for Array<T, N> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}
