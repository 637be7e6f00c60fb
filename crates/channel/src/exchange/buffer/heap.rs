//! A ring on the heap that grows with what is in it, up to a limit, and shrinks when it has become empty.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Buffer, Resizable};

/// Memory for this many messages is kept, once there was need for it.
const KEPT: usize = 1024;
/// The first memory, in messages, unless the limit is less.
const SMALLEST: usize = 16;

/// Up to `limit` messages.
pub struct Heap<T> {
    ring: VecDeque<T>,
    limit: usize,
}

impl<T> Heap<T> {
    /// An empty ring without memory.
    pub(crate) const fn new(limit: usize) -> Heap<T> {
        Heap {
            ring: VecDeque::new(),
            limit,
        }
    }
}

impl<T> Buffer for Heap<T> {
    type Item = T;
    type Memory = VecDeque<T>;

    #[inline]
    fn len(&self) -> usize {
        self.ring.len()
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.limit
    }

    #[inline]
    fn has_memory(&self) -> bool {
        self.ring.len() < self.ring.capacity()
    }

    #[inline]
    fn push(&mut self, value: T) {
        self.ring.push_back(value);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.ring.pop_front()
    }

    #[inline]
    fn spare(&self) -> usize {
        self.ring.capacity() - self.ring.len()
    }

    fn pop_many(&mut self, limit: usize, into: &mut Vec<T>) -> usize {
        let count = limit.min(self.ring.len());
        into.extend(self.ring.drain(..count));
        count
    }

    #[inline]
    fn wants_memory(&self, more: usize) -> Option<usize> {
        let needed = self.ring.len() + more;
        if needed > self.ring.capacity() {
            return Some(needed.next_power_of_two().max(SMALLEST.min(self.limit)));
        }
        // Messages without a size need no memory, of which the ring says that it has very much.
        let is_idle = needed == 0 && size_of::<T>() > 0;
        (self.ring.capacity() > KEPT && is_idle).then_some(0)
    }

    fn allocate(messages: usize) -> VecDeque<T> {
        VecDeque::with_capacity(messages)
    }

    fn exchange(&mut self, memory: &mut VecDeque<T>) {
        if memory.capacity() < self.ring.len() {
            return;
        }
        memory.append(&mut self.ring);
        core::mem::swap(&mut self.ring, memory);
    }
}

impl<T> Resizable for Heap<T> {
    fn set_capacity(&mut self, capacity: usize) {
        self.limit = capacity;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn filled<T: Clone>(message: T, messages: usize) -> Heap<T> {
        let mut heap = Heap::new(usize::MAX);
        for _ in 0..messages {
            if let Some(wanted) = heap.wants_memory(1) {
                heap.exchange(&mut Heap::<T>::allocate(wanted));
            }
            heap.push(message.clone());
        }
        heap
    }

    #[test]
    fn memory_grows_in_steps_and_goes_when_it_is_idle() {
        let mut heap = filled(7u8, 10 * KEPT);
        assert!(heap.ring.capacity() < 40 * KEPT);
        while heap.pop().is_some() {}
        assert_eq!(heap.wants_memory(0), Some(0));
        heap.exchange(&mut Heap::<u8>::allocate(0));
        assert_eq!((heap.ring.capacity(), heap.wants_memory(0)), (0, None));
    }

    #[test]
    fn a_little_memory_is_kept() {
        let mut heap = filled(7u8, KEPT / 2);
        while heap.pop().is_some() {}
        assert_eq!(heap.wants_memory(0), None);
    }

    #[test]
    fn memory_that_is_too_small_by_now_is_refused() {
        let mut heap = filled(7u8, 100);
        let mut small = Heap::<u8>::allocate(16);
        heap.exchange(&mut small);
        assert_eq!((heap.len(), small.len()), (100, 0));
    }

    #[test]
    fn messages_without_a_size_want_no_memory() {
        let mut heap = filled((), 10 * KEPT);
        while heap.pop().is_some() {}
        assert_eq!(heap.wants_memory(0), None);
    }
}
