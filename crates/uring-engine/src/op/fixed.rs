//! Reading into and writing from registered buffers.

use io_uring::{opcode, squeue};

use crate::buf::{BufResult, IoBuf, IoBufMut, entry_len};
use crate::completion::Completion;
use crate::fixed::FixedBuf;
use crate::op::rw::{AT_POSITION, received, sent};
use crate::operation::Operation;
use crate::target::Target;

/// Reads into a registered buffer. Resolves to the number of bytes and the buffer; 0 is the end of the file. On an engine
/// that the buffer is not registered with, it fails with `EFAULT`.
#[derive(Debug)]
pub struct ReadFixed {
    target: Target,
    offset: u64,
    buffer: FixedBuf,
}

impl ReadFixed {
    /// Reads at the file position, which moves on.
    pub fn new(target: Target, buffer: FixedBuf) -> ReadFixed {
        ReadFixed::at(target, AT_POSITION, buffer)
    }

    /// Reads at an offset in bytes and leaves the file position alone.
    pub fn at(target: Target, offset: u64, buffer: FixedBuf) -> ReadFixed {
        ReadFixed {
            target,
            offset,
            buffer,
        }
    }
}

// SAFETY: the entry points at the buffer, which the value owns.
unsafe impl Operation for ReadFixed {
    type Output = BufResult<usize, FixedBuf>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(self.buffer.capacity());
        let start = self.buffer.as_mut_ptr();
        let entry = opcode::ReadFixed::new(self.target.number(), start, len, self.buffer.index())
            .offset(self.offset)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        received(completion, self.buffer)
    }
}

/// Writes a registered buffer. Resolves to the number of bytes written and the buffer. On an engine that the buffer is
/// not registered with, it fails with `EFAULT`.
#[derive(Debug)]
pub struct WriteFixed {
    target: Target,
    offset: u64,
    buffer: FixedBuf,
}

impl WriteFixed {
    /// Writes at the file position, which moves on.
    pub fn new(target: Target, buffer: FixedBuf) -> WriteFixed {
        WriteFixed::at(target, AT_POSITION, buffer)
    }

    /// Writes at an offset in bytes and leaves the file position alone.
    pub fn at(target: Target, offset: u64, buffer: FixedBuf) -> WriteFixed {
        WriteFixed {
            target,
            offset,
            buffer,
        }
    }
}

// SAFETY: the entry points at the buffer, which the value owns.
unsafe impl Operation for WriteFixed {
    type Output = BufResult<usize, FixedBuf>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(IoBuf::len(&self.buffer));
        let start = IoBuf::as_ptr(&self.buffer);
        let entry = opcode::WriteFixed::new(self.target.number(), start, len, self.buffer.index())
            .offset(self.offset)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffer)
    }
}
