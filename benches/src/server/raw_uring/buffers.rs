//! A provided-buffer ring over a larger stock of buffers.
//!
//! The kernel takes buffers first-in first-out, so a ring that holds the whole stock walks through
//! all of its memory. Only a few buffers are posted at a time, and those that came back last are
//! posted first: they are still in the cache.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

/// Buffers that are posted at a time; a power of two.
const POSTED: u16 = 64;

/// All buffers. More than a race has connections, so that each can hold one while it is sent.
const STOCK: u16 = 4096;

/// The group that receives select from.
pub(super) const GROUP: u16 = 0;

/// The ring, the buffers, and which of them are spare.
pub(super) struct Buffers {
    ring: NonNull<BufRingEntry>,
    tail: u16,
    posted: u16,
    spare: Vec<u16>,
    bytes: Vec<u8>,
    size: usize,
}

impl Buffers {
    /// Allocates the stock and registers a ring for it. The ring is not unregistered: it lives as
    /// long as the process.
    pub(super) fn register(submitter: &Submitter<'_>, size: usize) -> io::Result<Self> {
        // SAFETY: a new anonymous mapping; no existing memory is affected.
        let mapping = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                usize::from(POSTED) * size_of::<BufRingEntry>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if mapping == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let ring = NonNull::new(mapping.cast::<BufRingEntry>())
            .ok_or_else(|| io::Error::other("a mapping at address zero"))?;
        // SAFETY: the mapping is page-aligned, holds `POSTED` entries and is never unmapped.
        unsafe { submitter.register_buf_ring_with_flags(mapping as u64, POSTED, GROUP, 0)? };
        let mut buffers = Self {
            ring,
            tail: 0,
            posted: 0,
            spare: (0..STOCK).rev().collect(),
            bytes: vec![0; size * usize::from(STOCK)],
            size,
        };
        buffers.post();
        Ok(buffers)
    }

    /// The first byte of buffer `id`.
    pub(super) fn start(&self, id: u16) -> *const u8 {
        self.bytes[usize::from(id) * self.size..].as_ptr()
    }

    /// The kernel has taken a buffer out of the ring.
    pub(super) fn taken(&mut self) {
        self.posted -= 1;
        self.post();
    }

    /// Buffer `id` is no longer in use.
    pub(super) fn give_back(&mut self, id: u16) {
        self.spare.push(id);
        self.post();
    }

    /// Posts spare buffers until the ring is full.
    fn post(&mut self) {
        if self.posted == POSTED {
            return;
        }
        while self.posted < POSTED {
            let Some(id) = self.spare.pop() else { break };
            let start = usize::from(id) * self.size;
            let address = self.bytes[start..start + self.size].as_mut_ptr();
            let position = usize::from(self.tail & (POSTED - 1));
            // SAFETY: `position` is below `POSTED`, and the kernel reads an entry only once the
            // tail has passed it.
            let entry = unsafe { self.ring.add(position).as_mut() };
            entry.set_addr(address as u64);
            entry.set_len(self.size as u32);
            entry.set_bid(id);
            self.tail = self.tail.wrapping_add(1);
            self.posted += 1;
        }
        // SAFETY: the tail lies within the mapping, is aligned, and only this thread writes it.
        let tail =
            unsafe { AtomicU16::from_ptr(BufRingEntry::tail(self.ring.as_ptr()).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}
