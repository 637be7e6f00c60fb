//! What a write sends: one buffer, several, or one without a copy.

use std::io::{self, IoSlice};

use uring_engine::{BufResult, IoBuf, IoVecBuf, Operation, Slice, op};

use crate::either::Either;
use crate::keep::Keep;
use crate::net::socket::{Shared, SharedPart};
use crate::net::transfer::{Output, OutputV, output, output_v};

/// Buffers on their way out.
pub(crate) trait Outgoing: Sized + 'static {
    /// What the caller gave, and gets back.
    type Buffer;
    /// Sends them through the ring.
    type Operation: Operation;

    fn new(buffer: Self::Buffer) -> Self;

    fn into_buffer(self) -> Self::Buffer;

    /// Bytes to send.
    fn total(&self) -> usize;

    /// Sends what fits without waiting, from the beginning.
    fn send_now(&self, shared: &Shared) -> io::Result<usize>;

    /// Sends what follows the first `sent` bytes, or a part of it. Not with `MSG_WAITALL`: a send that had sent something
    /// before it failed would say how much, and the error would be lost.
    fn operation(self, shared: SharedPart, sent: usize) -> Self::Operation;

    /// The output of the operation, and itself again.
    fn finished(output: <Self::Operation as Operation>::Output) -> (io::Result<usize>, Self);

    /// Whether to try again after an error, in another way.
    fn has_another_way(&mut self, error: &io::Error) -> bool {
        let _ = error;
        false
    }
}

/// One buffer.
pub(crate) struct One<B>(B);

impl<B: IoBuf> One<B> {
    fn rest(self, sent: usize) -> Slice<B> {
        let total = self.0.len();
        Slice::new(self.0, sent..total)
    }
}

impl<B: IoBuf> Outgoing for One<B> {
    type Buffer = B;
    type Operation = Keep<Output<Slice<B>>, SharedPart>;

    #[inline]
    fn new(buffer: B) -> Self {
        Self(buffer)
    }

    #[inline]
    fn into_buffer(self) -> B {
        self.0
    }

    #[inline]
    fn total(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn send_now(&self, shared: &Shared) -> io::Result<usize> {
        shared.send_now(self.0.as_slice())
    }

    fn operation(self, shared: SharedPart, sent: usize) -> Self::Operation {
        let output = output(&shared, self.rest(sent));
        Keep::new(output, shared)
    }

    #[inline]
    fn finished(
        ((result, rest), _): (BufResult<usize, Slice<B>>, SharedPart),
    ) -> (io::Result<usize>, Self) {
        (result, Self(rest.into_inner()))
    }
}

/// Several buffers, one after the other.
pub(crate) struct Several<V>(V);

/// Buffers that are sent at once without memory from the heap for their description.
const FEW: usize = 8;

/// The most that the kernel takes in one call (`UIO_MAXIOV`).
pub(crate) const MOST: usize = 1024;

impl<V: IoVecBuf> Outgoing for Several<V> {
    type Buffer = V;
    type Operation = Keep<OutputV<V>, SharedPart>;

    fn new(buffers: V) -> Self {
        Self(buffers)
    }

    fn into_buffer(self) -> V {
        self.0
    }

    fn total(&self) -> usize {
        self.0.total_len()
    }

    fn send_now(&self, shared: &Shared) -> io::Result<usize> {
        let count = self.0.buffers().min(MOST);
        let piece = |at| IoSlice::new(self.0.buffer(at).as_slice());
        let mut few = [IoSlice::new(&[]); FEW];
        if count <= FEW {
            for (at, place) in few.iter_mut().enumerate().take(count) {
                *place = piece(at);
            }
            return shared.send_vectored_now(&few[..count]);
        }
        let many: Vec<_> = (0..count).map(piece).collect();
        shared.send_vectored_now(&many)
    }

    fn operation(self, shared: SharedPart, sent: usize) -> Self::Operation {
        let output = output_v(&shared, self.0, sent);
        Keep::new(output, shared)
    }

    fn finished(
        ((result, buffers), _): (BufResult<usize, V>, SharedPart),
    ) -> (io::Result<usize>, Self) {
        (result, Self(buffers))
    }
}

/// Sends without a copy, or with one.
type ZeroCopy<B> = Either<op::SendZc<B>, op::Send<B>>;

/// One buffer, over a socket, that the network takes from where it is, or that is copied where the kernel cannot do without.
pub(crate) struct Uncopied<B> {
    buffer: One<B>,
    copied: bool,
}

impl<B: IoBuf> Outgoing for Uncopied<B> {
    type Buffer = B;
    type Operation = Keep<ZeroCopy<Slice<B>>, (SharedPart, bool)>;

    fn new(buffer: B) -> Self {
        Self {
            buffer: One::new(buffer),
            copied: false,
        }
    }

    fn into_buffer(self) -> B {
        self.buffer.into_buffer()
    }

    fn total(&self) -> usize {
        self.buffer.total()
    }

    fn send_now(&self, _shared: &Shared) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn operation(self, shared: SharedPart, sent: usize) -> Self::Operation {
        let (target, rest) = (shared.target(), self.buffer.rest(sent));
        let send = if self.copied {
            Either::Other(op::Send::new(target, rest))
        } else {
            Either::One(op::SendZc::new(target, rest))
        };
        Keep::new(send, (shared, self.copied))
    }

    fn finished(
        ((result, rest), (_, copied)): (BufResult<usize, Slice<B>>, (SharedPart, bool)),
    ) -> (io::Result<usize>, Self) {
        let buffer = One(rest.into_inner());
        (result, Self { buffer, copied })
    }

    fn has_another_way(&mut self, error: &io::Error) -> bool {
        // Sockets that cannot (Unix), kernels that cannot, and limits: of locked memory, of a socket's notifications.
        let cannot = matches!(
            error.raw_os_error(),
            Some(libc::EOPNOTSUPP | libc::EINVAL | libc::ENOMEM | libc::ENOBUFS)
        );
        cannot && !std::mem::replace(&mut self.copied, true)
    }
}
