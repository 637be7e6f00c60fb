//! Values that one thread writes and any thread may read.
//!
//! The writer is always a context's own thread, so a change is a plain load, an addition and a plain store: the
//! machine code of an ordinary variable, without an atomic read-modify-write. Readers see each value whole,
//! though not in step with other values.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// A 64-bit counter or gauge with one writing thread.
#[derive(Debug, Default)]
pub(crate) struct Published(AtomicU64);

impl Published {
    pub(crate) const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    #[inline]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    #[inline]
    pub(crate) fn add(&self, amount: u64) {
        self.set(self.get().wrapping_add(amount));
    }
}

/// A 32-bit word with one writing thread.
#[derive(Debug, Default)]
pub(crate) struct PublishedWord(AtomicU32);

impl PublishedWord {
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    #[inline]
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    #[inline]
    pub(crate) fn set(&self, value: u32) {
        self.0.store(value, Relaxed);
    }

    #[inline]
    pub(crate) fn insert(&self, bits: u32) {
        self.set(self.get() | bits);
    }

    #[inline]
    pub(crate) fn remove(&self, bits: u32) {
        self.set(self.get() & !bits);
    }

    #[inline]
    pub(crate) fn has(&self, bits: u32) -> bool {
        self.get() & bits != 0
    }
}
