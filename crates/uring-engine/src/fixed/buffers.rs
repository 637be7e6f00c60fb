//! Registered buffers: pinned once, so that reads and writes need not pin their memory each time.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::rc::Rc;

use crate::buf::{IoBuf, IoBufMut};
use crate::engine::{Engine, WeakEngine};
use crate::feature::Feature;
use crate::pool::memory::Pages;

/// An engine's registered buffers, all of one size. Clones are handles of the same buffers; an engine has one such set
/// at a time.
#[derive(Clone)]
pub struct FixedBuffers(Rc<Shared>);

struct Shared {
    engine: WeakEngine,
    size: usize,
    pages: Pages,
    free: RefCell<Vec<u16>>,
}

impl FixedBuffers {
    /// Allocates and registers `count` zeroed buffers of `size` bytes, page-aligned when `size` is a multiple of the
    /// page size.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for no buffer, more than 16384, or buffers of no byte or over 1 GiB; `EBUSY` when the engine has
    /// registered buffers; `Unsupported` where a policy or the configuration refuses; `ENOMEM` at the memlock limit;
    /// `ECANCELED` after shutdown.
    pub fn new(engine: &Engine, count: u16, size: usize) -> io::Result<FixedBuffers> {
        if count == 0 || count > 1 << 14 || size == 0 || size > 1 << 30 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "an engine registers 1 to 16384 buffers of 1 byte to 1 GiB",
            ));
        }
        let pages = Pages::contiguous(usize::from(count) * size)?;
        let vectors: Vec<libc::iovec> = (0..count)
            .map(|index| libc::iovec {
                iov_base: pages
                    .start()
                    .as_ptr()
                    .wrapping_add(usize::from(index) * size)
                    .cast(),
                iov_len: size,
            })
            .collect();
        let ring = engine
            .inner()
            .ring()
            .ok_or_else(|| io::Error::from_raw_os_error(libc::ECANCELED))?;
        // SAFETY: the vectors describe the mapping, which stays until `Shared` is dropped; that unregisters it first.
        let register = || unsafe { ring.register_fixed(&vectors) };
        let withheld = &engine.inner().report.withheld;
        withheld.registered(Feature::RegisteredBuffers, register)?;
        Ok(FixedBuffers(Rc::new(Shared {
            engine: engine.downgrade(),
            size,
            pages,
            free: RefCell::new((0..count).rev().collect()),
        })))
    }

    /// A buffer that nobody has; `None` when all are taken. Its length is its size; its content is whatever was left in
    /// it.
    pub fn take(&self) -> Option<FixedBuf> {
        let index = self.0.free.borrow_mut().pop()?;
        Some(FixedBuf {
            buffers: self.clone(),
            index,
            len: self.0.size,
        })
    }

    /// Buffers that nobody has.
    pub fn available(&self) -> usize {
        self.0.free.borrow().len()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Every buffer holds a handle, so no operation is in flight on one.
        if let Some(engine) = self.engine.upgrade()
            && let Some(ring) = engine.inner().ring()
        {
            ring.unregister_fixed();
        }
    }
}

impl fmt::Debug for FixedBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedBuffers")
            .field("size", &self.0.size)
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}

/// A registered buffer on loan; it goes back when this is dropped. For
/// [`ReadFixed`](crate::op::ReadFixed) and [`WriteFixed`](crate::op::WriteFixed), and usable as any other buffer.
pub struct FixedBuf {
    buffers: FixedBuffers,
    index: u16,
    len: usize,
}

impl FixedBuf {
    /// The number by which entries name the buffer (`buf_index`).
    pub fn index(&self) -> u16 {
        self.index
    }

    /// Sets how many bytes from the start are to be written, or are shown. At most the size.
    pub fn set_len(&mut self, len: usize) {
        self.len = len.min(self.buffers.0.size);
    }

    fn start(&self) -> NonNull<u8> {
        let shared = &self.buffers.0;
        // SAFETY: the index is one of the set's, so the buffer lies in the mapping.
        unsafe {
            shared
                .pages
                .start()
                .add(usize::from(self.index) * shared.size)
        }
    }
}

impl Deref for FixedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` zeroed or written bytes of a mapping that `self` keeps, and of which it owns this part.
        unsafe { std::slice::from_raw_parts(self.start().as_ptr(), self.len) }
    }
}

impl DerefMut for FixedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.start().as_ptr(), self.len) }
    }
}

// SAFETY: initialised memory of the mapping, which `self` keeps and which stays put when `self` moves.
unsafe impl IoBuf for FixedBuf {
    fn as_ptr(&self) -> *const u8 {
        self.start().as_ptr()
    }

    fn len(&self) -> usize {
        self.len
    }
}

// SAFETY: as above; `self` is the only owner of this part of the mapping.
unsafe impl IoBufMut for FixedBuf {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start().as_ptr()
    }

    fn capacity(&self) -> usize {
        self.buffers.0.size
    }

    unsafe fn set_init(&mut self, len: usize) {
        self.set_len(len);
    }
}

impl Drop for FixedBuf {
    fn drop(&mut self) {
        self.buffers.0.free.borrow_mut().push(self.index);
    }
}

impl fmt::Debug for FixedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedBuf")
            .field("index", &self.index)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
