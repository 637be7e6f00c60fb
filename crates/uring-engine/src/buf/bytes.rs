//! Buffers of the `bytes` crate.

use bytes::{Bytes, BytesMut};

use crate::buf::{IoBuf, IoBufMut};

// SAFETY: the counted or static bytes stay put when a handle moves, and shared bytes are not written to.
unsafe impl IoBuf for Bytes {
    fn as_ptr(&self) -> *const u8 {
        <[u8]>::as_ptr(self)
    }

    fn len(&self) -> usize {
        Bytes::len(self)
    }
}

// SAFETY: the bytes lie on the heap and belong to this handle alone.
unsafe impl IoBuf for BytesMut {
    fn as_ptr(&self) -> *const u8 {
        <[u8]>::as_ptr(self)
    }

    fn len(&self) -> usize {
        BytesMut::len(self)
    }
}

// SAFETY: as above; the capacity is what this handle may grow to in place.
unsafe impl IoBufMut for BytesMut {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        <[u8]>::as_mut_ptr(self)
    }

    fn capacity(&self) -> usize {
        BytesMut::capacity(self)
    }

    unsafe fn set_init(&mut self, len: usize) {
        // SAFETY: passed on to the caller.
        unsafe { self.set_len(len) };
    }
}
