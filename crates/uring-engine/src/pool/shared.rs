//! The ring of buffers that kernel and engine share.
//!
//! The kernel takes buffers at the head, which it keeps to itself; we put them in at the tail, a `u16` in the ring's
//! memory. The ring has a place for every buffer that may ever exist, so it never overflows.
//!
//! The kernel uses buffers in turns, all of them. So those that the ring has grown by for many small messages would make bulk
//! go through more memory than the processor's caches hold: while there is bulk, they are set aside as they come back, until
//! the ring grows again.

use std::cell::{Cell, UnsafeCell};
use std::collections::VecDeque;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::Waker;

use io_uring::types::BufRingEntry;

use crate::engine::{Engine, WeakEngine};
use crate::feature::Feature;
use crate::pool::BufferRingConfig;
use crate::pool::memory::Pages;

const MAX_BUFFERS: u16 = 1 << 15;

pub(crate) struct Shared {
    engine: WeakEngine,
    group: u16,
    buffer_size: u32,
    max_buffers: u16,
    /// The entries, then unused bytes up to the page's end. Dropped after the ring was unregistered.
    entries: Pages,
    mask: u16,
    tail: Cell<u16>,
    /// Buffers to begin with.
    least: u16,
    /// Buffers that were made.
    made: Cell<u16>,
    /// Those that were made and are set aside.
    aside: UnsafeCell<Vec<u16>>,
    taken: Cell<u16>,
    returns: Cell<u64>,
    /// Those counted when a stream had filled several in a row.
    bulk_at: Cell<Option<u64>>,
    /// Where buffers begin: chunk `n` holds those from the chunk before it up to `Chunk::end`.
    chunks: UnsafeCell<Vec<Chunk>>,
    waiters: UnsafeCell<VecDeque<(u64, Waker)>>,
    next_ticket: Cell<u64>,
}

struct Chunk {
    end: u16,
    pages: Pages,
}

impl Shared {
    pub(crate) fn register(engine: &Engine, config: BufferRingConfig) -> io::Result<Shared> {
        let max_buffers = config.max_buffers.max(config.buffers);
        if config.buffers == 0 || config.buffer_size == 0 || max_buffers > MAX_BUFFERS {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a buffer ring has 1 to 32768 buffers of at least one byte",
            ));
        }
        let places = max_buffers.next_power_of_two();
        let entries = Pages::new(usize::from(places) * size_of::<BufRingEntry>())?;
        let inner = engine.inner();
        let group = inner.groups.take()?;
        let registered = match inner.ring() {
            None => Err(io::Error::from_raw_os_error(libc::ECANCELED)),
            Some(ring) => {
                let start = entries.start().as_ptr() as u64;
                // SAFETY: the entries are mapped until `Shared` is dropped, which unregisters the ring first.
                let register = || unsafe { ring.register_buffers(start, places, group) };
                let withheld = &inner.report.withheld;
                withheld.registered(Feature::BufferRings, register)
            }
        };
        if let Err(error) = registered {
            inner.groups.give_back(group);
            return Err(error);
        }
        let shared = Shared {
            engine: engine.downgrade(),
            group,
            buffer_size: config.buffer_size,
            max_buffers,
            entries,
            mask: places - 1,
            tail: Cell::new(0),
            least: config.buffers,
            made: Cell::new(0),
            aside: UnsafeCell::new(Vec::new()),
            taken: Cell::new(0),
            returns: Cell::new(0),
            bulk_at: Cell::new(None),
            chunks: UnsafeCell::new(Vec::new()),
            waiters: UnsafeCell::new(VecDeque::new()),
            next_ticket: Cell::new(0),
        };
        shared.add(config.buffers)?;
        Ok(shared)
    }

    pub(crate) fn group(&self) -> u16 {
        self.group
    }

    pub(crate) fn buffer_size(&self) -> u32 {
        self.buffer_size
    }

    /// Those that are in use: with the kernel, or out.
    pub(crate) fn buffers(&self) -> u16 {
        self.made.get() - self.with_aside(|aside| aside.len() as u16)
    }

    pub(crate) fn taken(&self) -> u16 {
        self.taken.get()
    }

    pub(crate) fn returns(&self) -> u64 {
        self.returns.get()
    }

    pub(crate) fn note_bulk(&self) {
        self.bulk_at.set(Some(self.returns.get()));
    }

    pub(crate) fn serves_bulk(&self) -> bool {
        let since = |bulk_at| self.returns.get() - bulk_at;
        let at_most = u64::from(self.made.get());
        self.bulk_at.get().is_some_and(|at| since(at) < at_most)
    }

    pub(crate) fn belongs_to(&self, engine: &Engine) -> bool {
        self.engine.is(engine)
    }

    pub(crate) fn note_taken(&self) {
        self.taken.set(self.taken.get() + 1);
    }

    /// Where a buffer is.
    #[inline]
    pub(crate) fn address(&self, id: u16) -> NonNull<u8> {
        // SAFETY: the vector is only changed by `add`, which calls nothing foreign while it borrows; chunks never move.
        let chunks = unsafe { &*self.chunks.get() };
        let at = chunks.partition_point(|chunk| chunk.end <= id);
        let first = if at == 0 { 0 } else { chunks[at - 1].end };
        let offset = usize::from(id - first) * self.buffer_size as usize;
        assert!(offset + self.buffer_size as usize <= chunks[at].pages.len());
        // SAFETY: the offset was just checked against the chunk.
        unsafe { chunks[at].pages.start().add(offset) }
    }

    /// Doubles the number of buffers, up to the limit.
    pub(crate) fn grow(&self) -> bool {
        let now = self.buffers();
        let wanted = now.min(self.max_buffers - now);
        let mut more = 0;
        while more < wanted
            && let Some(id) = self.with_aside(Vec::pop)
        {
            self.put(id, self.address(id));
            more += 1;
        }
        if more < wanted {
            let at_most = self.max_buffers - self.made.get();
            more += self.add((wanted - more).min(at_most)).unwrap_or(0);
        }
        more > 0
    }

    /// Makes so many more.
    fn add(&self, more: u16) -> io::Result<u16> {
        let pages = Pages::new(usize::from(more) * self.buffer_size as usize)?;
        let first = self.made.get();
        let end = first + more;
        // SAFETY: a leaf borrow.
        unsafe { (*self.chunks.get()).push(Chunk { end, pages }) };
        self.made.set(end);
        for id in first..end {
            self.put(id, self.address(id));
        }
        Ok(more)
    }

    /// Takes a buffer back.
    pub(crate) fn give_back(&self, id: u16, start: NonNull<u8>) {
        self.taken.set(self.taken.get() - 1);
        if self.bulk_at.get().is_some() && self.is_too_many() {
            self.with_aside(|aside| aside.push(id));
        } else {
            self.put(id, start);
        }
    }

    /// Whether to do with one buffer less. Not while somebody waits for one: those in use may be out for good.
    fn is_too_many(&self) -> bool {
        self.buffers() > self.least
            && self.serves_bulk()
            && self.with_waiters(|waiters| waiters.is_empty())
    }

    /// Has the kernel use a buffer.
    fn put(&self, id: u16, start: NonNull<u8>) {
        let tail = self.tail.get();
        self.write(tail, id, start);
        self.publish(tail.wrapping_add(1));
        self.returns.set(self.returns.get() + 1);
        self.wake_one();
    }

    #[inline]
    fn write(&self, tail: u16, id: u16, start: NonNull<u8>) {
        // SAFETY: the masked index lies in the mapping. The kernel reads an entry only when the tail has passed it, so
        // this one is ours. Only address, length and number are written: the tail shares memory with the first entry.
        let entry = unsafe {
            let entries = self.entries.start().cast::<BufRingEntry>();
            &mut *entries.add(usize::from(tail & self.mask)).as_ptr()
        };
        entry.set_addr(start.as_ptr() as u64);
        entry.set_len(self.buffer_size);
        entry.set_bid(id);
    }

    #[inline]
    fn publish(&self, tail: u16) {
        self.tail.set(tail);
        // SAFETY: the mapping begins with an entry that is initialised (zeroed), and the tail lies aligned within it. The
        // kernel reads it concurrently, hence the atomic.
        unsafe {
            let tail_place = BufRingEntry::tail(self.entries.start().cast().as_ptr());
            AtomicU16::from_ptr(tail_place.cast_mut()).store(tail, Ordering::Release);
        }
    }

    fn with_aside<R>(&self, leaf: impl FnOnce(&mut Vec<u16>) -> R) -> R {
        // SAFETY: leaves do not nest and call nothing foreign.
        leaf(unsafe { &mut *self.aside.get() })
    }

    fn with_waiters<R>(&self, leaf: impl FnOnce(&mut VecDeque<(u64, Waker)>) -> R) -> R {
        // SAFETY: leaves do not nest and call nothing foreign.
        leaf(unsafe { &mut *self.waiters.get() })
    }

    /// Wakes whoever has waited longest for a buffer.
    #[inline]
    pub(crate) fn wake_one(&self) {
        if let Some((_, waker)) = self.with_waiters(VecDeque::pop_front) {
            waker.wake();
        }
    }

    /// Registers a waiter at the end of the line, or renews its waker. `None` when it was woken.
    pub(crate) fn wait(&self, ticket: Option<u64>, waker: &Waker) -> Option<u64> {
        let waker = waker.clone();
        let (ticket, replaced) = match ticket {
            None => {
                let ticket = self.next_ticket.get();
                self.next_ticket.set(ticket + 1);
                self.with_waiters(|waiters| waiters.push_back((ticket, waker)));
                (Some(ticket), None)
            }
            Some(ticket) => self.with_waiters(|waiters| {
                match waiters.iter_mut().find(|waiter| waiter.0 == ticket) {
                    Some(waiter) => (Some(ticket), Some(std::mem::replace(&mut waiter.1, waker))),
                    None => (None, Some(waker)),
                }
            }),
        };
        drop(replaced);
        ticket
    }

    /// Takes a waiter out of the line; false when it had been woken.
    pub(crate) fn leave(&self, ticket: u64) -> bool {
        let waker = self.with_waiters(|waiters| {
            let at = waiters.iter().position(|waiter| waiter.0 == ticket)?;
            waiters.remove(at)
        });
        waker.is_some()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Every operation on the ring holds a handle of it, so none is in flight.
        let Some(engine) = self.engine.upgrade() else {
            return;
        };
        let inner = engine.inner();
        if let Some(ring) = inner.ring() {
            ring.unregister_buffers(self.group);
        }
        inner.groups.give_back(self.group);
    }
}
