//! A buffer that direct I/O takes, for whoever brings none of their own.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::slice;

/// What memory, offsets and lengths of direct I/O are multiples of on every disk.
pub(crate) const ALIGNMENT: usize = 4096;

/// Aligned bytes, all of them initialised: zeros to begin with.
pub(crate) struct Block {
    start: NonNull<u8>,
    size: usize,
    /// Bytes that the last read has brought, or that a write is to take.
    len: usize,
}

// SAFETY: it owns its memory.
unsafe impl Send for Block {}

impl Block {
    /// A block of `size` bytes, all of them to write.
    pub(crate) fn new(size: usize) -> Self {
        let layout = layout(size);
        // SAFETY: the size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout);
        };
        Self {
            start,
            size,
            len: size,
        }
    }

    /// What the last read has brought.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the memory is initialised, and `len` is at most its size.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// All of it.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        // SAFETY: the memory is initialised and borrowed mutably with `self`.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.size) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.start.as_ptr(), layout(self.size)) };
    }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size.max(1), ALIGNMENT)
        .expect("a block is small, the alignment a power of two")
}

// SAFETY: the memory stays put when the handle moves, and nobody else has it.
unsafe impl uring_io::IoBuf for Block {
    fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    fn len(&self) -> usize {
        self.len
    }
}

// SAFETY: as above.
unsafe impl uring_io::IoBufMut for Block {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    fn capacity(&self) -> usize {
        self.size
    }

    unsafe fn set_init(&mut self, len: usize) {
        self.len = len;
    }
}

#[cfg(feature = "monoio")]
// SAFETY: as for `uring_io`.
unsafe impl monoio::buf::IoBuf for Block {
    fn read_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    fn bytes_init(&self) -> usize {
        self.len
    }
}

#[cfg(feature = "monoio")]
// SAFETY: as for `uring_io`.
unsafe impl monoio::buf::IoBufMut for Block {
    fn write_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    fn bytes_total(&mut self) -> usize {
        self.size
    }

    unsafe fn set_init(&mut self, len: usize) {
        self.len = len;
    }
}

#[cfg(feature = "compio")]
mod compio {
    //! What compio asks of a buffer.

    use std::mem::MaybeUninit;

    use compio::buf::{IoBuf, IoBufMut, SetLen};

    use super::Block;

    impl IoBuf for Block {
        fn as_init(&self) -> &[u8] {
            self.bytes()
        }
    }

    impl SetLen for Block {
        unsafe fn set_len(&mut self, len: usize) {
            self.len = len;
        }
    }

    impl IoBufMut for Block {
        fn as_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
            let space = self.space();
            // SAFETY: initialised bytes are bytes that need not be, of the same layout; compio writes initialised ones only.
            unsafe { &mut *(std::ptr::from_mut(space) as *mut [MaybeUninit<u8>]) }
        }
    }
}
