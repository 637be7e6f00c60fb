//! Received bytes in a buffer that somebody else provided.

use std::fmt;
use std::ops::Deref;

use uring_engine::{IoBuf, PooledBuf};

/// Bytes that [`recv`](super::Stream::recv) received: at least one, or those of a [datagram](super::Packet).
///
/// They can be written as they are, without a copy: `RecvBuf` is an [`IoBuf`]. Dropping it gives its buffer back to the
/// context.
pub struct RecvBuf(Storage);

enum Storage {
    /// A buffer of the context.
    Pool(PooledBuf),
    /// From the heap: bytes that came too late for the operation that asked for them, or when there was no other buffer.
    /// Boxed, as they are rare, and a buffer of the context takes three words.
    Heap(Box<HeapBytes>),
}

struct HeapBytes {
    bytes: Box<[u8]>,
    /// The first byte that has not been read.
    begin: usize,
}

impl RecvBuf {
    #[inline]
    pub(crate) fn from_pool(buffer: PooledBuf) -> Self {
        Self(Storage::Pool(buffer))
    }

    pub(crate) fn from_heap(bytes: impl Into<Box<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self(Storage::Heap(Box::new(HeapBytes { bytes, begin: 0 })))
    }

    /// Takes `count` bytes off the beginning.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn advance(&mut self, count: usize) {
        match &mut self.0 {
            Storage::Pool(buffer) => buffer.advance(count),
            Storage::Heap(heap) => {
                let left = heap.bytes.len() - heap.begin;
                assert!(count <= left, "{count} bytes off the beginning of {left}");
                heap.begin += count;
            }
        }
    }
}

impl Deref for RecvBuf {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Storage::Pool(buffer) => buffer,
            Storage::Heap(heap) => &heap.bytes[heap.begin..],
        }
    }
}

impl AsRef<[u8]> for RecvBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

// SAFETY: the bytes are initialised and lie in memory of the heap or of the pool that belongs to the buffer alone and stays
// put when the handle moves; nobody writes to them.
unsafe impl IoBuf for RecvBuf {
    #[inline]
    fn as_ptr(&self) -> *const u8 {
        (**self).as_ptr()
    }

    #[inline]
    fn len(&self) -> usize {
        match &self.0 {
            Storage::Pool(buffer) => buffer.len(),
            Storage::Heap(heap) => heap.bytes.len() - heap.begin,
        }
    }
}

impl fmt::Debug for RecvBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvBuf").field(&&**self).finish()
    }
}
