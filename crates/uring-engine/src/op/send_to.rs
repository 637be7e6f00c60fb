//! Sending a datagram to an address.

use io_uring::{opcode, squeue};

use crate::addr::SocketAddress;
use crate::buf::{BufResult, IoBuf, entry_len};
use crate::completion::Completion;
use crate::op::rw::sent;
use crate::operation::Operation;
use crate::target::Target;

/// Sends a buffer to an address, as `sendto` (Linux 6.1). Resolves to the number of bytes sent and the buffer; a datagram is
/// sent whole or not at all.
///
/// `MSG_NOSIGNAL` is always set.
#[derive(Debug)]
pub struct SendTo<B> {
    target: Target,
    flags: i32,
    address: SocketAddress,
    buffer: B,
}

impl<B: IoBuf> SendTo<B> {
    /// Sends the buffer's initialised bytes.
    pub fn new(target: Target, buffer: B, address: impl Into<SocketAddress>) -> Self {
        Self {
            target,
            flags: 0,
            address: address.into(),
            buffer,
        }
    }

    /// Sets `MSG_*` flags.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> Self {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at the buffer, which the value owns and which `IoBuf` promises to stay put, and at the address,
// which lies in the value or in a box that it owns.
unsafe impl<B: IoBuf> Operation for SendTo<B> {
    type Output = BufResult<usize, B>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(self.buffer.len());
        let (address, address_len) = self.address.as_raw();
        let entry = opcode::Send::new(self.target.number(), self.buffer.as_ptr(), len)
            .flags(self.flags | libc::MSG_NOSIGNAL)
            .dest_addr(address)
            .dest_addr_len(address_len)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffer)
    }
}
