//! The traits of `tokio::io`.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use crate::compat::adapter::Compat;
use crate::compat::like_tokio::like_tokio;
use crate::compat::seek::PollSeek;
use crate::compat::state::{Adapt, Manner, PollRead, PollWrite};

like_tokio!(AsyncRead, &mut ReadBuf<'_>, AsyncWrite, Manner::Plain);

impl<S: Adapt<State: PollSeek>> AsyncSeek for Compat<S> {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        self.state().start_seek(to);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.state().poll_seek(cx)
    }
}
