//! A part of a buffer.

use std::ops::{Deref, DerefMut, Range};

use crate::buf::{IoBuf, IoBufMut};

/// A window of a buffer, as a buffer: for reading into the middle of it or for writing the rest.
///
/// As a source it is the initialised bytes within the window; as a destination, the window's bytes. A destination that the
/// kernel has written to ends with what was written, unless initialised bytes follow the window: those are kept.
///
/// ```
/// use uring_engine::IoBuf;
///
/// let rest = "hello, world".slice(7..);
/// assert_eq!(&*rest, b"world");
/// assert_eq!(rest.into_inner(), "hello, world");
/// ```
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
        let initialised = self.buffer.len();
        // What follows the window is not the kernel's to cut off; it is initialised, and so is what precedes it.
        let len = if self.end < initialised {
            initialised
        } else {
            self.begin + len
        };
        // SAFETY: the bytes before the window were initialised already, and so were those up to `initialised`.
        unsafe { self.buffer.set_init(len) };
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
