//! Two streams as one.

use std::io;

use uring_engine::{BufResult, IoBufMut};

use crate::io::read::AsyncRead;
use crate::net::RecvBuf;

/// A stream and, after its end, another; made by [`AsyncRead::chain`].
#[derive(Debug)]
pub struct Chain<A, B> {
    first: A,
    next: B,
    first_has_ended: bool,
}

impl<A, B> Chain<A, B> {
    pub(crate) fn new(first: A, next: B) -> Self {
        Self {
            first,
            next,
            first_has_ended: false,
        }
    }

    /// Both streams, from where reading stopped.
    pub fn into_inner(self) -> (A, B) {
        (self.first, self.next)
    }
}

impl<A: AsyncRead, B: AsyncRead> AsyncRead for Chain<A, B> {
    async fn read<T: IoBufMut>(&mut self, mut buffer: T) -> BufResult<usize, T> {
        if buffer.capacity() > 0 && !self.first_has_ended {
            let result;
            (result, buffer) = self.first.read(buffer).await;
            match result {
                Ok(0) => self.first_has_ended = true,
                result => return (result, buffer),
            }
        }
        self.next.read(buffer).await
    }

    async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
        if !self.first_has_ended {
            if let Some(bytes) = self.first.recv().await? {
                return Ok(Some(bytes));
            }
            self.first_has_ended = true;
        }
        self.next.recv().await
    }
}
