//! Receiving datagrams into a ring's buffers, each with its sender's address.

use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::OwnedFd;

use io_uring::types::RecvMsgOut;
use io_uring::{opcode, squeue};

use crate::addr::SocketAddress;
use crate::completion::Completion;
use crate::op::Control;
use crate::operation::Multishot;
use crate::pool::{BufferRing, PooledBuf};
use crate::target::Target;

/// Receives datagram after datagram, as `recvmsg`, each into a buffer that the kernel picks. An error is the last item;
/// `ENOBUFS` says that the ring was empty. The kernel also ends it after an empty datagram.
///
/// A buffer holds a header of [`RecvMsgMulti::OVERHEAD`] bytes, room for the sender's address and for descriptors, and then the
/// datagram's bytes. Descriptors are `CLOEXEC`; those that there is no room for are not opened.
#[derive(Debug)]
pub struct RecvMsgMulti {
    target: Target,
    ring: BufferRing,
    /// The kernel reads the room for address and descriptors out of it, and nothing else.
    header: Box<libc::msghdr>,
}

impl RecvMsgMulti {
    /// Bytes of a buffer that the kernel takes for itself (`struct io_uring_recvmsg_out`).
    pub const OVERHEAD: usize = 16;

    /// Receives into buffers of `ring`, with room for addresses of `name` bytes and for `descriptors` descriptors.
    ///
    /// # Panics
    ///
    /// If a buffer of the ring has no room for that.
    ///
    /// # Safety
    ///
    /// It runs on the engine that the ring is registered with. On another engine the ring's number would mean other
    /// buffers.
    pub unsafe fn new(target: Target, ring: BufferRing, name: usize, descriptors: usize) -> Self {
        let room = ring.buffer_size() as usize;
        let control = Control::room_for_descriptors(descriptors.min(Control::MOST_DESCRIPTORS));
        assert!(
            Self::OVERHEAD + name + control < room,
            "buffers of {room} bytes have no room for addresses of {name} bytes and {descriptors} descriptors"
        );
        // SAFETY: all zeros are a valid message header: no address, no parts, no ancillary data.
        let mut header: Box<libc::msghdr> =
            Box::new(unsafe { MaybeUninit::<libc::msghdr>::zeroed().assume_init() });
        header.msg_namelen = name as libc::socklen_t;
        header.msg_controllen = control;
        Self {
            target,
            ring,
            header,
        }
    }
}

// SAFETY: the entry points at the boxed header, which the value owns; the ring's memory outlives the operation, which holds
// a handle.
unsafe impl Multishot for RecvMsgMulti {
    type Item = io::Result<PooledMessage>;

    fn entry(&mut self) -> squeue::Entry {
        // `MSG_TRUNC`: the true length of a datagram is wanted, also of one that was cut off.
        let entry = opcode::RecvMsgMulti::new(
            self.target.number(),
            &raw const *self.header,
            self.ring.group(),
        )
        .flags((libc::MSG_TRUNC | libc::MSG_CMSG_CLOEXEC) as u32)
        .build();
        self.target.mark(entry)
    }

    fn item(&mut self, completion: Completion) -> Self::Item {
        // SAFETY: called once for each completion of the operation, whose entry names the ring's group and which runs on its
        // engine, as `new` demands.
        let buffer = unsafe { self.ring.claim(completion) };
        completion.into_result()?;
        buffer
            .and_then(|buffer| PooledMessage::parse(buffer, &self.header))
            .ok_or_else(|| io::Error::other("the kernel's answer to a receive is no message"))
    }

    fn discard(&mut self, completion: Completion) {
        drop(self.item(completion));
    }
}

/// A datagram in a buffer of a [`BufferRing`].
#[derive(Debug)]
pub struct PooledMessage {
    buffer: PooledBuf,
    name: Range<usize>,
    payload: usize,
    length: usize,
    flags: i32,
    descriptors: Vec<OwnedFd>,
}

impl PooledMessage {
    /// `None` if the buffer holds no message.
    fn parse(buffer: PooledBuf, header: &libc::msghdr) -> Option<Self> {
        let out = RecvMsgOut::parse(&buffer, header).ok()?;
        let name = RecvMsgMulti::OVERHEAD;
        let payload = name + header.msg_namelen as usize + header.msg_controllen;
        let control = Control::from_bytes(out.control_data());
        // SAFETY: the kernel has just written these messages, and this is called once for each buffer.
        let descriptors = unsafe { control.take_descriptors() };
        let name = name..name + out.name_data().len();
        let (length, flags) = (out.incoming_payload_len() as usize, out.flags() as i32);
        Some(Self {
            name,
            payload,
            length,
            flags,
            descriptors,
            buffer,
        })
    }

    /// Who sent it, if that has an address.
    pub fn address(&self) -> Option<SocketAddress> {
        SocketAddress::from_bytes(&self.buffer[self.name.clone()])
    }

    /// Bytes that the datagram had: more than there are if the buffer was too short.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The kernel's `MSG_*` flags: `MSG_TRUNC` says that it was cut off, `MSG_CTRUNC` that descriptors are missing.
    pub fn flags(&self) -> i32 {
        self.flags
    }

    /// Takes the descriptors that came with it.
    pub fn take_descriptors(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.descriptors)
    }

    /// The buffer, and where in it the datagram's bytes begin. They go on to its end.
    pub fn into_payload(self) -> (PooledBuf, usize) {
        (self.buffer, self.payload)
    }
}
