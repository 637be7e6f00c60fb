//! A cursor as a stream of bytes, owned or borrowed.

use std::io;

use uring_engine::{BufResult, IoBuf, IoBufMut};

use crate::fs::cursor::FileCursor;
use crate::io::{AsyncRead, AsyncWrite};

impl AsyncRead for FileCursor {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        FileCursor::read(self, buffer).await
    }

    async fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        FileCursor::read_to_end(self, bytes).await
    }

    async fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        FileCursor::read_to_string(self, text).await
    }
}

impl AsyncRead for &FileCursor {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        FileCursor::read(self, buffer).await
    }

    async fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        FileCursor::read_to_end(self, bytes).await
    }

    async fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        FileCursor::read_to_string(self, text).await
    }
}

/// `flush` waits for the writes that were begun, and syncs nothing.
impl AsyncWrite for FileCursor {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        FileCursor::write(self, buffer).await
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        FileCursor::write_all(self, buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        FileCursor::flush(self).await
    }
}

/// `flush` waits for the writes that were begun, and syncs nothing.
impl AsyncWrite for &FileCursor {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        FileCursor::write(self, buffer).await
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        FileCursor::write_all(self, buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        FileCursor::flush(self).await
    }
}
