//! Rings of provided buffers, read as the kernel reads them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};

/// `struct io_uring_buf`; in the first place of a ring, the last field is its tail.
#[repr(C)]
struct Place {
    address: u64,
    len: u32,
    id: u16,
    tail: AtomicU16,
}

/// The registered rings.
#[derive(Default)]
pub(super) struct Groups(HashMap<u16, Group>);

struct Group {
    ring: *const Place,
    mask: u16,
    head: u16,
}

/// A buffer that was taken out of a ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) address: u64,
    pub(super) len: u32,
    pub(super) id: u16,
}

/// `IORING_CQE_F_BUFFER` and where the buffer's number stands.
const CHOSEN: u32 = 1;
const ID_SHIFT: u32 = 16;

impl Taken {
    /// What a completion says of it.
    pub(super) fn flags(self) -> u32 {
        CHOSEN | u32::from(self.id) << ID_SHIFT
    }
}

impl Groups {
    /// # Safety
    ///
    /// The ring has so many places, a power of two, and is mapped until it is removed; its owner writes it as one for the kernel.
    pub(super) unsafe fn add(&mut self, ring: u64, places: u16, group: u16) {
        let ring = ring as *const Place;
        let mask = places - 1;
        self.0.insert(
            group,
            Group {
                ring,
                mask,
                head: 0,
            },
        );
    }

    pub(super) fn remove(&mut self, group: u16) {
        self.0.remove(&group);
    }

    /// The next buffer. It is taken when [`keep`](Self::keep) says so; until then it is the next one still.
    pub(super) fn next(&self, group: u16) -> Option<Taken> {
        let group = self.0.get(&group)?;
        // SAFETY: the ring is mapped (`add`); the tail is only ever read and written as an atomic.
        let tail = unsafe { (*group.ring).tail.load(Ordering::Acquire) };
        if tail == group.head {
            return None;
        }
        let at = usize::from(group.head & group.mask);
        // SAFETY: the place lies in the ring; its owner has written it before the tail that was read above, and does not write it
        // again before the buffer was taken and given back.
        let (address, len, id) = unsafe {
            let place = group.ring.add(at);
            ((*place).address, (*place).len, (*place).id)
        };
        Some(Taken { address, len, id })
    }

    /// Takes the next buffer out.
    pub(super) fn keep(&mut self, group: u16) {
        if let Some(group) = self.0.get_mut(&group) {
            group.head = group.head.wrapping_add(1);
        }
    }
}
