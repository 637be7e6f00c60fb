//! Everything that is a handle of a socket, as a stream of bytes: connected streams and their halves, the ends of pipes, the
//! standard streams. Owned or borrowed, where operations take `&self`.

use std::io;

use uring_engine::{BufResult, IoBuf, IoBufMut};

use crate::io::read::AsyncRead;
use crate::io::stdio::{StandardOutput, Stdin};
use crate::io::write::AsyncWrite;
use crate::net::{
    Family, OwnedReadHalf, OwnedWriteHalf, Read, ReadExact, ReadHalf, Recv, RecvBuf, Stream, Write,
    WriteAll, WriteHalf,
};
use crate::pipe::{Receiver, Sender};

/// One implementation per type: they differ in where their socket is. One for all types with a socket would overlap with that
/// for `&mut R`.
macro_rules! reads {
    ([$($parameters:tt)*] $stream:ty, $this:ident => $socket:expr) => {
        impl<$($parameters)*> AsyncRead for $stream {
            async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
                let $this = self;
                Read::new($socket, buffer).await
            }

            async fn read_exact<B: IoBufMut>(&mut self, buffer: B) -> BufResult<(), B> {
                let $this = self;
                ReadExact::new($socket, buffer).await
            }

            async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
                let $this = self;
                Recv::new($socket).await
            }
        }
    };
}

/// As above. A pipe and a standard stream end when they are closed, so `shutdown` only waits for what was begun.
macro_rules! writes {
    ([$($parameters:tt)*] $stream:ty, $this:ident => $socket:expr) => {
        impl<$($parameters)*> AsyncWrite for $stream {
            async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
                let $this = self;
                Write::new($socket, buffer).await
            }

            async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
                let $this = self;
                WriteAll::new($socket, buffer).await
            }

            async fn flush(&mut self) -> io::Result<()> {
                let $this = self;
                $socket.finish_writes().await
            }

            async fn shutdown(&mut self) -> io::Result<()> {
                let $this = self;
                $socket.end_writing().await
            }
        }
    };
}

reads!([F: Family] Stream<F>, stream => stream.socket());
reads!([F: Family] &Stream<F>, stream => stream.socket());
reads!([F: Family] ReadHalf<'_, F>, half => half.0.socket());
reads!([F: Family] OwnedReadHalf<F>, half => half.socket());
reads!([] Receiver, end => end.socket());
reads!([] &Receiver, end => end.socket());
reads!([] Stdin, stdin => &stdin.0);

writes!([F: Family] Stream<F>, stream => stream.socket());
writes!([F: Family] &Stream<F>, stream => stream.socket());
writes!([F: Family] WriteHalf<'_, F>, half => half.0.socket());
writes!([F: Family] OwnedWriteHalf<F>, half => half.socket());
writes!([] Sender, end => end.socket());
writes!([] &Sender, end => end.socket());
writes!([] StandardOutput, stream => &stream.0);
