//! The slot table: pages of slots that never move, a last-in-first-out free list, and the queue nodes of multishot
//! completions.
//!
//! A slot's key is its index and its generation; the generation changes whenever the slot is freed, so a completion
//! that comes late finds a stranger and is ignored. Freed slots are reused first, while they are still in the cache.

use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;

use crate::completion::Completion;
use crate::slot::{NONE, Slot, State};

const PAGE_BITS: u32 = 6;
const PAGE_SLOTS: u32 = 1 << PAGE_BITS;

type Page = [Slot; PAGE_SLOTS as usize];

/// User data of a slot: index in the low half, generation in the high half. Indices with the top bit set are the
/// engine's own; the table never has that many slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Key {
    pub(crate) const INTERNAL: u32 = 1 << 31;

    #[inline]
    pub(crate) fn user_data(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    #[inline]
    pub(crate) fn from_user_data(user_data: u64) -> Key {
        Key {
            index: user_data as u32,
            generation: (user_data >> 32) as u32,
        }
    }
}

/// All slots of an engine.
///
/// Methods are leaves: the exclusive borrows inside call no foreign code and do not overlap (the table is `!Sync`).
pub(crate) struct Table {
    pages: UnsafeCell<Vec<NonNull<Page>>>,
    free: Cell<u32>,
    nodes: UnsafeCell<Vec<Node>>,
    free_node: Cell<u32>,
}

struct Node {
    completion: Completion,
    next: u32,
}

impl Table {
    pub(crate) fn new() -> Table {
        Table {
            pages: UnsafeCell::new(Vec::new()),
            free: Cell::new(NONE),
            nodes: UnsafeCell::new(Vec::new()),
            free_node: Cell::new(NONE),
        }
    }

    /// The slot at an index that the table handed out.
    #[inline]
    pub(crate) fn slot(&self, index: u32) -> &Slot {
        // SAFETY: the borrow of the vector ends in this function; the page is alive as long as the table and is only
        // ever reached by shared references.
        unsafe {
            let page = (&*self.pages.get())[(index >> PAGE_BITS) as usize];
            &page.as_ref()[(index & (PAGE_SLOTS - 1)) as usize]
        }
    }

    /// The slot that a key means, unless it was freed since.
    #[inline]
    pub(crate) fn find(&self, key: Key) -> Option<&Slot> {
        if key.index >= self.len() {
            return None;
        }
        let slot = self.slot(key.index);
        (slot.generation.get() == key.generation && slot.state.get() != State::Free).then_some(slot)
    }

    /// Slots in all pages, free ones included.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        // SAFETY: a leaf borrow.
        (unsafe { (*self.pages.get()).len() }) as u32 * PAGE_SLOTS
    }

    /// Takes a slot off the free list. Its state is still `Free`; the caller fills it in.
    #[inline]
    pub(crate) fn reserve(&self) -> (u32, &Slot) {
        if self.free.get() == NONE {
            self.grow();
        }
        let index = self.free.get();
        let slot = self.slot(index);
        self.free.set(slot.link.get());
        slot.link.set(NONE);
        slot.tail.set(NONE);
        slot.cancelling.set(false);
        slot.cancels.set(0);
        slot.answered.set(false);
        (index, slot)
    }

    /// Gives a slot back whose payload has been taken.
    #[inline]
    pub(crate) fn release(&self, index: u32) {
        let slot = self.slot(index);
        debug_assert!(slot.state.get() != State::Free || slot.vtable.get().is_none());
        slot.generation.set(slot.generation.get().wrapping_add(1));
        slot.state.set(State::Free);
        slot.link.set(self.free.get());
        self.free.set(index);
    }

    #[cold]
    fn grow(&self) {
        let first = self.len();
        assert!(
            first < Key::INTERNAL - PAGE_SLOTS,
            "more operations in flight than keys"
        );
        let page: Box<Page> = Box::new(std::array::from_fn(|_| Slot::empty()));
        for (at, slot) in page.iter().enumerate().take(PAGE_SLOTS as usize - 1) {
            slot.link.set(first + at as u32 + 1);
        }
        // SAFETY: a leaf borrow; a push may move the vector but not the pages.
        unsafe { (*self.pages.get()).push(NonNull::from(Box::leak(page))) };
        self.free.set(first);
    }

    /// Appends a completion to a multishot slot's queue.
    #[inline]
    pub(crate) fn enqueue(&self, slot: &Slot, completion: Completion) {
        // SAFETY: a leaf borrow.
        let nodes = unsafe { &mut *self.nodes.get() };
        let node = Node {
            completion,
            next: NONE,
        };
        let at = self.free_node.get();
        let at = if at == NONE {
            nodes.push(node);
            (nodes.len() - 1) as u32
        } else {
            self.free_node.set(nodes[at as usize].next);
            nodes[at as usize] = node;
            at
        };
        if slot.link.get() == NONE {
            slot.link.set(at);
        } else {
            nodes[slot.tail.get() as usize].next = at;
        }
        slot.tail.set(at);
    }

    /// Takes the oldest completion from a multishot slot's queue.
    #[inline]
    pub(crate) fn dequeue(&self, slot: &Slot) -> Option<Completion> {
        let at = slot.link.get();
        if at == NONE {
            return None;
        }
        // SAFETY: a leaf borrow.
        let nodes = unsafe { &mut *self.nodes.get() };
        let node = &mut nodes[at as usize];
        slot.link.set(node.next);
        node.next = self.free_node.get();
        self.free_node.set(at);
        Some(node.completion)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for page in self.pages.get_mut().drain(..) {
            // SAFETY: the pointer came from a leaked box and this is the only place that takes it back. Payloads still
            // in slots are the ones that shutdown leaked on purpose.
            drop(unsafe { Box::from_raw(page.as_ptr()) });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Key, PAGE_SLOTS, Table};
    use crate::completion::Completion;
    use crate::slot::State;

    #[test]
    fn a_freed_slot_is_reused_first_under_a_new_generation() {
        let table = Table::new();
        let (first, slot) = table.reserve();
        slot.state.set(State::Done);
        let key = Key {
            index: first,
            generation: slot.generation.get(),
        };
        assert!(table.find(key).is_some());
        table.release(first);
        assert!(table.find(key).is_none());
        let (second, slot) = table.reserve();
        slot.state.set(State::Done);
        assert_eq!(first, second);
        assert!(table.find(key).is_none());
        assert_eq!(Key::from_user_data(key.user_data()), key);
    }

    #[test]
    fn slots_stay_where_they_are_while_the_table_grows() {
        let table = Table::new();
        let (index, slot) = table.reserve();
        let address = std::ptr::from_ref(slot);
        let mut seen = std::collections::HashSet::from([index]);
        for _ in 0..PAGE_SLOTS * 40 {
            assert!(seen.insert(table.reserve().0), "handed out twice");
        }
        assert_eq!(std::ptr::from_ref(table.slot(index)), address);
    }

    #[test]
    fn queues_of_several_slots_share_nodes_and_keep_order() {
        let table = Table::new();
        let (_, a) = table.reserve();
        let (_, b) = table.reserve();
        let of = |result| Completion { result, flags: 0 };
        for round in 0..3 {
            for at in 0..100 {
                table.enqueue(a, of(at));
                table.enqueue(b, of(1000 + at));
            }
            for at in 0..100 {
                assert_eq!(table.dequeue(b), Some(of(1000 + at)), "round {round}");
                assert_eq!(table.dequeue(a), Some(of(at)));
            }
            assert_eq!(table.dequeue(a), None);
        }
        // SAFETY: no other borrow of the nodes exists.
        assert_eq!(unsafe { (*table.nodes.get()).len() }, 200);
    }
}
