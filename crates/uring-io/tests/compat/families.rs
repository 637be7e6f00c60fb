//! The three families of traits behind one, so that every test is of all of them.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::ReadBuf;

/// One of the families, over a stream.
pub(crate) trait Traits<S> {
    fn read(stream: &mut S, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>>;
    fn write(stream: &mut S, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
    fn write_pieces(
        stream: &mut S,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;
    fn flush(stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn shutdown(stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

pub(crate) struct Tokio;
pub(crate) struct Futures;
pub(crate) struct Hyper;

/// The writing half is the same but for names.
macro_rules! writes {
    ($write:path, $close:ident) => {
        fn write(stream: &mut S, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            use $write as Write;
            Write::poll_write(Pin::new(stream), cx, bytes)
        }

        fn write_pieces(
            stream: &mut S,
            cx: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            use $write as Write;
            Write::poll_write_vectored(Pin::new(stream), cx, pieces)
        }

        fn flush(stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            use $write as Write;
            Write::poll_flush(Pin::new(stream), cx)
        }

        fn shutdown(stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            use $write as Write;
            Write::$close(Pin::new(stream), cx)
        }
    };
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Traits<S> for Tokio {
    fn read(stream: &mut S, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = tokio::io::ReadBuf::new(into);
        ready!(tokio::io::AsyncRead::poll_read(
            Pin::new(stream),
            cx,
            &mut buffer
        ))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    writes!(tokio::io::AsyncWrite, poll_shutdown);
}

impl<S: futures_io::AsyncRead + futures_io::AsyncWrite + Unpin> Traits<S> for Futures {
    fn read(stream: &mut S, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        futures_io::AsyncRead::poll_read(Pin::new(stream), cx, into)
    }

    writes!(futures_io::AsyncWrite, poll_close);
}

impl<S: hyper::rt::Read + hyper::rt::Write + Unpin> Traits<S> for Hyper {
    fn read(stream: &mut S, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut memory = vec![MaybeUninit::uninit(); into.len()];
        let mut buffer = ReadBuf::uninit(&mut memory);
        ready!(hyper::rt::Read::poll_read(
            Pin::new(stream),
            cx,
            buffer.unfilled()
        ))?;
        into[..buffer.filled().len()].copy_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    writes!(hyper::rt::Write, poll_shutdown);
}
