//! Where a channel keeps its messages: the one thing in which the forms differ.

use alloc::vec::Vec;

mod array;
mod heap;

pub(crate) use array::Array;
pub(crate) use heap::Heap;

/// A first-in, first-out store of messages, used under the channel's lock.
///
/// Memory is made and given back without the lock: [`wants_memory`](Buffer::wants_memory) says that it is time,
/// [`Memory`](Buffer::Memory) is made outside, and [`exchange`](Buffer::exchange) puts it in place.
pub trait Buffer {
    /// A message.
    type Item;
    /// An allocation.
    type Memory;

    /// How many messages are in it.
    fn len(&self) -> usize;

    /// How many messages it may hold: a limit, not an allocation.
    fn capacity(&self) -> usize;

    /// Whether there is memory for one more.
    fn has_memory(&self) -> bool;

    /// Adds a message; there is memory for it.
    fn push(&mut self, value: Self::Item);

    /// Takes the oldest message.
    fn pop(&mut self) -> Option<Self::Item>;

    /// How many messages there is memory for, beside those that are in it.
    fn spare(&self) -> usize;

    /// Takes the oldest messages, as many of them as there are up to `limit`, for which there is room behind what is in the
    /// vector; how many.
    fn pop_many(&mut self, limit: usize, into: &mut Vec<Self::Item>) -> usize {
        let count = limit.min(self.len());
        into.extend((0..count).map_while(|_| self.pop()));
        count
    }

    /// How large the memory should be, in messages, if it should be another one than it is: to add `more` messages, or
    /// because much of it has become idle.
    fn wants_memory(&self, more: usize) -> Option<usize>;

    /// Makes memory for so many messages; without the lock.
    fn allocate(messages: usize) -> Self::Memory;

    /// Moves into `memory` if it is still large enough, and leaves the old memory there, to be freed without the lock.
    fn exchange(&mut self, memory: &mut Self::Memory);
}

/// A buffer whose limit can be changed.
pub trait Resizable: Buffer {
    /// Changes how many messages it may hold. If it holds more, they stay.
    fn set_capacity(&mut self, capacity: usize);
}
