//! How bytes get into and out of a descriptor: received and sent on a socket, read and written elsewhere.

use std::rc::Rc;

use uring_engine::io_uring::squeue;
use uring_engine::{BufResult, Completion, Engine, IoBuf, IoBufMut, Op, Operation, Slice, op};

use crate::keep::Keep;
use crate::net::socket::Shared;

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

impl Kind {
    fn mark(self, entry: squeue::Entry) -> squeue::Entry {
        match self {
            Self::Socket | Self::Pipe => entry,
            Self::Other => entry.flags(squeue::Flags::ASYNC),
        }
    }
}

/// One receive or read.
pub(crate) enum Input<B> {
    Recv(op::Recv<B>),
    Read(op::Read<B>, Kind),
}

impl<B: IoBufMut> Input<B> {
    #[inline]
    pub(crate) fn new(shared: &Shared, buffer: B) -> Self {
        match shared.kind {
            Kind::Socket => Self::Recv(op::Recv::new(shared.target(), buffer)),
            kind => Self::Read(op::Read::new(shared.target(), buffer), kind),
        }
    }
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<B: IoBufMut> Operation for Input<B> {
    type Output = BufResult<usize, B>;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        match self {
            Self::Recv(recv) => recv.entry(),
            Self::Read(read, kind) => kind.mark(read.entry()),
        }
    }

    #[inline]
    fn complete(self, completion: Completion) -> Self::Output {
        match self {
            Self::Recv(recv) => recv.complete(completion),
            Self::Read(read, _) => read.complete(completion),
        }
    }
}

/// One send or write.
pub(crate) enum Output<B> {
    Send(op::Send<Slice<B>>),
    Write(op::Write<Slice<B>>, Kind),
}

impl<B: IoBuf> Output<B> {
    #[inline]
    pub(crate) fn new(shared: &Shared, buffer: Slice<B>) -> Self {
        match shared.kind {
            Kind::Socket => Self::Send(op::Send::new(shared.target(), buffer)),
            kind => Self::Write(op::Write::new(shared.target(), buffer), kind),
        }
    }
}

// SAFETY: as above.
unsafe impl<B: IoBuf> Operation for Output<B> {
    type Output = BufResult<usize, Slice<B>>;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        match self {
            Self::Send(send) => send.entry(),
            Self::Write(write, kind) => kind.mark(write.entry()),
        }
    }

    #[inline]
    fn complete(self, completion: Completion) -> Self::Output {
        match self {
            Self::Send(send) => send.complete(completion),
            Self::Write(write, _) => write.complete(completion),
        }
    }
}

/// Whether what could be asked of the kernel at once goes through the ring, because there is something to go with it.
#[inline]
pub(crate) fn prefers_ring(engine: &Engine) -> bool {
    context::others_runnable() || engine.queued() > 0
}

/// Waits until a descriptor is ready. The kernel does that by itself, except where a descriptor in non-blocking mode does
/// not support it.
pub(crate) type Readiness = Op<Keep<op::PollAdd, Rc<Shared>>>;

/// Waits for `POLLIN` or `POLLOUT`.
#[cold]
pub(crate) fn readiness(engine: &Engine, shared: &Rc<Shared>, events: i16) -> Readiness {
    let poll = op::PollAdd::new(shared.target(), events as u32);
    engine.op(Keep::new(poll, shared.clone()))
}
