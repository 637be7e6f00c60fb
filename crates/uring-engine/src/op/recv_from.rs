//! Receiving a datagram together with its sender's address.

use std::fmt;
use std::mem::MaybeUninit;

use io_uring::{opcode, squeue};

use crate::buf::{BufResult, IoBufMut, entry_len};
use crate::completion::Completion;
use crate::operation::Operation;
use crate::target::Target;

/// Receives one datagram, as `recvmsg`. Resolves to what is known of it, and the buffer with its bytes.
///
/// Ancillary data is not received; descriptors that were sent along are not opened.
pub struct RecvFrom<B> {
    target: Target,
    flags: i32,
    name: libc::sockaddr_storage,
    part: libc::iovec,
    header: libc::msghdr,
    buffer: B,
}

/// What is known of a datagram that [`RecvFrom`] has received.
#[derive(Clone, Copy)]
pub struct Arrived {
    name: libc::sockaddr_storage,
    name_len: usize,
    length: usize,
    flags: i32,
}

impl<B: IoBufMut> RecvFrom<B> {
    /// Receives up to the buffer's capacity.
    pub fn new(target: Target, buffer: B) -> Self {
        // SAFETY: all zeros are a valid address of no family, a valid empty part, and a valid message header without
        // address, parts and ancillary data.
        let (name, part, header) = unsafe { MaybeUninit::zeroed().assume_init() };
        Self {
            target,
            flags: 0,
            name,
            part,
            header,
            buffer,
        }
    }

    /// Sets `MSG_*` flags, besides `MSG_TRUNC`.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> Self {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at the header, which lies in the value; the header at the address and the part, which lie there
// too; and the part at the buffer, which the value owns and which `IoBufMut` promises to stay put.
unsafe impl<B: IoBufMut> Operation for RecvFrom<B> {
    type Output = BufResult<Arrived, B>;

    fn entry(&mut self) -> squeue::Entry {
        self.part.iov_base = self.buffer.as_mut_ptr().cast();
        self.part.iov_len = entry_len(self.buffer.capacity()) as usize;
        self.header.msg_name = (&raw mut self.name).cast();
        self.header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        self.header.msg_iov = &raw mut self.part;
        self.header.msg_iovlen = 1;
        // `MSG_TRUNC`: the true length of a datagram is wanted, also of one that is cut off.
        let entry = opcode::RecvMsg::new(self.target.number(), &raw mut self.header)
            .flags((self.flags | libc::MSG_TRUNC) as u32)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        let Self {
            name,
            header,
            mut buffer,
            ..
        } = self;
        let result = completion.into_result().map(|length| Arrived {
            name,
            name_len: (header.msg_namelen as usize).min(size_of::<libc::sockaddr_storage>()),
            length: length as usize,
            flags: header.msg_flags,
        });
        if let Ok(arrived) = &result {
            // SAFETY: the kernel wrote the datagram's bytes, up to the capacity.
            unsafe { buffer.set_init(arrived.length.min(buffer.capacity())) };
        }
        (result, buffer)
    }
}

impl Arrived {
    /// The sender's address as the kernel has it; empty if it has none.
    pub fn name(&self) -> &[u8] {
        // SAFETY: the storage was zeroed before the kernel wrote to it, so all of it is initialised, and the length was cut
        // to its size.
        unsafe { std::slice::from_raw_parts((&raw const self.name).cast(), self.name_len) }
    }

    /// Bytes that the datagram had: more than the buffer took, if that was too short.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The kernel's `MSG_*` flags: `MSG_TRUNC` says that it was cut off.
    pub fn flags(&self) -> i32 {
        self.flags
    }
}

impl<B: fmt::Debug> fmt::Debug for RecvFrom<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFrom")
            .field("target", &self.target)
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrived")
            .field("length", &self.length)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
