//! The memory of tasks: blocks in many sizes, of which a context keeps some for its next tasks.
//!
//! A block's size is 8 short of a multiple of 16 bytes: allocators that put a word before a block and align it to 16, as that of
//! the C library, then waste nothing. Whole cache lines, aligned to them, took up to 128 bytes more for each task, and echoes
//! over 1 to 10,000 connections were not faster with them. So two tasks may share the line where their blocks meet; they are
//! tasks of one context, unless one thread submitted them to several.
//!
//! Blocks that the home thread frees go to a list by size and are taken from there again, newest first, while they are still in
//! the cache; general allocators keep only a handful of blocks that close, and return a burst's pages to the kernel at once only
//! to fault them in for the next one. What is kept is bounded ([`KEPT`]), and given back when the run ends. Larger tasks go to
//! the allocator.
//!
//! With debug assertions nothing is kept, so that memory checkers see every task's life.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;

/// Sizes are multiples of it, but for [`HEAD`].
const GRAIN: usize = 16;
/// What an allocator puts before a block.
const HEAD: usize = 8;
const CLASSES: usize = 64;

/// The most bytes that a context keeps.
const KEPT: usize = 1 << 20;

/// The memory that a task takes: its layout, and the list that such blocks go to.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    layout: Layout,
    /// `CLASSES` if they go to none.
    class: usize,
}

impl Block {
    /// The block for a `T`.
    pub(crate) const fn of<T>() -> Self {
        Self::for_layout(Layout::new::<T>())
    }

    const fn for_layout(layout: Layout) -> Self {
        let grains = (layout.size() + HEAD).div_ceil(GRAIN);
        if layout.align() > GRAIN || grains > CLASSES {
            return Self {
                layout,
                class: CLASSES,
            };
        }
        Self {
            layout: Self::of_class(grains - 1),
            class: grains - 1,
        }
    }

    /// The layout of all blocks of a class.
    const fn of_class(class: usize) -> Layout {
        match Layout::from_size_align((class + 1) * GRAIN - HEAD, GRAIN) {
            Ok(layout) => layout,
            Err(_) => panic!("a block of a class is small"),
        }
    }

    /// Memory from the allocator.
    pub(crate) fn allocate(self) -> NonNull<u8> {
        // SAFETY: a block is never empty: it has room for a header.
        NonNull::new(unsafe { alloc(self.layout) })
            .unwrap_or_else(|| handle_alloc_error(self.layout))
    }

    /// Gives memory back to the allocator.
    ///
    /// # Safety
    ///
    /// `memory` was allocated for such a block, and nothing uses it any more.
    pub(crate) unsafe fn deallocate(self, memory: NonNull<u8>) {
        // SAFETY: by contract.
        unsafe { dealloc(memory.as_ptr(), self.layout) };
    }
}

/// A block in a list.
struct Free {
    next: Option<NonNull<Free>>,
}

/// The blocks that a context keeps. For the home thread alone.
pub(crate) struct Kept {
    classes: [Cell<Option<NonNull<Free>>>; CLASSES],
    bytes: Cell<usize>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            classes: [const { Cell::new(None) }; CLASSES],
            bytes: Cell::new(0),
        }
    }
}

impl Kept {
    /// Memory for `block`.
    #[inline]
    pub(crate) fn take(&self, block: Block) -> NonNull<u8> {
        if let Some(list) = self.classes.get(block.class)
            && let Some(free) = list.get()
        {
            // SAFETY: blocks in the list are free and valid.
            list.set(unsafe { free.as_ref() }.next);
            self.bytes.set(self.bytes.get() - block.layout.size());
            return free.cast();
        }
        block.allocate()
    }

    /// Keeps memory, or frees it.
    ///
    /// # Safety
    ///
    /// `memory` was allocated for such a block, and nothing uses it any more.
    #[inline]
    pub(crate) unsafe fn put(&self, memory: NonNull<u8>, block: Block) {
        let bytes = self.bytes.get() + block.layout.size();
        if !cfg!(debug_assertions)
            && bytes <= KEPT
            && let Some(list) = self.classes.get(block.class)
        {
            let free = memory.cast::<Free>();
            // SAFETY: a block has room for a pointer, and is the caller's to give.
            unsafe { free.write(Free { next: list.get() }) };
            list.set(Some(free));
            self.bytes.set(bytes);
            return;
        }
        // SAFETY: by contract.
        unsafe { block.deallocate(memory) };
    }

    /// Gives everything back to the allocator.
    pub(crate) fn clear(&self) {
        for (class, list) in self.classes.iter().enumerate() {
            let layout = Block::of_class(class);
            let mut next = list.take();
            while let Some(free) = next {
                // SAFETY: blocks in the list are valid until here, and of the class's layout.
                unsafe {
                    next = free.as_ref().next;
                    Block { layout, class }.deallocate(free.cast());
                }
            }
        }
        self.bytes.set(0);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn block(size: usize, align: usize) -> Block {
        Block::for_layout(Layout::from_size_align(size, align).unwrap())
    }

    #[test]
    fn blocks_leave_room_for_the_allocators_word() {
        for (size, align, whole) in [(1, 1, 8), (8, 8, 8), (9, 8, 24), (272, 16, 280)] {
            let layout = block(size, align).layout;
            assert_eq!((layout.size(), layout.align()), (whole, 16));
        }
        for (size, align) in [(64, 64), (4096, 8)] {
            let layout = block(size, align).layout;
            assert_eq!((layout.size(), layout.align()), (size, align));
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_used_again() {
        let kept = Kept::default();
        for size in [64, 256, 1024, 4096] {
            let block = block(size, 8);
            let taken: Vec<_> = (0..2 * KEPT / size).map(|_| kept.take(block)).collect();
            for memory in &taken {
                // SAFETY: just taken for this block.
                unsafe { kept.put(*memory, block) };
            }
            assert!(kept.bytes.get() <= KEPT);
            if !cfg!(debug_assertions) && size < GRAIN * CLASSES {
                let kept_last = taken[KEPT / block.layout.size() - 1];
                assert_eq!(kept.take(block), kept_last);
                // SAFETY: just taken for this block.
                unsafe { kept.put(kept_last, block) };
            }
            kept.clear();
            assert_eq!(kept.bytes.get(), 0);
        }
    }
}
