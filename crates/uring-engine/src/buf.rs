//! Buffers that an operation may own while the kernel uses them.

use std::io;
use std::ops::{Deref, DerefMut, Range};

/// The outcome of an operation that borrowed a buffer from its caller, and the buffer.
pub type BufResult<T, B> = (io::Result<T>, B);

/// A buffer that the kernel may read from.
///
/// # Safety
///
/// [`as_ptr`](IoBuf::as_ptr) and [`len`](IoBuf::len) describe initialised memory that the value owns or that lives for
/// ever. It keeps its address while the value is not moved, and nothing else writes to it.
pub unsafe trait IoBuf: 'static {
    /// Where the buffer begins.
    fn as_ptr(&self) -> *const u8;

    /// Initialised bytes.
    fn len(&self) -> usize;

    /// Whether no byte is initialised.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A buffer that the kernel may write to.
///
/// # Safety
///
/// [`as_mut_ptr`](IoBufMut::as_mut_ptr) and [`capacity`](IoBufMut::capacity) describe memory that the value owns
/// exclusively and that keeps its address while the value is not moved.
pub unsafe trait IoBufMut: IoBuf {
    /// Where the buffer begins.
    fn as_mut_ptr(&mut self) -> *mut u8;

    /// Bytes that may be written, initialised or not.
    fn capacity(&self) -> usize;

    /// Tells the buffer that the kernel has written its first `len` bytes. A growable buffer is then `len` bytes long;
    /// one of fixed size ignores it.
    ///
    /// # Safety
    ///
    /// The first `len` bytes are initialised, and `len` is at most the capacity.
    unsafe fn set_init(&mut self, len: usize);
}

// SAFETY: a vector owns its heap memory, which stays put when the vector moves.
unsafe impl IoBuf for Vec<u8> {
    fn as_ptr(&self) -> *const u8 {
        Vec::as_ptr(self)
    }

    fn len(&self) -> usize {
        Vec::len(self)
    }
}

// SAFETY: as above; the capacity is what was allocated.
unsafe impl IoBufMut for Vec<u8> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        Vec::as_mut_ptr(self)
    }

    fn capacity(&self) -> usize {
        Vec::capacity(self)
    }

    unsafe fn set_init(&mut self, len: usize) {
        // SAFETY: passed on to the caller.
        unsafe { self.set_len(len) };
    }
}

// SAFETY: a boxed slice owns its heap memory, which stays put when the box moves.
unsafe impl IoBuf for Box<[u8]> {
    fn as_ptr(&self) -> *const u8 {
        (**self).as_ptr()
    }

    fn len(&self) -> usize {
        (**self).len()
    }
}

// SAFETY: as above.
unsafe impl IoBufMut for Box<[u8]> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        (**self).as_mut_ptr()
    }

    fn capacity(&self) -> usize {
        (**self).len()
    }

    unsafe fn set_init(&mut self, _len: usize) {}
}

// SAFETY: the bytes lie in the value itself, which its owner does not move.
unsafe impl<const N: usize> IoBuf for [u8; N] {
    fn as_ptr(&self) -> *const u8 {
        self.as_slice().as_ptr()
    }

    fn len(&self) -> usize {
        N
    }
}

// SAFETY: as above.
unsafe impl<const N: usize> IoBufMut for [u8; N] {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.as_mut_slice().as_mut_ptr()
    }

    fn capacity(&self) -> usize {
        N
    }

    unsafe fn set_init(&mut self, _len: usize) {}
}

// SAFETY: the bytes live for ever and nobody writes to them.
unsafe impl IoBuf for &'static [u8] {
    fn as_ptr(&self) -> *const u8 {
        <[u8]>::as_ptr(self)
    }

    fn len(&self) -> usize {
        <[u8]>::len(self)
    }
}

// SAFETY: as above.
unsafe impl IoBuf for &'static str {
    fn as_ptr(&self) -> *const u8 {
        str::as_ptr(self)
    }

    fn len(&self) -> usize {
        str::len(self)
    }
}

// SAFETY: a string owns its heap memory, which stays put when the string moves.
unsafe impl IoBuf for String {
    fn as_ptr(&self) -> *const u8 {
        self.as_str().as_ptr()
    }

    fn len(&self) -> usize {
        String::len(self)
    }
}

// SAFETY: the counted bytes stay put when a handle moves, and shared bytes are not written to.
unsafe impl IoBuf for std::rc::Rc<[u8]> {
    fn as_ptr(&self) -> *const u8 {
        (**self).as_ptr()
    }

    fn len(&self) -> usize {
        (**self).len()
    }
}

// SAFETY: as above.
unsafe impl IoBuf for std::sync::Arc<[u8]> {
    fn as_ptr(&self) -> *const u8 {
        (**self).as_ptr()
    }

    fn len(&self) -> usize {
        (**self).len()
    }
}

/// A window of a buffer, as a buffer: for reading into the middle of it or for writing the rest.
///
/// As a source it is the initialised bytes within the window; as a destination, the window's bytes.
#[derive(Debug)]
pub struct Slice<B> {
    buffer: B,
    begin: usize,
    end: usize,
}

impl<B: IoBuf> Slice<B> {
    /// The bytes `range` of `buffer`.
    ///
    /// # Panics
    ///
    /// If the range begins behind the initialised bytes or ends before it begins. An end behind the capacity is cut off
    /// when the buffer is used.
    pub fn new(buffer: B, range: Range<usize>) -> Slice<B> {
        assert!(
            range.start <= buffer.len() && range.start <= range.end,
            "the window {range:?} does not lie in {} initialised bytes",
            buffer.len()
        );
        Slice {
            buffer,
            begin: range.start,
            end: range.end,
        }
    }

    /// The whole buffer.
    pub fn into_inner(self) -> B {
        self.buffer
    }

    /// The whole buffer, borrowed.
    pub fn get_ref(&self) -> &B {
        &self.buffer
    }
}

// SAFETY: a part of a buffer for which the same was promised; `begin` is at most its length.
unsafe impl<B: IoBuf> IoBuf for Slice<B> {
    fn as_ptr(&self) -> *const u8 {
        // SAFETY: `new` checked that the window begins inside the buffer.
        unsafe { self.buffer.as_ptr().add(self.begin) }
    }

    fn len(&self) -> usize {
        self.buffer.len().min(self.end).saturating_sub(self.begin)
    }
}

// SAFETY: as above.
unsafe impl<B: IoBufMut> IoBufMut for Slice<B> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        // SAFETY: `new` checked that the window begins inside the buffer.
        unsafe { self.buffer.as_mut_ptr().add(self.begin) }
    }

    fn capacity(&self) -> usize {
        self.buffer.capacity().min(self.end) - self.begin
    }

    unsafe fn set_init(&mut self, len: usize) {
        // SAFETY: the bytes before the window were initialised already.
        unsafe { self.buffer.set_init(self.begin + len) };
    }
}

impl<B: IoBuf> Deref for Slice<B> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `IoBuf` promises initialised memory of that length.
        unsafe { std::slice::from_raw_parts(IoBuf::as_ptr(self), IoBuf::len(self)) }
    }
}

impl<B: IoBufMut> DerefMut for Slice<B> {
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = IoBuf::len(self);
        // SAFETY: `IoBufMut` promises exclusive memory, of which `len` bytes are initialised.
        unsafe { std::slice::from_raw_parts_mut(IoBufMut::as_mut_ptr(self), len) }
    }
}

/// A length as an entry takes it. One operation moves at most 2 GiB, as the plain system calls do.
#[inline]
pub(crate) fn entry_len(len: usize) -> u32 {
    len.min(0x7fff_f000) as u32
}
