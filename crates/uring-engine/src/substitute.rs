//! What can stand in for the kernel's ring, where none can be had.
//!
//! Operations state what they want as entries of io_uring's submission queue. Whoever can run such an entry by other means is a
//! [`Substitute`]: an engine on one works like an engine on a ring, with the same operations, futures and
//! cancellation. The engine does not know by what means.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use io_uring::squeue;

use crate::completion::Completion;
use crate::config::EngineConfig;
use crate::feature::Feature;
use crate::report::SetupReport;
use crate::setup::kernel_release;
use crate::withheld::Withheld;

/// The fields of an entry of the submission queue, as `<linux/io_uring.h>` lays them out. What some of them mean depends on the
/// operation.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RawEntry {
    /// `IORING_OP_*`.
    pub opcode: u8,
    /// `IOSQE_*`.
    pub flags: u8,
    /// A priority, or flags of the operation.
    pub ioprio: u16,
    /// The descriptor, or an index of a registered file.
    pub fd: i32,
    /// An offset, or the second address.
    pub off: u64,
    /// The address, or a second offset.
    pub addr: u64,
    /// The length, or a count.
    pub len: u32,
    /// `MSG_*`, `O_*` and other flags of the operation.
    pub op_flags: u32,
    /// What the completion carries back.
    pub user_data: u64,
    /// The group of buffers, or the index of a registered one.
    pub buf: u16,
    /// Which credentials to use.
    pub personality: u16,
    /// A second descriptor, or the length of an address.
    pub file_index: i32,
    /// The third address.
    pub addr3: u64,
    /// Nothing yet.
    pub reserved: u64,
}

const _: () = assert!(size_of::<RawEntry>() == size_of::<squeue::Entry>());

impl RawEntry {
    /// What an entry says.
    pub fn of(entry: &squeue::Entry) -> RawEntry {
        // SAFETY: an `Entry` is one `struct io_uring_sqe` and nothing else (`repr(C)`, 64 bytes: asserted above), all of it
        // initialised; this is the same structure, whose layout the kernel never changes.
        unsafe { *std::ptr::from_ref(entry).cast::<RawEntry>() }
    }

    /// The entry under a number that no operation has: the kernel refuses it with `EINVAL`, and looks at nothing that it
    /// points at.
    pub(crate) fn of_no_operation(self) -> squeue::Entry {
        let entry = RawEntry {
            opcode: u8::MAX,
            ..self
        };
        // SAFETY: the same structure, as in `of`, of which every field may have any value.
        unsafe { std::mem::transmute::<RawEntry, squeue::Entry>(entry) }
    }
}

/// Runs entries in place of the kernel.
///
/// It owes what the kernel owes: each entry gets its completions (one, or several of which all but the last carry
/// `IORING_CQE_F_MORE`), unless it succeeds and asked for none (`IOSQE_CQE_SKIP_SUCCESS`); an entry with
/// `IOSQE_IO_LINK` or `IOSQE_IO_HARDLINK` delays the next one until it has ended; `IORING_OP_ASYNC_CANCEL` ends the operation that
/// has its address as user data.
pub trait Substitute {
    /// What it is, in a word, for the report.
    fn name(&self) -> &'static str;

    /// Whether it runs an operation, by its `IORING_OP_*` number.
    fn supports(&self, opcode: u8) -> bool;

    /// Begins an operation.
    ///
    /// # Safety
    ///
    /// What the entry points at stays valid, and is nobody else's, until its last completion was reaped.
    unsafe fn submit(&mut self, entry: RawEntry);

    /// Goes on with what can go on. When `wait` is set and no completion is there to be reaped, it sleeps until there is one, at
    /// most for `limit`.
    ///
    /// # Errors
    ///
    /// `ETIME` when the time was over, `EINTR` when a signal came; anything else is a defect that ends the engine's turn.
    fn turn(&mut self, wait: bool, limit: Option<Duration>) -> io::Result<()>;

    /// What becomes readable when a [`turn`](Substitute::turn) would find something, other than by the passing of time.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// When it wants a turn although nothing has become readable: a limit for whoever waits for the descriptor.
    fn wait_limit(&self) -> Option<Duration>;

    /// Whether there is a completion to be reaped.
    fn is_ready(&self) -> bool;

    /// The oldest completion: its user data, and what it says.
    fn reap(&mut self) -> Option<(u64, Completion)>;

    /// Takes note of a ring of buffers (`struct io_uring_buf_ring`) with a power of two of places.
    ///
    /// # Safety
    ///
    /// The ring is mapped until it is unregistered, and the buffers that are put into it until they are taken out.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    unsafe fn register_buffers(&mut self, ring: u64, places: u16, group: u16) -> io::Result<()>;

    /// Forgets a ring of buffers.
    fn unregister_buffers(&mut self, group: u16);
}

/// What a substitute owes, of what a ring may lack.
const STOOD_IN_FOR: [Feature; 5] = [
    Feature::BufferRings,
    Feature::RegisteredBuffers,
    Feature::AcceptMultishot,
    Feature::RecvMultishot,
    Feature::PollMultishot,
];

/// A substitute, as a ring: a queue of entries in front of it.
pub(crate) struct Stand {
    substitute: RefCell<Box<dyn Substitute>>,
    queue: RefCell<Vec<squeue::Entry>>,
    capacity: usize,
    ready: Cell<bool>,
}

impl Stand {
    pub(crate) fn new(substitute: Box<dyn Substitute>, entries: u32) -> Stand {
        let capacity = entries.max(1).next_power_of_two() as usize;
        Stand {
            substitute: RefCell::new(substitute),
            queue: RefCell::new(Vec::with_capacity(capacity)),
            capacity,
            ready: Cell::new(false),
        }
    }

    pub(crate) fn push(&self, entry: &squeue::Entry) -> bool {
        let mut queue = self.queue.borrow_mut();
        let has_room = queue.len() < self.capacity;
        if has_room {
            queue.push(entry.clone());
        }
        has_room
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.substitute.borrow().descriptor().as_raw_fd()
    }

    pub(crate) fn wait_limit(&self) -> Option<Duration> {
        self.substitute.borrow().wait_limit()
    }

    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.get()
    }

    pub(crate) fn enter(
        &self,
        to_submit: u32,
        min_complete: u32,
        limit: Option<Duration>,
    ) -> io::Result<usize> {
        let mut substitute = self.substitute.borrow_mut();
        let mut queue = self.queue.borrow_mut();
        let taken = queue.len().min(to_submit as usize);
        for entry in queue.drain(..taken) {
            // SAFETY: whoever pushed the entry vouched for what it points at.
            unsafe { substitute.submit(RawEntry::of(&entry)) };
        }
        let turned = substitute.turn(min_complete > 0, limit);
        self.ready.set(substitute.is_ready());
        // As with the kernel: what was submitted is told, and an interrupted wait only if nothing was.
        match turned {
            Err(error) if taken == 0 => Err(error),
            _ => Ok(taken),
        }
    }

    pub(crate) fn reap(&self, mut each: impl FnMut(u64, Completion)) -> u32 {
        let mut reaped = 0;
        loop {
            // Borrowed for the one only: taking note of a completion may queue entries, and submit them.
            let completion = self.substitute.borrow_mut().reap();
            let Some((user_data, completion)) = completion else {
                break;
            };
            each(user_data, completion);
            reaped += 1;
        }
        self.ready.set(false);
        reaped
    }

    /// # Safety
    ///
    /// As [`Substitute::register_buffers`].
    pub(crate) unsafe fn register_buffers(
        &self,
        ring: u64,
        places: u16,
        group: u16,
    ) -> io::Result<()> {
        let mut substitute = self.substitute.borrow_mut();
        // SAFETY: passed on to the caller.
        unsafe { substitute.register_buffers(ring, places, group) }
    }

    pub(crate) fn unregister_buffers(&self, group: u16) {
        self.substitute.borrow_mut().unregister_buffers(group);
    }

    /// The report of an engine on this.
    pub(crate) fn report(&self, config: &EngineConfig) -> SetupReport {
        let substitute = self.substitute.borrow();
        let supported = (0..=u8::MAX).filter(|opcode| substitute.supports(*opcode));
        SetupReport {
            kernel: kernel_release(),
            sq_entries: self.capacity as u32,
            cq_entries: 0,
            requested_entries: config.entries,
            granted: STOOD_IN_FOR.into_iter().collect(),
            refused: Vec::new(),
            attempts: 0,
            driver: substitute.name(),
            withheld: Withheld::NOTHING,
            supported: supported.collect(),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use io_uring::{opcode, types};

    use super::RawEntry;

    #[test]
    fn the_fields_of_an_entry_are_where_the_kernel_has_them() {
        let mut bytes = [0_u8; 9];
        let recv = opcode::Recv::new(types::Fd(7), bytes.as_mut_ptr(), 9)
            .flags(5)
            .buf_group(3)
            .build()
            .user_data(0x1122);
        let raw = RawEntry::of(&recv);
        assert_eq!((raw.opcode, raw.fd, raw.len), (opcode::Recv::CODE, 7, 9));
        assert_eq!((raw.addr, raw.op_flags), (bytes.as_ptr() as u64, 5));
        assert_eq!((raw.buf, raw.user_data), (3, 0x1122));
        let read = opcode::Read::new(types::Fd(1), bytes.as_mut_ptr(), 2).offset(77);
        assert_eq!(RawEntry::of(&read.build()).off, 77);
        let splice = opcode::Splice::new(types::Fd(4), 10, types::Fd(5), 20, 30).flags(2);
        let raw = RawEntry::of(&splice.build());
        assert_eq!((raw.fd, raw.file_index), (5, 4));
        assert_eq!((raw.addr, raw.off, raw.len, raw.op_flags), (10, 20, 30, 2));
    }
}
