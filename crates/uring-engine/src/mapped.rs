//! The mapped ring and the handles into it: the one place where lifetimes are extended.
//!
//! `io_uring` hands out its submitter and queues as borrows of the [`IoUring`]. The registered ring descriptor lives in
//! one `Submitter` value and the queues cache their indices, so the engine keeps the same three handles for the ring's
//! whole life, beside the ring they borrow from.
//!
//! **Invariant:** the ring lives on the heap behind a raw pointer that nobody else has, and is freed in [`Mapped`]'s
//! `Drop` after the handles. Every method is a leaf: it makes the exclusive borrow of a queue that it needs, calls
//! nothing but `io_uring` code under it, and ends it before it returns. `Mapped` is `!Sync`, so no two of them overlap.

use std::cell::UnsafeCell;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::NonNull;
use std::time::Duration;

use io_uring::types::{CancelBuilder, SubmitArgs, Timespec};
use io_uring::{
    CompletionQueue, CompletionStatus, EnterFlags, IoUring, SubmissionQueue, Submitter, squeue,
};

use crate::completion::Completion;

pub(crate) struct Mapped {
    submitter: ManuallyDrop<Submitter<'static>>,
    submission: ManuallyDrop<UnsafeCell<SubmissionQueue<'static>>>,
    completion: ManuallyDrop<UnsafeCell<CompletionQueue<'static>>>,
    status: CompletionStatus,
    registered: bool,
    ring: NonNull<IoUring>,
}

impl Mapped {
    pub(crate) fn new(ring: IoUring) -> Mapped {
        let ring = NonNull::from(Box::leak(Box::new(ring)));
        // SAFETY: the pointer is fresh from `Box::leak` and nobody else has it; the borrow is extended to 'static, which
        // holds until `Drop` frees the box, after the handles.
        let (submitter, submission, completion) = unsafe { (*ring.as_ptr()).split() };
        // SAFETY: the status lives in this `Mapped`, which outlives the mapping only inside `Drop`, where it is not used.
        let status = unsafe { completion.status() };
        Mapped {
            submitter: ManuallyDrop::new(submitter),
            submission: ManuallyDrop::new(UnsafeCell::new(submission)),
            completion: ManuallyDrop::new(UnsafeCell::new(completion)),
            status,
            registered: false,
            ring,
        }
    }

    #[inline(always)]
    fn with_submission<R>(&self, leaf: impl FnOnce(&mut SubmissionQueue<'static>) -> R) -> R {
        // SAFETY: the module's invariant: leaves do not nest, so this borrow is the only one.
        leaf(unsafe { &mut *self.submission.get() })
    }

    #[inline(always)]
    fn with_completion<R>(&self, leaf: impl FnOnce(&mut CompletionQueue<'static>) -> R) -> R {
        // SAFETY: the module's invariant: leaves do not nest, so this borrow is the only one.
        leaf(unsafe { &mut *self.completion.get() })
    }

    /// Registers the ring's descriptor with the ring, so that enters need no descriptor lookup.
    pub(crate) fn register_ring_fd(&mut self) -> io::Result<()> {
        self.submitter.register_ring_fd()?;
        self.registered = true;
        Ok(())
    }

    /// The ring's descriptor, in the process's table.
    pub(crate) fn descriptor(&self) -> RawFd {
        // SAFETY: the box lives until `Drop`; a shared reference to it is all there is but for the split handles, which have
        // pointers of their own.
        unsafe { self.ring.as_ref() }.as_raw_fd()
    }

    /// For registrations of files, buffers and the like.
    pub(crate) fn submitter(&self) -> &Submitter<'static> {
        &self.submitter
    }

    /// Writes an entry into the queue; false when the queue is full. The kernel does not see it before [`publish`].
    ///
    /// # Safety
    ///
    /// What the entry points at stays valid until its last completion.
    ///
    /// [`publish`]: Mapped::publish
    #[inline]
    pub(crate) unsafe fn push(&self, entry: &squeue::Entry) -> bool {
        // SAFETY: passed on to the caller.
        self.with_submission(|queue| unsafe { queue.push(entry) }.is_ok())
    }

    /// Makes pushed entries visible to the kernel, learns what it has taken, and returns how many are still queued.
    #[inline]
    pub(crate) fn publish(&self) -> usize {
        self.with_submission(|queue| {
            queue.sync();
            queue.len()
        })
    }

    /// Entries queued, as of the last [`publish`](Mapped::publish) and pushes since.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.with_submission(|queue| queue.len())
    }

    /// Entries that can still be pushed. Looks at what the kernel has taken.
    pub(crate) fn room(&self) -> usize {
        self.publish();
        self.with_submission(|queue| queue.capacity() - queue.len())
    }

    /// Size of the submission queue.
    pub(crate) fn capacity(&self) -> usize {
        self.with_submission(|queue| queue.capacity())
    }

    /// Whether completions are in the queue: two loads.
    #[inline]
    pub(crate) fn completions_ready(&self) -> bool {
        !self.status.is_empty()
    }

    /// Whether completions wait inside the kernel for an enter: two loads.
    #[inline]
    pub(crate) fn kernel_has_more(&self) -> bool {
        self.with_submission(|queue| queue.taskrun() || queue.cq_overflow())
    }

    #[inline]
    pub(crate) fn overflowed(&self) -> bool {
        self.with_submission(|queue| queue.cq_overflow())
    }

    /// Whether the submission thread sleeps. Makes sense only after [`publish`](Mapped::publish).
    pub(crate) fn needs_wakeup(&self) -> bool {
        self.with_submission(|queue| queue.need_wakeup())
    }

    /// Takes all completions, advances the head once, and returns how many there were. `each` must not touch the completion queue.
    #[inline]
    pub(crate) fn reap(&self, mut each: impl FnMut(u64, Completion)) -> u32 {
        self.with_completion(|queue| {
            queue.sync();
            let mut reaped = 0;
            for completion in &mut *queue {
                let (result, flags) = (completion.result(), completion.flags());
                each(completion.user_data(), Completion { result, flags });
                reaped += 1;
            }
            if reaped > 0 {
                queue.sync();
            }
            reaped
        })
    }

    /// One `io_uring_enter`. Returns how many entries the kernel took.
    #[inline]
    pub(crate) fn enter(
        &self,
        to_submit: u32,
        min_complete: u32,
        flags: EnterFlags,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        match timeout {
            // SAFETY: no argument structure is passed, and the entries' memory is vouched for at `push`.
            None => unsafe {
                self.submitter
                    .enter::<libc::sigset_t>(to_submit, min_complete, flags.bits(), None)
            },
            Some(timeout) => {
                let timespec = timespec(timeout);
                let arguments = SubmitArgs::new().timespec(&timespec);
                let flags = flags | EnterFlags::EXT_ARG;
                // SAFETY: `SubmitArgs` is the structure that EXT_ARG announces, and it lives across the call.
                unsafe {
                    self.submitter
                        .enter(to_submit, min_complete, flags.bits(), Some(&arguments))
                }
            }
        }
    }

    /// Cancels everything that can be cancelled and waits for it, at most `timeout`.
    pub(crate) fn cancel_all(&self, timeout: Duration) -> io::Result<()> {
        self.submitter
            .register_sync_cancel(Some(timespec(timeout)), CancelBuilder::any().all())
    }
}

/// A duration as the kernel takes it. Durations beyond its range become about 136 years.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    Timespec::from(duration.min(Duration::from_secs(u64::from(u32::MAX))))
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if self.registered {
            // The registration keeps the ring alive in the kernel; the thread would own it until it ends.
            let _ = self.submitter.unregister_ring_fd();
        }
        // SAFETY: each handle is dropped once, here, while the ring is alive (their drops store the queue indices into
        // the mapping); then the ring is freed, whose pointer came from a `Box`.
        unsafe {
            ManuallyDrop::drop(&mut self.completion);
            ManuallyDrop::drop(&mut self.submission);
            ManuallyDrop::drop(&mut self.submitter);
            drop(Box::from_raw(self.ring.as_ptr()));
        }
    }
}
