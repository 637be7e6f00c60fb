//! What an engine's entries go to: the kernel's ring, or what stands in for it.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use io_uring::{EnterFlags, Submitter, squeue};

use crate::completion::Completion;
use crate::mapped::Mapped;
use crate::substitute::Stand;

pub(crate) enum Ring {
    Kernel(Mapped),
    Stand(Stand),
}

impl Ring {
    /// For registrations of files, which only the kernel has.
    pub(crate) fn submitter(&self) -> io::Result<&Submitter<'static>> {
        match self {
            Ring::Kernel(ring) => Ok(ring.submitter()),
            Ring::Stand(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "files can be registered with a ring of the kernel only, and there is none here",
            )),
        }
    }

    /// Registers the buffers of reads and writes that name theirs by number, and by address: what stands in for the kernel
    /// goes by the address.
    ///
    /// # Safety
    ///
    /// They are mapped until they are unregistered.
    pub(crate) unsafe fn register_fixed(&self, buffers: &[libc::iovec]) -> io::Result<()> {
        match self {
            // SAFETY: passed on to the caller.
            Ring::Kernel(ring) => unsafe { ring.submitter().register_buffers(buffers) },
            Ring::Stand(_) => Ok(()),
        }
    }

    pub(crate) fn unregister_fixed(&self) {
        if let Ring::Kernel(ring) = self {
            // It fails only if there are none.
            drop(ring.submitter().unregister_buffers());
        }
    }

    /// As [`Mapped::push`].
    ///
    /// # Safety
    ///
    /// What the entry points at stays valid until its last completion.
    #[inline]
    pub(crate) unsafe fn push(&self, entry: &squeue::Entry) -> bool {
        match self {
            // SAFETY: passed on to the caller.
            Ring::Kernel(ring) => unsafe { ring.push(entry) },
            Ring::Stand(stand) => stand.push(entry),
        }
    }

    /// As [`Mapped::publish`].
    #[inline]
    pub(crate) fn publish(&self) -> usize {
        match self {
            Ring::Kernel(ring) => ring.publish(),
            Ring::Stand(stand) => stand.queued(),
        }
    }

    /// As [`Mapped::queued`].
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        match self {
            Ring::Kernel(ring) => ring.queued(),
            Ring::Stand(stand) => stand.queued(),
        }
    }

    /// Entries that can still be pushed.
    pub(crate) fn room(&self) -> usize {
        match self {
            Ring::Kernel(ring) => ring.room(),
            Ring::Stand(stand) => stand.capacity() - stand.queued(),
        }
    }

    /// Size of the submission queue.
    pub(crate) fn capacity(&self) -> usize {
        match self {
            Ring::Kernel(ring) => ring.capacity(),
            Ring::Stand(stand) => stand.capacity(),
        }
    }

    /// Whether completions are there to be reaped.
    #[inline]
    pub(crate) fn completions_ready(&self) -> bool {
        match self {
            Ring::Kernel(ring) => ring.completions_ready(),
            Ring::Stand(stand) => stand.is_ready(),
        }
    }

    /// What becomes readable with a completion.
    pub(crate) fn descriptor(&self) -> RawFd {
        match self {
            Ring::Kernel(ring) => ring.descriptor(),
            Ring::Stand(stand) => stand.descriptor(),
        }
    }

    /// How long it may be left alone although nothing becomes readable.
    pub(crate) fn wait_limit(&self) -> Option<Duration> {
        match self {
            Ring::Kernel(_) => None,
            Ring::Stand(stand) => stand.wait_limit(),
        }
    }

    /// Whether completions are known to wait for an enter.
    #[inline]
    pub(crate) fn kernel_has_more(&self) -> bool {
        match self {
            Ring::Kernel(ring) => ring.kernel_has_more(),
            Ring::Stand(_) => false,
        }
    }

    /// Whether an enter is the only way to learn of completions.
    #[inline]
    pub(crate) fn has_to_be_asked(&self) -> bool {
        matches!(self, Ring::Stand(_))
    }

    #[inline]
    pub(crate) fn overflowed(&self) -> bool {
        match self {
            Ring::Kernel(ring) => ring.overflowed(),
            Ring::Stand(_) => false,
        }
    }

    /// As [`Mapped::needs_wakeup`].
    pub(crate) fn needs_wakeup(&self) -> bool {
        match self {
            Ring::Kernel(ring) => ring.needs_wakeup(),
            Ring::Stand(_) => false,
        }
    }

    /// Takes all completions, and returns how many there were. `each` must not touch the ring.
    #[inline]
    pub(crate) fn reap(&self, each: impl FnMut(u64, Completion)) -> u32 {
        match self {
            Ring::Kernel(ring) => ring.reap(each),
            Ring::Stand(stand) => stand.reap(each),
        }
    }

    /// Submits, and waits if asked. Returns how many entries were taken.
    #[inline]
    pub(crate) fn enter(
        &self,
        to_submit: u32,
        min_complete: u32,
        flags: EnterFlags,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        match self {
            Ring::Kernel(ring) => ring.enter(to_submit, min_complete, flags, timeout),
            Ring::Stand(stand) => stand.enter(to_submit, min_complete, timeout),
        }
    }

    /// Cancels everything that can be cancelled and waits for it, at most `timeout`.
    pub(crate) fn cancel_all(&self, timeout: Duration) -> io::Result<()> {
        match self {
            Ring::Kernel(ring) => ring.cancel_all(timeout),
            Ring::Stand(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Registers a ring of buffers.
    ///
    /// # Safety
    ///
    /// The ring is mapped until it is unregistered, and the buffers that are put into it until they are taken out.
    pub(crate) unsafe fn register_buffers(
        &self,
        start: u64,
        places: u16,
        group: u16,
    ) -> io::Result<()> {
        // SAFETY: passed on to the caller.
        unsafe {
            match self {
                Ring::Kernel(ring) => ring
                    .submitter()
                    .register_buf_ring_with_flags(start, places, group, 0),
                Ring::Stand(stand) => stand.register_buffers(start, places, group),
            }
        }
    }

    pub(crate) fn unregister_buffers(&self, group: u16) {
        match self {
            // It fails only if there is no such ring.
            Ring::Kernel(ring) => drop(ring.submitter().unregister_buf_ring(group)),
            Ring::Stand(stand) => stand.unregister_buffers(group),
        }
    }
}
