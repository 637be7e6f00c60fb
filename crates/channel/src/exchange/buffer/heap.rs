//! Rings on the heap: one while there are few messages, a line of them when there are many.
//!
//! A ring of up to [`KEPT`] messages grows by moving into a larger one. From then on another ring, as large as all that is there, is
//! put behind it: a burst of millions of messages moves none of them, and gives its memory back ring by ring as it is received.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use super::{Buffer, Resizable};

/// A ring for this many messages is kept when it is empty, and is the largest that is moved.
const KEPT: usize = 1024;
/// The first ring, in messages, unless the limit is less.
const SMALLEST: usize = 16;
/// Bytes of the largest ring, unless [`KEPT`] messages need more.
const LARGEST: usize = 1 << 20;

/// Up to `limit` messages.
pub struct Heap<T> {
    /// Messages go into this ring, and come out of it while it is the only one.
    newest: VecDeque<T>,
    /// When there are more, messages come out of this ring, which is not empty then.
    oldest: VecDeque<T>,
    /// Those between them in age, none of them empty.
    between: VecDeque<VecDeque<T>>,
    /// How many messages are in `oldest` and `between`.
    len_older: usize,
    /// A ring that has become empty and waits to be freed.
    idle: VecDeque<T>,
    limit: usize,
}

/// What [`Heap`] wants to be made: either may be nothing.
pub struct Wanted {
    /// A ring of so many messages.
    messages: usize,
    /// A line for so many rings.
    rings: usize,
}

/// What was made, and later what is to be freed.
pub struct Memory<T> {
    ring: VecDeque<T>,
    line: VecDeque<VecDeque<T>>,
    idle: VecDeque<T>,
}

impl<T> Heap<T> {
    /// The largest ring, in messages.
    const LARGEST: usize = match LARGEST.checked_div(size_of::<T>()) {
        Some(messages) if messages > KEPT => messages,
        _ => KEPT,
    };

    /// An empty ring without memory.
    pub(crate) const fn new(limit: usize) -> Heap<T> {
        Heap {
            newest: VecDeque::new(),
            oldest: VecDeque::new(),
            between: VecDeque::new(),
            len_older: 0,
            idle: VecDeque::new(),
            limit,
        }
    }

    fn pop_older(&mut self) -> Option<T> {
        let value = self.oldest.pop_front();
        self.len_older -= 1;
        if self.oldest.is_empty() {
            self.next_ring();
        }
        value
    }

    /// The oldest ring is empty: goes on with the next one.
    #[cold]
    fn next_ring(&mut self) {
        let next = self.between.pop_front().unwrap_or_default();
        debug_assert_eq!(self.idle.capacity(), 0, "idle memory is freed soon");
        self.idle = mem::replace(&mut self.oldest, next);
    }

    /// Puts an empty ring in the place of the newest, which is full. The line has room for that one.
    fn add_ring(&mut self, ring: VecDeque<T>) {
        let full = mem::replace(&mut self.newest, ring);
        if self.len_older == 0 {
            self.len_older = full.len();
            self.oldest = full;
        } else {
            self.len_older += full.len();
            self.between.push_back(full);
        }
    }

    /// Whether there are so many messages that they are not moved any more.
    fn is_large(&self) -> bool {
        self.newest.capacity() >= KEPT
    }

    /// Whether another ring needs a longer line first.
    fn line_is_full(&self) -> bool {
        self.between.len() == self.between.capacity()
    }
}

impl<T> Buffer for Heap<T> {
    type Item = T;
    type Wanted = Wanted;
    type Memory = Memory<T>;

    #[inline]
    fn len(&self) -> usize {
        self.newest.len() + self.len_older
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.limit
    }

    #[inline]
    fn push(&mut self, value: T) {
        self.newest.push_back(value);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        if self.len_older == 0 {
            self.newest.pop_front()
        } else {
            self.pop_older()
        }
    }

    #[inline]
    fn spare(&self) -> usize {
        self.newest.capacity() - self.newest.len()
    }

    fn can_replace(&self) -> bool {
        self.len_older == 0 || self.spare() > 0
    }

    fn pop_many(&mut self, limit: usize, into: &mut Vec<T>) -> usize {
        if self.len_older == 0 {
            let count = limit.min(self.newest.len());
            into.extend(self.newest.drain(..count));
            return count;
        }
        // One ring at a time: what becomes idle by that has to be freed first.
        let count = limit.min(self.oldest.len());
        into.extend(self.oldest.drain(..count));
        self.len_older -= count;
        if self.oldest.is_empty() {
            self.next_ring();
        }
        count
    }

    #[inline]
    fn has_idle_memory(&self) -> bool {
        let may_go = self.len() == 0 && self.newest.capacity() > KEPT;
        // Messages without a size need no memory, of which a ring of them says that it has very much.
        size_of::<T>() > 0 && (may_go || self.idle.capacity() > 0)
    }

    fn wants_memory(&self, more: usize) -> Wanted {
        let mut wanted = Wanted {
            messages: 0,
            rings: 0,
        };
        if more <= self.spare() {
            return wanted;
        }
        if self.is_large() {
            wanted.messages = self.len().clamp(KEPT, Self::LARGEST);
            if self.line_is_full() {
                wanted.rings = (2 * self.between.len()).max(4);
            }
        } else {
            let needed = (self.len() + more).next_power_of_two();
            wanted.messages = needed.clamp(SMALLEST.min(self.limit), KEPT);
        }
        wanted
    }

    fn allocate(wanted: Wanted) -> Memory<T> {
        Memory {
            ring: VecDeque::with_capacity(wanted.messages),
            line: VecDeque::with_capacity(wanted.rings),
            idle: VecDeque::new(),
        }
    }

    fn exchange(&mut self, memory: &mut Memory<T>) {
        if self.has_idle_memory() && self.idle.capacity() == 0 {
            mem::swap(&mut self.newest, &mut self.idle);
        }
        mem::swap(&mut self.idle, &mut memory.idle);
        if memory.line.capacity() > self.between.capacity() {
            memory.line.append(&mut self.between);
            mem::swap(&mut self.between, &mut memory.line);
        }
        // Others may have been here meanwhile: what is not needed any more goes back.
        if self.is_large() {
            let is_needed = memory.ring.capacity() > 0 && self.spare() == 0;
            if is_needed && !self.line_is_full() {
                self.add_ring(mem::take(&mut memory.ring));
            }
        } else if memory.ring.capacity() > self.newest.capacity() {
            memory.ring.append(&mut self.newest);
            mem::swap(&mut self.newest, &mut memory.ring);
        }
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

    fn make_room<T>(heap: &mut Heap<T>) {
        while heap.spare() == 0 {
            heap.exchange(&mut Heap::<T>::allocate(heap.wants_memory(1)));
        }
    }

    fn filled(messages: usize) -> Heap<usize> {
        let mut heap = Heap::new(usize::MAX);
        for number in 0..messages {
            make_room(&mut heap);
            heap.push(number);
        }
        heap
    }

    /// Takes all, and frees what is idle as a channel does.
    fn emptied(mut heap: Heap<usize>) -> Heap<usize> {
        let mut expected = 0;
        while let Some(number) = heap.pop() {
            assert_eq!(number, expected);
            expected += 1;
            free(&mut heap);
        }
        heap
    }

    fn free(heap: &mut Heap<usize>) {
        if heap.has_idle_memory() {
            heap.exchange(&mut Heap::<usize>::allocate(heap.wants_memory(0)));
        }
        assert!(!heap.has_idle_memory());
    }

    #[test]
    fn many_messages_come_out_in_order_and_leave_no_memory() {
        let full = filled(300 * KEPT);
        assert_eq!(full.len(), 300 * KEPT);
        let in_rings = full.newest.capacity()
            + full.oldest.capacity()
            + full.between.iter().map(VecDeque::capacity).sum::<usize>();
        assert!(in_rings < 300 * KEPT + 2 * Heap::<usize>::LARGEST);
        let empty = emptied(full);
        assert_eq!((empty.len(), empty.newest.capacity()), (0, 0));
        assert_eq!((empty.oldest.capacity(), empty.idle.capacity()), (0, 0));
        assert!(empty.between.is_empty());
    }

    #[test]
    fn a_little_memory_is_kept() {
        let empty = emptied(filled(KEPT / 2));
        assert_eq!(empty.newest.capacity(), KEPT / 2);
    }

    #[test]
    fn a_long_queue_that_is_used_goes_on_in_order() {
        let mut heap = filled(10 * KEPT);
        let (mut oldest, mut newest) = (0, 10 * KEPT);
        for _ in 0..100 * KEPT {
            make_room(&mut heap);
            heap.push(newest);
            newest += 1;
            assert_eq!(heap.pop(), Some(oldest));
            oldest += 1;
            free(&mut heap);
        }
        assert_eq!(heap.len(), 10 * KEPT);
        let mut batch = Vec::new();
        while heap.pop_many(100, &mut batch) > 0 {
            free(&mut heap);
        }
        assert!(batch.into_iter().eq(oldest..newest));
    }

    #[test]
    fn memory_that_came_too_late_is_handed_back() {
        let mut heap = filled(100);
        let mut small = Heap::<usize>::allocate(Wanted {
            messages: 16,
            rings: 0,
        });
        heap.exchange(&mut small);
        assert_eq!((heap.len(), small.ring.len()), (100, 0));
        let mut heap = filled(2 * KEPT + 1);
        let rings = heap.between.len();
        let mut ring = Heap::<usize>::allocate(Wanted {
            messages: KEPT,
            rings: 0,
        });
        heap.exchange(&mut ring);
        assert_eq!((heap.between.len(), ring.ring.capacity()), (rings, KEPT));
    }

    #[test]
    fn messages_without_a_size_want_no_memory() {
        let mut heap = Heap::new(usize::MAX);
        for _ in 0..10 * KEPT {
            assert!(heap.spare() > 0);
            heap.push(());
        }
        while heap.pop().is_some() {}
        assert!(!heap.has_idle_memory());
    }
}
