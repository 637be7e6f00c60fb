//! A ring on the heap that grows with what is in it, up to a limit, and shrinks when it has become empty.

use alloc::collections::VecDeque;

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
    fn wants_memory(&self, more: usize) -> Option<usize> {
        let needed = self.ring.len() + more;
        if needed > self.ring.capacity() {
            return Some(needed.next_power_of_two().max(SMALLEST.min(self.limit)));
        }
        (self.ring.capacity() > KEPT && needed == 0).then_some(0)
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
