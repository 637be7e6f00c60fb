//! Sockets, as descriptors.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use io_uring::{opcode, squeue};

use crate::addr::SocketAddress;
use crate::buf::{BufResult, IoBuf, IoBufMut, entry_len};
use crate::completion::Completion;
use crate::op::rw::{received, sent};
use crate::operation::Operation;
use crate::target::Target;

/// `IORING_RECVSEND_POLL_FIRST`: wait for readiness before the first attempt.
const POLL_FIRST: u16 = 1;

/// Receives into a buffer, as `recv`. Resolves to the number of bytes and the buffer; 0 is the end of the stream.
#[derive(Debug)]
pub struct Recv<B> {
    target: Target,
    flags: i32,
    poll_first: bool,
    buffer: B,
}

impl<B: IoBufMut> Recv<B> {
    /// Receives up to the buffer's capacity.
    pub fn new(target: Target, buffer: B) -> Recv<B> {
        Recv {
            target,
            flags: 0,
            poll_first: false,
            buffer,
        }
    }

    /// Sets `MSG_*` flags. `MSG_WAITALL` waits for the whole capacity.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> Recv<B> {
        self.flags = flags;
        self
    }

    /// Waits for the socket to become readable before the first attempt: saves a futile attempt when the socket is known
    /// to be empty.
    #[must_use]
    pub fn poll_first(mut self, poll_first: bool) -> Recv<B> {
        self.poll_first = poll_first;
        self
    }
}

// SAFETY: the entry points at the buffer, which the value owns and which `IoBufMut` promises to stay put.
unsafe impl<B: IoBufMut> Operation for Recv<B> {
    type Output = BufResult<usize, B>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(self.buffer.capacity());
        let entry = opcode::Recv::new(self.target.number(), self.buffer.as_mut_ptr(), len)
            .flags(self.flags)
            .ioprio(if self.poll_first { POLL_FIRST } else { 0 })
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        received(completion, self.buffer)
    }
}

/// Sends a buffer, as `send`. Resolves to the number of bytes sent, which may be fewer than there are, and the buffer.
///
/// `MSG_NOSIGNAL` is always set: a closed peer is the error `EPIPE`, not a signal.
#[derive(Debug)]
pub struct Send<B> {
    target: Target,
    flags: i32,
    buffer: B,
}

impl<B: IoBuf> Send<B> {
    /// Sends the buffer's initialised bytes.
    pub fn new(target: Target, buffer: B) -> Send<B> {
        Send {
            target,
            flags: 0,
            buffer,
        }
    }

    /// Sets `MSG_*` flags. With `MSG_WAITALL` the kernel goes on after a short send until everything is sent.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> Send<B> {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at the buffer, which the value owns and which `IoBuf` promises to stay put.
unsafe impl<B: IoBuf> Operation for Send<B> {
    type Output = BufResult<usize, B>;

    fn entry(&mut self) -> squeue::Entry {
        let len = entry_len(self.buffer.len());
        let entry = opcode::Send::new(self.target.number(), self.buffer.as_ptr(), len)
            .flags(self.flags | libc::MSG_NOSIGNAL)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffer)
    }
}

/// Accepts one connection, as `accept4` with `SOCK_CLOEXEC`. Resolves to the connection's descriptor.
///
/// When the future is dropped although a connection had been accepted, that connection is closed.
#[derive(Debug)]
pub struct Accept {
    target: Target,
    flags: i32,
}

impl Accept {
    /// Accepts from a listening socket.
    pub fn new(target: Target) -> Accept {
        Accept { target, flags: 0 }
    }

    /// Sets `SOCK_*` flags of the new descriptor, besides `SOCK_CLOEXEC`.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> Accept {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Accept {
    type Output = io::Result<OwnedFd>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::Accept::new(
            self.target.number(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
        .flags(self.flags | libc::SOCK_CLOEXEC)
        .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<OwnedFd> {
        owned_fd(completion)
    }

    fn discard(self, completion: Completion) {
        drop(owned_fd(completion));
    }
}

/// Connects a socket, as `connect`.
#[derive(Debug)]
pub struct Connect {
    target: Target,
    address: SocketAddress,
}

impl Connect {
    /// Connects to an address.
    pub fn new(target: Target, address: impl Into<SocketAddress>) -> Connect {
        Connect {
            target,
            address: address.into(),
        }
    }
}

// SAFETY: the entry points at the address, which lies in the value or in a box that it owns.
unsafe impl Operation for Connect {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let (address, len) = self.address.as_raw();
        let entry = opcode::Connect::new(self.target.number(), address, len).build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// The descriptor that a completion carries.
pub(crate) fn owned_fd(completion: Completion) -> io::Result<OwnedFd> {
    let fd = completion.into_result()?;
    // SAFETY: the kernel has just opened this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
