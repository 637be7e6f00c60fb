//! A filled buffer on loan.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::buf::IoBuf;
use crate::pool::BufferRing;

/// Received bytes in a buffer of a [`BufferRing`], which gets it back when this is dropped.
///
/// It can be sent as it is, without a copy: it is an [`IoBuf`].
pub struct PooledBuf {
    ring: BufferRing,
    /// Where its bytes begin. Asked of the ring once, as buffers never move.
    start: NonNull<u8>,
    len: u32,
    id: u16,
    /// Bytes were taken off the beginning, which is no longer where the buffer is.
    advanced: bool,
}

impl PooledBuf {
    #[inline]
    pub(crate) fn new(ring: BufferRing, id: u16, len: u32) -> PooledBuf {
        let start = ring.shared().address(id);
        PooledBuf {
            ring,
            start,
            len,
            id,
            advanced: false,
        }
    }

    /// The ring it belongs to.
    pub fn ring(&self) -> &BufferRing {
        &self.ring
    }

    /// Forgets the bytes from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(u32::try_from(len).unwrap_or(u32::MAX));
    }

    /// Takes `count` bytes off the beginning.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn advance(&mut self, count: usize) {
        assert!(
            count <= self.len as usize,
            "{count} bytes off the beginning of {}",
            self.len
        );
        // SAFETY: there are so many bytes from `start` on.
        self.start = unsafe { self.start.add(count) };
        self.len -= count as u32;
        self.advanced = true;
    }
}

impl Deref for PooledBuf {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the ring's memory is mapped as long as `self` holds the ring, initialised from the start, and the
        // kernel leaves this buffer alone until it is given back; `len` bytes are left of it from `start` on.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len as usize) }
    }
}

impl DerefMut for PooledBuf {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `self` is the buffer's only owner.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len as usize) }
    }
}

// SAFETY: initialised memory of the ring, which `self` keeps mapped and which stays put when `self` moves.
unsafe impl IoBuf for PooledBuf {
    #[inline]
    fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    #[inline]
    fn len(&self) -> usize {
        self.len as usize
    }
}

impl Drop for PooledBuf {
    #[inline]
    fn drop(&mut self) {
        let shared = self.ring.shared();
        let start = if self.advanced {
            shared.address(self.id)
        } else {
            self.start
        };
        shared.give_back(self.id, start);
    }
}

impl fmt::Debug for PooledBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledBuf")
            .field("id", &self.id)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
