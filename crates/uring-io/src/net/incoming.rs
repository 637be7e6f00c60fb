//! What a read fills: one buffer, several, or one to the end.

use std::io;

use uring_engine::{BufResult, IoBufMut, IoVecBufMut, Operation, Slice};

use crate::copy::{fill, fill_behind, fill_vectored};
use crate::keep::Keep;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Shared;
use crate::net::transfer::{Input, InputV, input, input_v};

/// Buffers to be filled.
pub(crate) trait Incoming: Sized + 'static {
    /// What the caller gave, and gets back.
    type Buffer;
    /// Fills them through the ring.
    type Operation: Operation;
    /// Whether the read goes on until there is no room.
    const WHOLE: bool = false;

    fn new(buffer: Self::Buffer) -> Self;

    fn into_buffer(self) -> Self::Buffer;

    /// Bytes that can be received.
    fn room(&mut self) -> usize;

    /// Copies as many bytes as there is room for, and says how many.
    fn fill(&mut self, bytes: &[u8]) -> usize;

    fn operation(self, shared: &Shared) -> Self::Operation;

    /// The output of the operation, and itself again.
    fn finished(output: <Self::Operation as Operation>::Output) -> (io::Result<usize>, Self);

    /// Takes note that `count` bytes were received.
    fn advance(&mut self, count: usize) {
        let _ = count;
    }

    /// What a read has received that will not resolve with it: all that was taken note of, and `count` bytes more.
    fn taken(&self, count: usize) -> Option<RecvBuf>;
}

/// Bytes for the next read; `None` if there are none.
fn left(bytes: &[u8]) -> Option<RecvBuf> {
    (!bytes.is_empty()).then(|| RecvBuf::from_heap(bytes))
}

/// One buffer, from its beginning.
pub(crate) struct Single<B>(B);

impl<B: IoBufMut> Incoming for Single<B> {
    type Buffer = B;
    type Operation = Input<B>;

    #[inline]
    fn new(buffer: B) -> Self {
        Self(buffer)
    }

    #[inline]
    fn into_buffer(self) -> B {
        self.0
    }

    #[inline]
    fn room(&mut self) -> usize {
        self.0.capacity()
    }

    #[inline]
    fn fill(&mut self, bytes: &[u8]) -> usize {
        fill(&mut self.0, bytes)
    }

    #[inline]
    fn operation(self, shared: &Shared) -> Self::Operation {
        input(shared, self.0)
    }

    #[inline]
    fn finished((result, buffer): BufResult<usize, B>) -> (io::Result<usize>, Self) {
        (result, Self(buffer))
    }

    fn taken(&self, count: usize) -> Option<RecvBuf> {
        left(&self.0.as_slice()[..count])
    }
}

/// Several buffers, one after the other.
pub(crate) struct Spread<V>(V);

impl<V: IoVecBufMut> Incoming for Spread<V> {
    type Buffer = V;
    type Operation = InputV<V>;

    fn new(buffers: V) -> Self {
        Self(buffers)
    }

    fn into_buffer(self) -> V {
        self.0
    }

    fn room(&mut self) -> usize {
        self.0.total_capacity()
    }

    fn fill(&mut self, bytes: &[u8]) -> usize {
        fill_vectored(&mut self.0, bytes)
    }

    fn operation(self, shared: &Shared) -> Self::Operation {
        input_v(shared, self.0)
    }

    fn finished((result, buffers): BufResult<usize, V>) -> (io::Result<usize>, Self) {
        (result, Self(buffers))
    }

    fn taken(&self, count: usize) -> Option<RecvBuf> {
        let mut bytes = Vec::with_capacity(count);
        for at in 0..self.0.buffers() {
            let buffer = self.0.buffer(at).as_slice();
            bytes.extend_from_slice(&buffer[..buffer.len().min(count - bytes.len())]);
        }
        left(&bytes)
    }
}

/// One buffer, to its end.
pub(crate) struct Full<B> {
    buffer: B,
    filled: usize,
}

impl<B: IoBufMut> Incoming for Full<B> {
    type Buffer = B;
    type Operation = Keep<Input<Slice<B>>, usize>;
    const WHOLE: bool = true;

    fn new(buffer: B) -> Self {
        Self { buffer, filled: 0 }
    }

    fn into_buffer(self) -> B {
        self.buffer
    }

    fn room(&mut self) -> usize {
        self.buffer.capacity() - self.filled
    }

    fn fill(&mut self, bytes: &[u8]) -> usize {
        fill_behind(&mut self.buffer, self.filled, bytes)
    }

    fn operation(self, shared: &Shared) -> Self::Operation {
        let rest = Slice::new(self.buffer, self.filled..usize::MAX);
        Keep::new(input(shared, rest), self.filled)
    }

    fn finished(
        ((result, rest), filled): (BufResult<usize, Slice<B>>, usize),
    ) -> (io::Result<usize>, Self) {
        let buffer = rest.into_inner();
        (result, Self { buffer, filled })
    }

    fn advance(&mut self, count: usize) {
        self.filled += count;
    }

    fn taken(&self, count: usize) -> Option<RecvBuf> {
        left(&self.buffer.as_slice()[..self.filled + count])
    }
}
