//! The first bytes of a stream.

use uring_engine::{BufResult, IoBufMut, Slice};

use crate::io::read::AsyncRead;

/// The first bytes of a stream, as a stream; made by [`AsyncRead::take`].
#[derive(Debug)]
pub struct Take<R> {
    inner: R,
    left: u64,
}

impl<R> Take<R> {
    pub(crate) fn new(inner: R, limit: u64) -> Self {
        Self { inner, left: limit }
    }

    /// Bytes that may still be read.
    pub fn limit(&self) -> u64 {
        self.left
    }

    /// The stream, from where reading stopped.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: AsyncRead> AsyncRead for Take<R> {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        if most == 0 {
            return (Ok(0), buffer);
        }
        let (result, part) = self.inner.read(Slice::new(buffer, 0..most)).await;
        if let Ok(count) = result {
            self.left -= count as u64;
        }
        (result, part.into_inner())
    }
}
