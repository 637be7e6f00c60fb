//! Reading and writing at an offset or at the file position.

use io_uring::{opcode, squeue};

use crate::buf::{BufResult, IoBuf, IoBufMut, entry_len};
use crate::completion::Completion;
use crate::operation::Operation;
use crate::target::Target;

/// An offset that means "at the file position, and move it", and the one to use for pipes and sockets.
pub(crate) const AT_POSITION: u64 = u64::MAX;

/// Reads into a buffer, as `pread` or `read`. Resolves to the number of bytes and the buffer; 0 is the end of the file.
#[derive(Debug)]
pub struct Read<B> {
    target: Target,
    offset: u64,
    buffer: B,
}

impl<B: IoBufMut> Read<B> {
    /// Reads at the file position, which moves on. For pipes, terminals and sockets too.
    pub fn new(target: Target, buffer: B) -> Read<B> {
        Read::at(target, AT_POSITION, buffer)
    }

    /// Reads at an offset in bytes and leaves the file position alone.
    pub fn at(target: Target, offset: u64, buffer: B) -> Read<B> {
        Read {
            target,
            offset,
            buffer,
        }
    }
}

// SAFETY: the entry points at the buffer, which the value owns and which `IoBufMut` promises to stay put.
unsafe impl<B: IoBufMut> Operation for Read<B> {
    type Output = BufResult<usize, B>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(self.buffer.capacity());
        let entry = opcode::Read::new(self.target.number(), self.buffer.as_mut_ptr(), len)
            .offset(self.offset)
            .build();
        self.target.mark(entry)
    }

    /// Reads from the page cache, if it holds enough to fill the buffer. Not for descriptors of direct I/O, where the kernel
    /// does wait.
    fn at_once(&mut self) -> Option<Completion> {
        let Target::Fd(fd) = self.target else {
            return None;
        };
        let offset = i64::try_from(self.offset).ok()?;
        let vector = libc::iovec {
            iov_base: self.buffer.as_mut_ptr().cast(),
            iov_len: entry_len(self.buffer.capacity()) as usize,
        };
        // SAFETY: the buffer has room for so many bytes, and is the value's own.
        let count = unsafe { libc::preadv2(fd, &raw const vector, 1, offset, libc::RWF_NOWAIT) };
        // A part may be the end of the file, or of what is cached. The ring finds out.
        (count > 0 && count as usize == vector.iov_len).then_some(Completion {
            result: count as i32,
            flags: 0,
        })
    }

    fn complete(self, completion: Completion) -> Self::Output {
        received(completion, self.buffer)
    }
}

/// Writes a buffer, as `pwrite` or `write`. Resolves to the number of bytes written, which may be fewer than there are,
/// and the buffer.
#[derive(Debug)]
pub struct Write<B> {
    target: Target,
    offset: u64,
    buffer: B,
}

impl<B: IoBuf> Write<B> {
    /// Writes at the file position, which moves on. For pipes, terminals and sockets too.
    pub fn new(target: Target, buffer: B) -> Write<B> {
        Write::at(target, AT_POSITION, buffer)
    }

    /// Writes at an offset in bytes and leaves the file position alone.
    pub fn at(target: Target, offset: u64, buffer: B) -> Write<B> {
        Write {
            target,
            offset,
            buffer,
        }
    }
}

// SAFETY: the entry points at the buffer, which the value owns and which `IoBuf` promises to stay put.
unsafe impl<B: IoBuf> Operation for Write<B> {
    type Output = BufResult<usize, B>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(self.buffer.len());
        let entry = opcode::Write::new(self.target.number(), self.buffer.as_ptr(), len)
            .offset(self.offset)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffer)
    }
}

/// The output of an operation that filled the buffer from its beginning.
#[inline]
pub(crate) fn received<B: IoBufMut>(completion: Completion, mut buffer: B) -> BufResult<usize, B> {
    let result = completion.into_result().map(|count| count as usize);
    if let Ok(count) = result {
        // SAFETY: the kernel wrote that many bytes, and was given no more than the capacity.
        unsafe { buffer.set_init(count.min(buffer.capacity())) };
    }
    (result, buffer)
}

/// The output of an operation that read the buffer.
#[inline]
pub(crate) fn sent<B>(completion: Completion, buffer: B) -> BufResult<usize, B> {
    (completion.into_result().map(|count| count as usize), buffer)
}
