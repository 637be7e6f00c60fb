//! Moving bytes through a pipe, inside the kernel.

use std::io;

use io_uring::{opcode, squeue, types};

use crate::buf::entry_len;
use crate::completion::Completion;
use crate::op::rw::AT_POSITION;
use crate::operation::Operation;
use crate::target::Target;

/// Moves bytes from one descriptor to another, as `splice`; one of the two is a pipe. Resolves to the number of bytes, which
/// may be fewer than asked for; 0 is the end of the source.
///
/// The kernel runs it on a thread of its own, which waits until the source has bytes and the destination has room, unless
/// `SPLICE_F_NONBLOCK` is among the flags.
#[derive(Clone, Debug)]
pub struct Splice {
    from: Target,
    from_offset: u64,
    to: Target,
    to_offset: u64,
    length: usize,
    flags: u32,
}

impl Splice {
    /// Moves up to `length` bytes. Files are read and written at their positions, which move on.
    pub fn new(from: Target, to: Target, length: usize) -> Splice {
        Splice {
            from,
            from_offset: AT_POSITION,
            to,
            to_offset: AT_POSITION,
            length,
            flags: 0,
        }
    }

    /// Reads the source, a file, at an offset in bytes, and leaves its position alone.
    #[must_use]
    pub fn from_offset(mut self, offset: u64) -> Splice {
        self.from_offset = offset;
        self
    }

    /// Writes the destination, a file, at an offset in bytes, and leaves its position alone.
    #[must_use]
    pub fn to_offset(mut self, offset: u64) -> Splice {
        self.to_offset = offset;
        self
    }

    /// Sets `SPLICE_F_*` flags.
    #[must_use]
    pub fn flags(mut self, flags: u32) -> Splice {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Splice {
    type Output = io::Result<usize>;

    fn entry(&mut self) -> squeue::Entry {
        let length = entry_len(self.length);
        // Offsets are signed in the entry; `AT_POSITION` is -1.
        let (from_offset, to_offset) = (self.from_offset as i64, self.to_offset as i64);
        let to = self.to.number();
        let entry = match self.from {
            Target::Fd(fd) => {
                opcode::Splice::new(types::Fd(fd), from_offset, to, to_offset, length)
            }
            Target::Fixed(index) => {
                opcode::Splice::new(types::Fixed(index), from_offset, to, to_offset, length)
            }
        };
        self.to.mark(entry.flags(self.flags).build())
    }

    fn complete(self, completion: Completion) -> io::Result<usize> {
        completion.into_result().map(|count| count as usize)
    }
}

/// Copies bytes from one pipe to another and leaves them in the first, as `tee`. Resolves to the number of bytes, which may
/// be fewer than asked for; 0 is the end of the source.
#[derive(Clone, Debug)]
pub struct Tee {
    from: Target,
    to: Target,
    length: usize,
    flags: u32,
}

impl Tee {
    /// Copies up to `length` bytes.
    pub fn new(from: Target, to: Target, length: usize) -> Tee {
        Tee {
            from,
            to,
            length,
            flags: 0,
        }
    }

    /// Sets `SPLICE_F_*` flags.
    #[must_use]
    pub fn flags(mut self, flags: u32) -> Tee {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Tee {
    type Output = io::Result<usize>;

    fn entry(&mut self) -> squeue::Entry {
        let length = entry_len(self.length);
        let to = self.to.number();
        let entry = match self.from {
            Target::Fd(fd) => opcode::Tee::new(types::Fd(fd), to, length),
            Target::Fixed(index) => opcode::Tee::new(types::Fixed(index), to, length),
        };
        self.to.mark(entry.flags(self.flags).build())
    }

    fn complete(self, completion: Completion) -> io::Result<usize> {
        completion.into_result().map(|count| count as usize)
    }
}
