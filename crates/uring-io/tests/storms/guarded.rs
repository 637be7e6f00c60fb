//! Buffers that show it when somebody uses them after they were dropped.
//!
//! A dropped buffer is filled with a pattern and kept for a while. If the kernel still read from it, the peer would
//! receive the pattern; if it still wrote to it, the pattern would be broken. A sanitizer sees neither, as it does not see
//! what the kernel does.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Deref;
use std::ptr::NonNull;

use uring_io::{IoBuf, IoBufMut};

/// What dropped memory is filled with.
const PATTERN: u8 = 0xdd;

/// Bytes of dropped memory that are kept.
const KEPT: usize = 4 << 20;

/// Direct I/O wants its memory aligned.
const ALIGNMENT: usize = 512;

/// A buffer for the kernel to read from or write to.
pub(crate) struct Guarded {
    memory: Memory,
    length: usize,
}

impl Guarded {
    /// Room for `capacity` bytes, which may be none.
    pub(crate) fn with_room(capacity: usize) -> Self {
        Self {
            memory: Memory::new(capacity),
            length: 0,
        }
    }

    /// A copy of some bytes.
    pub(crate) fn holding(bytes: &[u8]) -> Self {
        let mut guarded = Self::with_room(bytes.len());
        guarded.memory.bytes().copy_from_slice(bytes);
        guarded.length = bytes.len();
        guarded
    }
}

impl Deref for Guarded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the memory is initialised and `length` within it; the value owns it.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr(), self.length) }
    }
}

// SAFETY: the memory is the value's own, initialised, and stays where it is.
unsafe impl IoBuf for Guarded {
    fn as_ptr(&self) -> *const u8 {
        self.memory.start.as_ptr()
    }

    fn len(&self) -> usize {
        self.length
    }
}

// SAFETY: as above.
unsafe impl IoBufMut for Guarded {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.memory.start.as_ptr()
    }

    fn capacity(&self) -> usize {
        self.memory.capacity
    }

    unsafe fn set_init(&mut self, length: usize) {
        self.length = length;
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let mut memory = std::mem::replace(&mut self.memory, Memory::new(0));
        memory.bytes().fill(PATTERN);
        GRAVES.with_borrow_mut(|graves| graves.bury(memory));
    }
}

/// Checks all dropped memory that is still kept, and frees it.
pub(crate) fn check_all() {
    GRAVES.take().keep_at_most(0);
}

/// Memory of its own, freed when this is dropped.
struct Memory {
    start: NonNull<u8>,
    capacity: usize,
}

impl Memory {
    fn new(capacity: usize) -> Self {
        let start = match Self::layout(capacity) {
            layout if capacity > 0 => {
                // SAFETY: the layout has a size.
                NonNull::new(unsafe { alloc_zeroed(layout) })
                    .unwrap_or_else(|| handle_alloc_error(layout))
            }
            _ => NonNull::dangling(),
        };
        Self { start, capacity }
    }

    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(capacity, ALIGNMENT).expect("a small size")
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: zeroed when it was allocated, and the value's own.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.capacity) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: allocated with the same layout.
            unsafe { dealloc(self.start.as_ptr(), Self::layout(self.capacity)) }
        }
    }
}

thread_local! {
    static GRAVES: RefCell<Graves> = RefCell::default();
}

/// Dropped memory, the oldest first.
#[derive(Default)]
struct Graves {
    memory: VecDeque<Memory>,
    bytes: usize,
}

impl Drop for Graves {
    fn drop(&mut self) {
        self.keep_at_most(0);
    }
}

impl Graves {
    fn bury(&mut self, memory: Memory) {
        self.bytes += memory.capacity;
        self.memory.push_back(memory);
        self.keep_at_most(KEPT);
    }

    fn keep_at_most(&mut self, bytes: usize) {
        while self.bytes > bytes {
            let Some(mut oldest) = self.memory.pop_front() else {
                return;
            };
            self.bytes -= oldest.capacity;
            let wrong = oldest.bytes().iter().position(|byte| *byte != PATTERN);
            assert_eq!(
                wrong, None,
                "byte {wrong:?} of a buffer of {} bytes was written to after it was dropped",
                oldest.capacity
            );
        }
    }
}
