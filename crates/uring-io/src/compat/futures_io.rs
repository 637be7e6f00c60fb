//! The traits of `futures-io`.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::futures_io::{AsyncRead, AsyncSeek, AsyncWrite};

use crate::compat::adapter::Compat;
use crate::compat::seek::PollSeek;
use crate::compat::state::{Adapt, Manner, PollRead, PollWrite};

impl<S: Adapt<State: PollRead>> AsyncRead for Compat<S> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let fill = |bytes: &[u8]| {
            let count = bytes.len().min(buffer.len());
            buffer[..count].copy_from_slice(&bytes[..count]);
            count
        };
        self.state().poll_read(cx, fill)
    }
}

impl<S: Adapt<State: PollWrite>> AsyncWrite for Compat<S> {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.state().poll_write(cx, bytes, Manner::Plain)
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.state().poll_write(cx, pieces, Manner::Plain)
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_shutdown(cx)
    }
}

impl<S: Adapt<State: PollSeek>> AsyncSeek for Compat<S> {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        self.state().poll_seek_to(cx, to)
    }
}
