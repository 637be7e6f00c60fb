//! Reading and writing several buffers with one operation.

use std::fmt;

use io_uring::{opcode, squeue};

use crate::buf::{
    BufResult, IoVecBuf, IoVecBufMut, assert_initialised, init_vectored, iovecs_mut, iovecs_of,
};
use crate::completion::Completion;
use crate::op::rw::{AT_POSITION, sent};
use crate::operation::Operation;
use crate::target::Target;

/// Reads into several buffers, one after the other, as `preadv` or `readv`. Resolves to the number of bytes and the
/// buffers; 0 is the end of the file. At most 1,024 buffers with room take part.
#[derive(Debug)]
pub struct ReadV<V> {
    target: Target,
    offset: u64,
    skip: usize,
    buffers: V,
    iovecs: Iovecs,
}

impl<V: IoVecBufMut> ReadV<V> {
    /// Reads at the file position, which moves on. For pipes, terminals and sockets too.
    pub fn new(target: Target, buffers: V) -> ReadV<V> {
        ReadV::at(target, AT_POSITION, buffers)
    }

    /// Reads at an offset in bytes and leaves the file position alone.
    pub fn at(target: Target, offset: u64, buffers: V) -> ReadV<V> {
        ReadV {
            target,
            offset,
            skip: 0,
            buffers,
            iovecs: Iovecs::default(),
        }
    }

    /// Leaves the first `count` bytes of the buffers, taken together, as they are: for filling the rest after a short read.
    ///
    /// # Panics
    ///
    /// If they are not initialised.
    #[must_use]
    pub fn skip(mut self, count: usize) -> ReadV<V> {
        assert_initialised(&mut self.buffers, count);
        self.skip = count;
        self
    }
}

// SAFETY: the entry points at the vector, which lies on the heap, and that at the buffers. The value owns both, and the
// buffers are of types for which `IoBufMut` promises that they stay put.
unsafe impl<V: IoVecBufMut> Operation for ReadV<V> {
    type Output = BufResult<usize, V>;

    fn entry(&mut self) -> squeue::Entry {
        self.iovecs = Iovecs(iovecs_mut(&mut self.buffers, self.skip));
        let (begin, count) = self.iovecs.as_raw();
        let entry = opcode::Readv::new(self.target.number(), begin, count)
            .offset(self.offset)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        received_vectored(completion, self.buffers, self.skip)
    }
}

/// Writes several buffers, one after the other, as `pwritev` or `writev`. Resolves to the number of bytes written, which may
/// be fewer than there are, and the buffers. At most 1,024 buffers that are not empty take part.
#[derive(Debug)]
pub struct WriteV<V> {
    target: Target,
    offset: u64,
    skip: usize,
    buffers: V,
    iovecs: Iovecs,
}

impl<V: IoVecBuf> WriteV<V> {
    /// Writes at the file position, which moves on. For pipes, terminals and sockets too.
    pub fn new(target: Target, buffers: V) -> WriteV<V> {
        WriteV::at(target, AT_POSITION, buffers)
    }

    /// Writes at an offset in bytes and leaves the file position alone.
    pub fn at(target: Target, offset: u64, buffers: V) -> WriteV<V> {
        WriteV {
            target,
            offset,
            skip: 0,
            buffers,
            iovecs: Iovecs::default(),
        }
    }

    /// Leaves out the first `count` bytes of the buffers, taken together: for going on after a short write.
    #[must_use]
    pub fn skip(mut self, count: usize) -> WriteV<V> {
        self.skip = count;
        self
    }
}

// SAFETY: the entry points at the vector, which lies on the heap, and that at the buffers. The value owns both, and the
// buffers are of types for which `IoBuf` promises that they stay put.
unsafe impl<V: IoVecBuf> Operation for WriteV<V> {
    type Output = BufResult<usize, V>;

    fn entry(&mut self) -> squeue::Entry {
        self.iovecs = Iovecs(iovecs_of(&self.buffers, self.skip));
        let (begin, count) = self.iovecs.as_raw();
        let entry = opcode::Writev::new(self.target.number(), begin, count)
            .offset(self.offset)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffers)
    }
}

/// Sends several buffers, one after the other, over a connected socket. Resolves to the number of bytes sent, which may be
/// fewer than there are, and the buffers. At most 1,024 buffers that are not empty take part.
///
/// `MSG_NOSIGNAL` is always set: a closed peer is the error `EPIPE`, not a signal.
#[derive(Debug)]
pub struct SendV<V> {
    target: Target,
    flags: i32,
    skip: usize,
    buffers: V,
    iovecs: Iovecs,
    message: Message,
}

impl<V: IoVecBuf> SendV<V> {
    /// Sends the buffers' initialised bytes.
    pub fn new(target: Target, buffers: V) -> SendV<V> {
        SendV {
            target,
            flags: 0,
            skip: 0,
            buffers,
            iovecs: Iovecs::default(),
            message: Message::default(),
        }
    }

    /// Sets `MSG_*` flags. With `MSG_WAITALL` the kernel goes on after a short send until everything is sent.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> SendV<V> {
        self.flags = flags;
        self
    }

    /// Leaves out the first `count` bytes of the buffers, taken together: for going on after a short send.
    #[must_use]
    pub fn skip(mut self, count: usize) -> SendV<V> {
        self.skip = count;
        self
    }
}

// SAFETY: the entry points at the message in the value, that at the vector on the heap, and that at the buffers. The value
// owns all of them, and the buffers are of types for which `IoBuf` promises that they stay put.
unsafe impl<V: IoVecBuf> Operation for SendV<V> {
    type Output = BufResult<usize, V>;

    fn entry(&mut self) -> squeue::Entry {
        self.iovecs = Iovecs(iovecs_of(&self.buffers, self.skip));
        let message = self.message.over(&self.iovecs);
        let entry = opcode::SendMsg::new(self.target.number(), message)
            .flags((self.flags | libc::MSG_NOSIGNAL) as u32)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffers)
    }
}

/// Receives into several buffers, one after the other, from a connected socket. Resolves to the number of bytes and the
/// buffers; 0 is the end of the stream. At most 1,024 buffers with room take part.
#[derive(Debug)]
pub struct RecvV<V> {
    target: Target,
    flags: i32,
    buffers: V,
    iovecs: Iovecs,
    message: Message,
}

impl<V: IoVecBufMut> RecvV<V> {
    /// Receives up to the buffers' capacity.
    pub fn new(target: Target, buffers: V) -> RecvV<V> {
        RecvV {
            target,
            flags: 0,
            buffers,
            iovecs: Iovecs::default(),
            message: Message::default(),
        }
    }

    /// Sets `MSG_*` flags.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> RecvV<V> {
        self.flags = flags;
        self
    }
}

// SAFETY: as for `SendV`, with `IoBufMut`.
unsafe impl<V: IoVecBufMut> Operation for RecvV<V> {
    type Output = BufResult<usize, V>;

    fn entry(&mut self) -> squeue::Entry {
        self.iovecs = Iovecs(iovecs_mut(&mut self.buffers, 0));
        let message = self.message.over(&self.iovecs);
        let entry = opcode::RecvMsg::new(self.target.number(), message)
            .flags(self.flags as u32)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        received_vectored(completion, self.buffers, 0)
    }
}

/// A message without an address and ancillary data.
struct Message(libc::msghdr);

impl Message {
    /// The message made of the buffers that the vector names.
    fn over(&mut self, iovecs: &Iovecs) -> *mut libc::msghdr {
        let (begin, count) = iovecs.as_raw();
        self.0.msg_iov = begin.cast_mut();
        self.0.msg_iovlen = count as _;
        &raw mut self.0
    }
}

impl Default for Message {
    fn default() -> Message {
        // SAFETY: zeros are a message without anything.
        Message(unsafe { std::mem::zeroed() })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").finish_non_exhaustive()
    }
}

/// What an entry points at.
#[derive(Debug, Default)]
pub(crate) struct Iovecs(pub(crate) Box<[libc::iovec]>);

impl Iovecs {
    pub(crate) fn as_raw(&self) -> (*const libc::iovec, u32) {
        // Far fewer than 4 billion: `MOST`.
        (self.0.as_ptr(), self.0.len() as u32)
    }
}

/// The output of an operation that filled the buffers from their beginning, or from `skip` bytes on.
pub(crate) fn received_vectored<V: IoVecBufMut>(
    completion: Completion,
    mut buffers: V,
    skip: usize,
) -> BufResult<usize, V> {
    let result = completion.into_result().map(|count| count as usize);
    if let Ok(count) = result {
        // SAFETY: the first `skip` were found initialised, the kernel wrote that many behind them, and it was given no more
        // than the room there is.
        unsafe { init_vectored(&mut buffers, skip + count) };
    }
    (result, buffers)
}
