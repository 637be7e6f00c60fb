//! Where a channel keeps its messages: the one thing in which the forms differ.

use alloc::vec::Vec;

mod array;
mod heap;

pub(crate) use array::Array;
pub(crate) use heap::Heap;

/// A first-in, first-out store of messages, used under the channel's lock.
///
/// Memory is made and given back without the lock: if there is none to [`spare`](Buffer::spare), or some is
/// [idle](Buffer::has_idle_memory), [`wants_memory`](Buffer::wants_memory) says what to make, [`allocate`](Buffer::allocate) makes it
/// outside, and [`exchange`](Buffer::exchange) puts it in place and hands out what is to be freed.
pub trait Buffer {
    /// A message.
    type Item;
    /// What memory to make.
    type Wanted;
    /// Allocations.
    type Memory;

    /// How many messages are in it.
    fn len(&self) -> usize;

    /// How many messages it may hold: a limit, not an allocation.
    fn capacity(&self) -> usize;

    /// Adds a message; there is memory for it.
    fn push(&mut self, value: Self::Item);

    /// Takes the oldest message.
    fn pop(&mut self) -> Option<Self::Item>;

    /// How many messages there is memory for, beside those that are in it.
    fn spare(&self) -> usize;

    /// Whether there is memory for a new message when the oldest was taken: it may have left its memory elsewhere.
    fn can_replace(&self) -> bool;

    /// Takes the oldest messages, as many of them as there are up to `limit`, for which there is room behind what is in the
    /// vector; how many.
    fn pop_many(&mut self, limit: usize, into: &mut Vec<Self::Item>) -> usize {
        let count = limit.min(self.len());
        into.extend((0..count).map_while(|_| self.pop()));
        count
    }

    /// Whether some memory has become useless.
    fn has_idle_memory(&self) -> bool;

    /// What to make for `more` messages; with 0, nothing, to free what is idle.
    fn wants_memory(&self, more: usize) -> Self::Wanted;

    /// Makes it; without the lock.
    fn allocate(wanted: Self::Wanted) -> Self::Memory;

    /// Takes what it can use of the memory, and leaves what is to be freed there. It may have changed since it was asked: then it
    /// is to be asked again.
    fn exchange(&mut self, memory: &mut Self::Memory);
}

/// A buffer whose limit can be changed.
pub trait Resizable: Buffer {
    /// Changes how many messages it may hold. If it holds more, they stay.
    fn set_capacity(&mut self, capacity: usize);
}
