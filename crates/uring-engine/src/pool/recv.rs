//! Receiving into a ring's buffers.

use std::io;

use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::op::rw::AT_POSITION;
use crate::operation::{Multishot, Operation};
use crate::pool::{BufferRing, PooledBuf};
use crate::target::Target;

/// Receives once, into a buffer that the kernel picks when there is data. Resolves to the buffer, or to `None` at the
/// end of the stream. `ENOBUFS` says that the ring was empty.
///
/// Dropping the future may lose bytes that had been received; its buffer goes back to the ring.
#[derive(Debug)]
pub struct RecvPooled {
    target: Target,
    ring: BufferRing,
    flags: i32,
}

impl RecvPooled {
    /// Receives into a buffer of `ring`. [`BufferRing::recv`] is the safe way to do it.
    ///
    /// # Safety
    ///
    /// It runs on the engine that the ring is registered with. On another engine the ring's number would mean other
    /// buffers.
    pub unsafe fn new(target: Target, ring: BufferRing) -> RecvPooled {
        RecvPooled {
            target,
            ring,
            flags: 0,
        }
    }

    /// Sets `MSG_*` flags.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> RecvPooled {
        self.flags = flags;
        self
    }
}

/// The item that a completion of a receive from a ring means.
fn received(ring: &BufferRing, completion: Completion) -> io::Result<Option<PooledBuf>> {
    // SAFETY: called once for each completion of this module's operations, whose entries name the ring's group and run
    // on
    // its engine, as `new` demands.
    let buffer = unsafe { ring.claim(completion) };
    let count = completion.into_result()?;
    Ok(buffer.filter(|_| count > 0))
}

// SAFETY: the entry points at nothing; the ring's memory outlives the operation, which holds a handle.
unsafe impl Operation for RecvPooled {
    type Output = io::Result<Option<PooledBuf>>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::Recv::new(self.target.number(), std::ptr::null_mut(), 0)
            .flags(self.flags)
            .buf_group(self.ring.group())
            .build()
            .flags(squeue::Flags::BUFFER_SELECT);
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        received(&self.ring, completion)
    }

    fn discard(self, completion: Completion) {
        drop(received(&self.ring, completion));
    }
}

/// Receives again and again, each time into a buffer that the kernel picks. Items are buffers; `None` is the end of the
/// stream. `ENOBUFS` says that the ring was empty, and ends the operation: see [`RecvStream`](crate::RecvStream) for a
/// receive that goes on.
#[derive(Debug)]
pub struct RecvMulti {
    target: Target,
    ring: BufferRing,
    with_read: bool,
}

impl RecvMulti {
    /// Receives into buffers of `ring`. [`BufferRing::recv_multi`] is the safe way to do it.
    ///
    /// # Safety
    ///
    /// It runs on the engine that the ring is registered with. On another engine the ring's number would mean other
    /// buffers.
    pub unsafe fn new(target: Target, ring: BufferRing) -> RecvMulti {
        RecvMulti {
            target,
            ring,
            with_read: false,
        }
    }

    /// Reads instead of receiving: for pipes, terminals and whatever else can be polled (Linux 6.7). `EBADFD` says that the
    /// target cannot.
    #[must_use]
    pub fn with_read(mut self) -> RecvMulti {
        self.with_read = true;
        self
    }
}

// SAFETY: the entry points at nothing; the ring's memory outlives the operation, which holds a handle.
unsafe impl Multishot for RecvMulti {
    type Item = io::Result<Option<PooledBuf>>;

    fn entry(&mut self) -> squeue::Entry {
        let (target, group) = (self.target.number(), self.ring.group());
        let entry = if self.with_read {
            opcode::ReadMulti::new(target, 0, group)
                .offset(AT_POSITION)
                .build()
        } else {
            opcode::RecvMulti::new(target, group).build()
        };
        self.target.mark(entry)
    }

    fn item(&mut self, completion: Completion) -> Self::Item {
        received(&self.ring, completion)
    }

    fn discard(&mut self, completion: Completion) {
        drop(received(&self.ring, completion));
    }
}
