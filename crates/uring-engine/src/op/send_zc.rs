//! Sending without a copy.

use io_uring::{opcode, squeue};

use crate::buf::{BufResult, IoBuf, entry_len};
use crate::completion::Completion;
use crate::op::rw::sent;
use crate::operation::Operation;
use crate::target::Target;

/// Sends a buffer straight from its memory. Resolves when the network no longer needs the memory, which may be long after
/// the bytes were queued: to the number of bytes sent and the buffer.
///
/// Pays off for some ten KiB and more on real network cards; the loopback device copies all the same.
#[derive(Debug)]
pub struct SendZc<B> {
    target: Target,
    flags: i32,
    buffer: B,
}

impl<B: IoBuf> SendZc<B> {
    /// Sends the buffer's initialised bytes.
    pub fn new(target: Target, buffer: B) -> SendZc<B> {
        SendZc {
            target,
            flags: 0,
            buffer,
        }
    }

    /// Sets `MSG_*` flags, besides `MSG_NOSIGNAL`.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> SendZc<B> {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at the buffer, which the value owns and which `IoBuf` promises to stay put.
unsafe impl<B: IoBuf> Operation for SendZc<B> {
    type Output = BufResult<usize, B>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(self.buffer.len());
        let entry = opcode::SendZc::new(self.target.number(), self.buffer.as_ptr(), len)
            .flags(self.flags | libc::MSG_NOSIGNAL)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffer)
    }
}
