//! What the bare ring loops share: the ring and its flags, tags, accept and send.

use std::io;
use std::os::fd::RawFd;

use io_uring::{
    CompletionQueue, IoUring, SubmissionQueue, Submitter, cqueue, opcode, squeue, types,
};

/// Submission entries of the ring.
const ENTRIES: u32 = 1024;

/// Completion entries: two in flight for each of a few thousand connections.
const COMPLETIONS: u32 = 16_384;

/// A ring with every flag that helps a single thread.
pub(crate) fn build() -> io::Result<IoUring> {
    IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_submit_all()
        .setup_no_sqarray()
        .setup_cqsize(COMPLETIONS)
        .build(ENTRIES)
}

/// Both queues of a ring, and its descriptor as registered with this thread.
pub(crate) struct Queues<'ring> {
    pub(crate) submitter: Submitter<'ring>,
    submission: SubmissionQueue<'ring>,
    completion: CompletionQueue<'ring>,
}

impl<'ring> Queues<'ring> {
    /// Splits `ring` and registers its descriptor.
    pub(crate) fn new(ring: &'ring mut IoUring) -> io::Result<Self> {
        let (mut submitter, submission, completion) = ring.split();
        submitter.register_ring_fd()?;
        Ok(Self {
            submitter,
            submission,
            completion,
        })
    }

    /// Queues an entry; submits first if the queue is full.
    ///
    /// # Safety
    ///
    /// The memory that `entry` points at stays valid until its last completion.
    pub(crate) unsafe fn push(&mut self, entry: &squeue::Entry) -> io::Result<()> {
        // SAFETY: the caller's promise.
        while unsafe { self.submission.push(entry) }.is_err() {
            self.submission.sync();
            self.submitter.submit()?;
            self.submission.sync();
        }
        Ok(())
    }

    /// Submits what is queued and waits for at least one completion.
    pub(crate) fn turn(&mut self) -> io::Result<()> {
        self.submission.sync();
        match self.submitter.submit_and_wait(1) {
            Err(error) if !is_transient(&error) => return Err(error),
            _ => {}
        }
        self.submission.sync();
        self.completion.sync();
        Ok(())
    }

    /// The next completion of the last turn.
    pub(crate) fn next(&mut self) -> Option<cqueue::Entry> {
        self.completion.next()
    }
}

impl Drop for Queues<'_> {
    fn drop(&mut self) {
        // A thread has sixteen places for registered rings, and closing a ring does not free its place.
        let _ = self.submitter.unregister_ring_fd();
    }
}

/// Whether completions are to be reaped before the next attempt.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINTR | libc::EBUSY | libc::EAGAIN)
    )
}

/// What an entry was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Accept,
    Receive,
    Send,
}

/// User data: kind, buffer number and descriptor in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) kind: Kind,
    pub(crate) fd: RawFd,
    pub(crate) buffer: u16,
}

impl Tag {
    pub(crate) fn pack(self) -> u64 {
        (self.kind as u64) << 48 | u64::from(self.buffer) << 32 | u64::from(self.fd as u32)
    }

    pub(crate) fn unpack(user_data: u64) -> Self {
        Self {
            kind: match user_data >> 48 {
                0 => Kind::Accept,
                1 => Kind::Receive,
                _ => Kind::Send,
            },
            buffer: (user_data >> 32) as u16,
            fd: user_data as u32 as RawFd,
        }
    }
}

/// An entry that accepts for as long as the listener lives.
pub(crate) fn accept(listener: RawFd) -> squeue::Entry {
    let tag = Tag {
        kind: Kind::Accept,
        fd: listener,
        buffer: 0,
    };
    opcode::AcceptMulti::new(types::Fd(listener))
        .build()
        .user_data(tag.pack())
}

/// An entry that sends all of `length` bytes from `bytes`, or fails.
pub(crate) fn send(fd: RawFd, buffer: u16, bytes: *const u8, length: usize) -> squeue::Entry {
    let tag = Tag {
        kind: Kind::Send,
        fd,
        buffer,
    };
    opcode::Send::new(types::Fd(fd), bytes, length as u32)
        .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
        .build()
        .user_data(tag.pack())
}

#[cfg(test)]
mod tests {
    use super::{Kind, Tag};

    #[test]
    fn a_tag_survives_packing() {
        for kind in [Kind::Accept, Kind::Receive, Kind::Send] {
            let tag = Tag {
                kind,
                fd: i32::MAX,
                buffer: u16::MAX,
            };
            assert_eq!(Tag::unpack(tag.pack()), tag);
        }
    }
}
