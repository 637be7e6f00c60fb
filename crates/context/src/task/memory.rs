//! The memory of tasks: blocks in a few sizes, of which a context keeps some for its next tasks.
//!
//! A block's size is a multiple of 64 bytes, the cache line. Blocks that the home thread frees go to a list by size and are
//! taken from there again, newest first, while they are still in the cache; general allocators keep only a handful of
//! blocks that close, and return a burst's pages to the kernel at once only to fault them in for the next one. What is
//! kept is bounded ([`KEPT`]), and given back when the run ends. A task larger than [`LARGEST`] goes to the
//! allocator.
//!
//! With debug assertions nothing is kept, so that memory checkers see every task's life.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;

const LINE: usize = 64;
const CLASSES: usize = 16;

/// The largest block that is kept, in bytes.
const LARGEST: usize = LINE * CLASSES;

/// The most bytes that a context keeps.
const KEPT: usize = 1 << 20;

/// The layout to allocate for a task that needs `layout`.
pub(crate) const fn block(layout: Layout) -> Layout {
    let size = layout.size().next_multiple_of(LINE);
    let align = if layout.align() > LINE {
        layout.align()
    } else {
        LINE
    };
    match Layout::from_size_align(size, align) {
        Ok(block) => block,
        Err(_) => panic!("the task is larger than the address space"),
    }
}

struct Free {
    next: Option<NonNull<Free>>,
}

/// The blocks that a context keeps. For the home thread alone.
#[derive(Default)]
pub(crate) struct Kept {
    classes: [Cell<Option<NonNull<Free>>>; CLASSES],
    bytes: Cell<usize>,
}

impl Kept {
    /// A block for `layout`, which comes from [`block`].
    #[inline]
    pub(crate) fn take(&self, layout: Layout) -> NonNull<u8> {
        if let Some(class) = class(layout)
            && let Some(free) = self.classes[class].get()
        {
            // SAFETY: blocks in the list are free and valid.
            self.classes[class].set(unsafe { free.as_ref() }.next);
            self.bytes.set(self.bytes.get() - layout.size());
            return free.cast();
        }
        allocate(layout)
    }

    /// Keeps a block, or frees it.
    ///
    /// # Safety
    ///
    /// `block` was allocated with `layout`, and nothing uses it any more.
    #[inline]
    pub(crate) unsafe fn put(&self, block: NonNull<u8>, layout: Layout) {
        let bytes = self.bytes.get() + layout.size();
        if !cfg!(debug_assertions)
            && bytes <= KEPT
            && let Some(class) = class(layout)
        {
            let free = block.cast::<Free>();
            // SAFETY: a block has room for a pointer, and is the caller's to give.
            unsafe {
                free.write(Free {
                    next: self.classes[class].get(),
                })
            };
            self.classes[class].set(Some(free));
            self.bytes.set(bytes);
            return;
        }
        // SAFETY: by contract.
        unsafe { dealloc(block.as_ptr(), layout) };
    }

    /// Gives everything back to the allocator.
    pub(crate) fn clear(&self) {
        for (class, list) in self.classes.iter().enumerate() {
            let layout =
                block(Layout::from_size_align((class + 1) * LINE, LINE).expect("a small layout"));
            let mut next = list.take();
            while let Some(free) = next {
                // SAFETY: blocks in the list are valid until here, and of the class's layout.
                unsafe {
                    next = free.as_ref().next;
                    dealloc(free.as_ptr().cast(), layout);
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

/// The list that blocks of this layout go to, if they are kept.
#[inline]
fn class(layout: Layout) -> Option<usize> {
    (layout.align() == LINE && layout.size() <= LARGEST).then(|| layout.size() / LINE - 1)
}

/// A block from the allocator.
pub(crate) fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: a block is never empty: `layout` has room for a header.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_lines() {
        for (size, align, line) in [(1, 1, 64), (64, 8, 64), (65, 8, 128), (200, 128, 256)] {
            let layout = block(Layout::from_size_align(size, align).unwrap());
            assert_eq!((layout.size(), layout.align()), (line, align.max(64)));
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_used_again() {
        let kept = Kept::default();
        for size in [64, 256, 1024, 4096] {
            let layout = block(Layout::from_size_align(size, 8).unwrap());
            let blocks: Vec<_> = (0..2 * KEPT / size).map(|_| kept.take(layout)).collect();
            for block in &blocks {
                // SAFETY: just taken with this layout.
                unsafe { kept.put(*block, layout) };
            }
            assert!(kept.bytes.get() <= KEPT);
            if !cfg!(debug_assertions) && size <= LARGEST {
                let kept_last = blocks[KEPT / size - 1];
                assert_eq!(kept.take(layout), kept_last);
                // SAFETY: just taken with this layout.
                unsafe { kept.put(kept_last, layout) };
            }
            kept.clear();
            assert_eq!(kept.bytes.get(), 0);
        }
    }
}
