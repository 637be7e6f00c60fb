//! Messages: bytes together with an address, and with what travels beside them, as `sendmsg` and `recvmsg`.
//!
//! The header that the kernel reads lies in the operation itself, as do the parts that it points at; they are put together in
//! `entry`, when the operation has reached the address where it stays.

use std::fmt;
use std::mem::{size_of, zeroed};
use std::os::fd::OwnedFd;

use io_uring::{opcode, squeue};

use crate::addr::SocketAddress;
use crate::buf::{BufResult, IoBuf, IoBufMut};
use crate::completion::Completion;
use crate::op::control::Control;
use crate::op::rw::sent;
use crate::operation::Operation;
use crate::target::Target;

/// What an entry points at. Filled in `entry`, and meaningless before.
struct Header {
    message: libc::msghdr,
    part: libc::iovec,
    name: libc::sockaddr_storage,
}

impl Header {
    fn new() -> Header {
        // SAFETY: all three are plain data of integers and pointers, for which zero is a value.
        unsafe { zeroed() }
    }

    /// Points the header at the bytes and the control messages.
    fn fill(&mut self, bytes: *mut u8, len: usize, control: &mut Control) {
        self.part = libc::iovec {
            iov_base: bytes.cast(),
            iov_len: len,
        };
        self.message.msg_iov = &raw mut self.part;
        self.message.msg_iovlen = 1;
        let (control, len) = control.as_raw_mut();
        self.message.msg_control = control.cast();
        self.message.msg_controllen = len;
    }
}

/// Sends a message, as `sendmsg`. Resolves to the number of bytes sent, which on a stream may be fewer than there are, and the
/// buffer.
///
/// Descriptors that travel with it have to stay open until it has resolved. `MSG_NOSIGNAL` is always set: a closed peer is
/// the error `EPIPE`, not a signal.
pub struct SendMsg<B> {
    target: Target,
    flags: i32,
    address: Option<SocketAddress>,
    control: Control,
    buffer: B,
    header: Header,
}

impl<B: IoBuf> SendMsg<B> {
    /// Sends the buffer's initialised bytes.
    pub fn new(target: Target, buffer: B) -> SendMsg<B> {
        SendMsg {
            target,
            flags: 0,
            address: None,
            control: Control::default(),
            buffer,
            header: Header::new(),
        }
    }

    /// Sends to an address, for sockets that are not connected.
    #[must_use]
    pub fn to(mut self, address: impl Into<SocketAddress>) -> SendMsg<B> {
        self.address = Some(address.into());
        self
    }

    /// Sends control messages with the bytes. On a stream they travel with the first byte that is sent.
    #[must_use]
    pub fn control(mut self, control: Control) -> SendMsg<B> {
        self.control = control;
        self
    }

    /// Sets `MSG_*` flags.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> SendMsg<B> {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at the header, which lies in the value, and that at the buffer, the address and the control
// messages, all of which the value owns and which stay put while it does.
unsafe impl<B: IoBuf> Operation for SendMsg<B> {
    type Output = BufResult<usize, B>;

    fn entry(&mut self) -> squeue::Entry {
        let bytes = self.buffer.as_ptr().cast_mut();
        self.header
            .fill(bytes, self.buffer.len(), &mut self.control);
        if let Some(address) = &self.address {
            let (name, len) = address.as_raw();
            self.header.message.msg_name = name.cast_mut().cast();
            self.header.message.msg_namelen = len;
        }
        let entry = opcode::SendMsg::new(self.target.number(), &raw const self.header.message)
            .flags((self.flags | libc::MSG_NOSIGNAL) as u32)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        sent(completion, self.buffer)
    }
}

/// Receives a message, as `recvmsg`. Resolves to what came and the buffer.
///
/// Descriptors that come with it are `CLOEXEC`. When the future is dropped although a message had been received, they are
/// closed, and the bytes are lost.
pub struct RecvMsg<B> {
    target: Target,
    flags: i32,
    with_address: bool,
    control: Control,
    buffer: B,
    header: Header,
}

/// What [`RecvMsg`] received.
#[derive(Debug)]
pub struct Received {
    /// Bytes; 0 may be the end of a stream.
    pub count: usize,
    /// The message's `MSG_*` flags. `MSG_TRUNC` says that the buffer, `MSG_CTRUNC` that the room for control messages was too
    /// small, or that descriptors have run out; what did not fit is gone.
    pub flags: i32,
    /// Who sent it, if that was asked for and the sender has an address.
    pub address: Option<SocketAddress>,
    /// Descriptors that came with it.
    pub descriptors: Vec<OwnedFd>,
    /// The control messages, those of the descriptors included.
    pub control: Control,
}

impl<B: IoBufMut> RecvMsg<B> {
    /// Receives up to the buffer's capacity.
    pub fn new(target: Target, buffer: B) -> RecvMsg<B> {
        RecvMsg {
            target,
            flags: 0,
            with_address: false,
            control: Control::default(),
            buffer,
            header: Header::new(),
        }
    }

    /// Asks for the sender's address.
    #[must_use]
    pub fn with_address(mut self) -> RecvMsg<B> {
        self.with_address = true;
        self
    }

    /// Makes room for control messages; see [`Control::with_room`]. What `control` held is overwritten.
    #[must_use]
    pub fn control(mut self, control: Control) -> RecvMsg<B> {
        self.control = control;
        self
    }

    /// Sets `MSG_*` flags.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> RecvMsg<B> {
        self.flags = flags;
        self
    }

    fn received(mut self, completion: Completion) -> BufResult<Received, B> {
        let count = match completion.into_result() {
            Ok(count) => count as usize,
            Err(error) => return (Err(error), self.buffer),
        };
        // With `MSG_TRUNC` among the flags, the kernel counts what did not fit, too.
        let written = count.min(self.buffer.capacity());
        // SAFETY: the kernel wrote that many bytes.
        unsafe { self.buffer.set_init(written) };
        let message = &self.header.message;
        let address = self
            .with_address
            .then(|| SocketAddress::from_storage(&self.header.name, message.msg_namelen))
            .flatten();
        self.control.truncate(message.msg_controllen);
        // SAFETY: the kernel has just written these control messages, and this is called once.
        let descriptors = unsafe { self.control.take_descriptors() };
        let received = Received {
            count,
            flags: message.msg_flags,
            address,
            descriptors,
            control: self.control,
        };
        (Ok(received), self.buffer)
    }
}

// SAFETY: the entry points at the header, which lies in the value, and that at the buffer, the place for the address and the
// room for control messages, all of which the value owns and which stay put while it does.
unsafe impl<B: IoBufMut> Operation for RecvMsg<B> {
    type Output = BufResult<Received, B>;

    fn entry(&mut self) -> squeue::Entry {
        let (bytes, len) = (self.buffer.as_mut_ptr(), self.buffer.capacity());
        self.header.fill(bytes, len, &mut self.control);
        if self.with_address {
            self.header.message.msg_name = (&raw mut self.header.name).cast();
            self.header.message.msg_namelen =
                size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        }
        let entry = opcode::RecvMsg::new(self.target.number(), &raw mut self.header.message)
            .flags((self.flags | libc::MSG_CMSG_CLOEXEC) as u32)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> Self::Output {
        self.received(completion)
    }

    fn discard(self, completion: Completion) {
        // Closes the descriptors.
        drop(self.received(completion));
    }
}

impl<B: fmt::Debug> fmt::Debug for SendMsg<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMsg")
            .field("target", &self.target)
            .field("address", &self.address)
            .field("control", &self.control)
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}

impl<B: fmt::Debug> fmt::Debug for RecvMsg<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvMsg")
            .field("target", &self.target)
            .field("with_address", &self.with_address)
            .field("control", &self.control)
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}
