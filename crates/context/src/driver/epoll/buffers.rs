//! Rings of provided buffers, read as the kernel reads them, but for the order.

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
pub(super) struct Groups {
    /// By number.
    rings: Vec<Option<Group>>,
    /// Since the last completions were handed over:
    lent: Lent,
}

/// What was taken out of rings and has not reached a task yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lent {
    pub(super) buffers: usize,
    pub(super) bytes: u64,
    /// Whether one of them was the last in its ring.
    pub(super) ran_out: bool,
}

struct Group {
    ring: *const Place,
    mask: u16,
    head: u16,
    /// What was taken off the ring and not filled yet. The last one given back is filled first: it is in the processor's
    /// caches still.
    stack: Vec<Taken>,
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
        let number = usize::from(group);
        if self.rings.len() <= number {
            self.rings.resize_with(number + 1, || None);
        }
        self.rings[number] = Some(Group {
            ring,
            mask: places - 1,
            head: 0,
            stack: Vec::new(),
        });
    }

    pub(super) fn remove(&mut self, group: u16) {
        if let Some(ring) = self.rings.get_mut(usize::from(group)) {
            *ring = None;
        }
    }

    #[inline]
    pub(super) fn lent(&self) -> Lent {
        self.lent
    }

    /// Those who got the buffers will give them back, or keep them.
    #[inline]
    pub(super) fn hand_over(&mut self) {
        self.lent = Lent::default();
    }

    fn ring(&mut self, group: u16) -> Option<&mut Group> {
        self.rings.get_mut(usize::from(group))?.as_mut()
    }

    /// The next buffer, or the one after so many. It is taken when [`keep`](Self::keep) says so; until then it is the next one
    /// still.
    #[inline]
    pub(super) fn next(&mut self, group: u16, after: usize) -> Option<Taken> {
        let group = self.ring(group)?;
        group.collect();
        let at = group.stack.len().checked_sub(after + 1)?;
        Some(group.stack[at])
    }

    /// Takes the next buffer out, which was filled with so many bytes.
    #[inline]
    pub(super) fn keep(&mut self, group: u16, bytes: i32) {
        self.lent.buffers += 1;
        self.lent.bytes += bytes as u64;
        if let Some(group) = self.ring(group) {
            group.stack.pop();
            self.lent.ran_out |= group.stack.is_empty();
        }
    }
}

impl Group {
    /// Takes what was given back off the ring.
    #[inline]
    fn collect(&mut self) {
        // SAFETY: the ring is mapped (`add`); the tail is only ever read and written as an atomic.
        let tail = unsafe { (*self.ring).tail.load(Ordering::Acquire) };
        while self.head != tail {
            let at = usize::from(self.head & self.mask);
            // SAFETY: the place lies in the ring; its owner has written it before the tail that was read above, and does not write
            // it again before the buffer was taken and given back.
            let (address, len, id) = unsafe {
                let place = self.ring.add(at);
                ((*place).address, (*place).len, (*place).id)
            };
            self.stack.push(Taken { address, len, id });
            self.head = self.head.wrapping_add(1);
        }
    }
}
