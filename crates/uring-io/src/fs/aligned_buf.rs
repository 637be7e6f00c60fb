//! A buffer at an aligned address, for direct I/O.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use uring_engine::{IoBuf, IoBufMut};

/// A buffer whose address and capacity are multiples of an alignment, as direct I/O demands. Like a `Vec<u8>` that does not
/// grow: it has a length and a capacity. A read fills it from the beginning and sets the length; a write takes the length,
/// which for direct I/O has to be a multiple of the alignment too.
///
/// ```
/// use uring_io::fs::AlignedBuf;
///
/// let mut buffer = AlignedBuf::new(5000, 4096);
/// assert_eq!((buffer.len(), buffer.capacity()), (0, 8192));
/// buffer.set_len(4096);
/// buffer[..5].copy_from_slice(b"hello");
/// assert!(buffer.as_ptr().addr().is_multiple_of(4096));
/// ```
pub struct AlignedBuf {
    start: NonNull<u8>,
    /// At most the capacity.
    len: usize,
    layout: Layout,
}

impl AlignedBuf {
    /// A buffer of length 0 and at least this capacity, rounded up to a multiple of `alignment`. Its memory is zeroed.
    ///
    /// # Panics
    ///
    /// If `alignment` is not a power of two, or for a capacity of more than half the address space.
    pub fn new(capacity: usize, alignment: usize) -> Self {
        let layout = Layout::from_size_align(capacity.max(1), alignment)
            .expect("an alignment is a power of two, and memory is limited")
            .pad_to_align();
        // SAFETY: the size is not 0.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout)
        };
        Self {
            start,
            len: 0,
            layout,
        }
    }

    /// Bytes that there is room for.
    pub fn capacity(&self) -> usize {
        self.layout.size()
    }

    /// The alignment, in bytes.
    pub fn alignment(&self) -> usize {
        self.layout.align()
    }

    /// Sets the length. Bytes that were never written are 0; others are what they were.
    ///
    /// # Panics
    ///
    /// If there is less room.
    pub fn set_len(&mut self, len: usize) {
        assert!(
            len <= self.capacity(),
            "{len} bytes in a buffer of {}",
            self.capacity()
        );
        self.len = len;
    }

    /// Sets the length to the capacity, as for a buffer to write as a whole.
    pub fn fill_up(&mut self) {
        self.len = self.capacity();
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: memory of its own, zeroed when it was allocated, of which `len` is at most the size.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

// SAFETY: initialised heap memory of its own, which stays put when the value moves.
unsafe impl IoBuf for AlignedBuf {
    fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    fn len(&self) -> usize {
        self.len
    }
}

// SAFETY: as above; nobody else has it.
unsafe impl IoBufMut for AlignedBuf {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    fn capacity(&self) -> usize {
        self.layout.size()
    }

    unsafe fn set_init(&mut self, len: usize) {
        self.len = len.min(self.layout.size());
    }
}

// SAFETY: plain memory that it owns alone.
unsafe impl Send for AlignedBuf {}
// SAFETY: as above; shared, it is only read.
unsafe impl Sync for AlignedBuf {}

impl Drop for AlignedBuf {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and nobody has it any more: an operation in flight owns the buffer.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

impl fmt::Debug for AlignedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBuf")
            .field("len", &self.len)
            .field("capacity", &self.capacity())
            .field("alignment", &self.alignment())
            .finish()
    }
}
