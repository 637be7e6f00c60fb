//! How bytes get into and out of a descriptor: received and sent on a socket, read and written elsewhere.

use uring_engine::{IoBuf, IoBufMut, IoVecBuf, IoVecBufMut, op};

use crate::aside::Aside;
use crate::either::Either;
use crate::keep::Keep;
use crate::net::socket::{Shared, SharedPart};

/// What kind of descriptor it is, as far as its operations differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Socket,
    /// An end of a pipe that nobody else has, in non-blocking mode: an operation on it never blocks a thread.
    Pipe,
    /// Anything else: a terminal, a file, a pipe of strangers. An operation on it may block a thread, which must then be one
    /// of the kernel's own, where it can also be interrupted, and where nobody gets a `SIGPIPE`.
    Other,
}

/// One receive or read.
pub(crate) type Input<B> = Either<op::Recv<B>, Aside<op::Read<B>>>;

/// One send or write.
pub(crate) type Output<B> = Either<op::Send<B>, Aside<op::Write<B>>>;

/// One receive or read into several buffers.
pub(crate) type InputV<V> = Either<op::RecvV<V>, Aside<op::ReadV<V>>>;

/// One send or write of several buffers.
pub(crate) type OutputV<V> = Either<op::SendV<V>, Aside<op::WriteV<V>>>;

#[inline]
pub(crate) fn input<B: IoBufMut>(shared: &Shared, buffer: B) -> Input<B> {
    let target = shared.target();
    match shared.kind {
        Kind::Socket => Either::One(op::Recv::new(target, buffer)),
        kind => {
            let read = op::Read::new(target, buffer);
            Either::Other(Aside::new(read, kind == Kind::Other))
        }
    }
}

#[inline]
pub(crate) fn output<B: IoBuf>(shared: &Shared, buffer: B) -> Output<B> {
    let target = shared.target();
    match shared.kind {
        Kind::Socket => Either::One(op::Send::new(target, buffer)),
        kind => {
            let write = op::Write::new(target, buffer);
            Either::Other(Aside::new(write, kind == Kind::Other))
        }
    }
}

pub(crate) fn input_v<V: IoVecBufMut>(shared: &Shared, buffers: V) -> InputV<V> {
    let target = shared.target();
    match shared.kind {
        Kind::Socket => Either::One(op::RecvV::new(target, buffers)),
        kind => {
            let read = op::ReadV::new(target, buffers);
            Either::Other(Aside::new(read, kind == Kind::Other))
        }
    }
}

/// Leaves out the first `sent` bytes.
pub(crate) fn output_v<V: IoVecBuf>(shared: &Shared, buffers: V, sent: usize) -> OutputV<V> {
    let target = shared.target();
    match shared.kind {
        Kind::Socket => Either::One(op::SendV::new(target, buffers).skip(sent)),
        kind => {
            let write = op::WriteV::new(target, buffers).skip(sent);
            Either::Other(Aside::new(write, kind == Kind::Other))
        }
    }
}

/// Waits until a descriptor is ready. The kernel does that by itself, except where a descriptor in non-blocking mode does
/// not support it.
pub(crate) type Readiness = Keep<op::PollAdd, SharedPart>;

/// Waits for `POLLIN` or `POLLOUT`.
#[cold]
pub(crate) fn readiness(shared: SharedPart, events: i16) -> Readiness {
    let poll = op::PollAdd::new(shared.target(), events as u32);
    Keep::new(poll, shared)
}
