//! The connected streams, whole and by halves, as streams of bytes.

use std::io;
use std::net::Shutdown;

use uring_engine::{BufResult, IoBuf, IoBufMut};

use crate::io::read::AsyncRead;
use crate::io::write::AsyncWrite;
use crate::net::{Family, OwnedReadHalf, OwnedWriteHalf, ReadHalf, RecvBuf, Stream, WriteHalf};

impl<F: Family> AsyncRead for Stream<F> {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        Stream::read(self, buffer).await
    }

    async fn read_exact<B: IoBufMut>(&mut self, buffer: B) -> BufResult<(), B> {
        Stream::read_exact(self, buffer).await
    }

    async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
        Stream::recv(self).await
    }
}

impl<F: Family> AsyncRead for &Stream<F> {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        Stream::read(self, buffer).await
    }

    async fn read_exact<B: IoBufMut>(&mut self, buffer: B) -> BufResult<(), B> {
        Stream::read_exact(self, buffer).await
    }

    async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
        Stream::recv(self).await
    }
}

impl<F: Family> AsyncRead for ReadHalf<'_, F> {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        ReadHalf::read(self, buffer).await
    }

    async fn read_exact<B: IoBufMut>(&mut self, buffer: B) -> BufResult<(), B> {
        ReadHalf::read_exact(self, buffer).await
    }

    async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
        ReadHalf::recv(self).await
    }
}

impl<F: Family> AsyncRead for OwnedReadHalf<F> {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        OwnedReadHalf::read(self, buffer).await
    }

    async fn read_exact<B: IoBufMut>(&mut self, buffer: B) -> BufResult<(), B> {
        OwnedReadHalf::read_exact(self, buffer).await
    }

    async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
        OwnedReadHalf::recv(self).await
    }
}

impl<F: Family> AsyncWrite for Stream<F> {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        Stream::write(self, buffer).await
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        Stream::write_all(self, buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.socket().finish_writes().await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        Stream::shutdown(self, Shutdown::Write).await
    }
}

impl<F: Family> AsyncWrite for &Stream<F> {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        Stream::write(self, buffer).await
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        Stream::write_all(self, buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.socket().finish_writes().await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        Stream::shutdown(self, Shutdown::Write).await
    }
}

impl<F: Family> AsyncWrite for WriteHalf<'_, F> {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        WriteHalf::write(self, buffer).await
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        WriteHalf::write_all(self, buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.socket().finish_writes().await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        WriteHalf::shutdown(self).await
    }
}

impl<F: Family> AsyncWrite for OwnedWriteHalf<F> {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        OwnedWriteHalf::write(self, buffer).await
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        OwnedWriteHalf::write_all(self, buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.socket().finish_writes().await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        self.socket().shutdown(Shutdown::Write).await
    }
}
