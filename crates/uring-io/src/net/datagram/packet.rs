//! What a receive brings.

use std::os::fd::OwnedFd;

use crate::net::recv_buf::RecvBuf;

/// A datagram: its bytes, in a buffer of the context, and who sent it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Packet<A> {
    /// The bytes; a datagram may have none. They can be sent as they are, without a copy.
    pub bytes: RecvBuf,
    /// Who sent it.
    pub from: A,
    /// Bytes that it had when it was sent.
    pub length: usize,
    /// The descriptors that came with it, `CLOEXEC` all of them; see
    /// [`set_most_descriptors`](super::Datagram::set_most_descriptors).
    pub descriptors: Vec<OwnedFd>,
    /// More descriptors were sent than are taken, or than this process may have open. Those that are missing are closed.
    pub descriptors_missing: bool,
}

impl<A> Packet<A> {
    /// Whether its end was cut off, because it was longer than the context's buffers: beyond 255 KiB, which UDP never is.
    pub fn is_truncated(&self) -> bool {
        self.length > self.bytes.len()
    }
}

/// What is known of a datagram whose bytes are in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketInfo<A> {
    /// Bytes that are in the buffer.
    pub count: usize,
    /// Bytes that the datagram had when it was sent.
    pub length: usize,
    /// Who sent it.
    pub from: A,
}

impl<A> PacketInfo<A> {
    /// Whether its end was cut off, because the buffer was too short. That end is gone.
    pub fn is_truncated(&self) -> bool {
        self.length > self.count
    }
}
