//! The traits of `tokio::io`.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use crate::compat::adapter::Compat;
use crate::compat::seek::PollSeek;
use crate::compat::state::{Adapt, Manner, PollRead, PollWrite};

impl<S: Adapt<State: PollRead>> AsyncRead for Compat<S> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        let fill = |bytes: &[u8]| {
            let count = bytes.len().min(room);
            buffer.put_slice(&bytes[..count]);
            count
        };
        let result = ready!(self.state().poll_read(cx, fill));
        Poll::Ready(result.map(drop))
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
    fn is_write_vectored(&self) -> bool {
        self.state_ref().is_vectored()
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_shutdown(cx)
    }
}

impl<S: Adapt<State: PollSeek>> AsyncSeek for Compat<S> {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        self.state().start_seek(to);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.state().poll_seek(cx)
    }
}
