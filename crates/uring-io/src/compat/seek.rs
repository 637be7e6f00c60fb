//! Moving a file's position, in the families that have a trait for it.

use std::io::{self, SeekFrom};
use std::task::{Context, Poll, ready};

use crate::compat::cursor::{CursorState, Stage, move_back};

/// Moving the position in progress.
pub trait PollSeek {
    /// Begins it; what was to be sought before is forgotten.
    fn start_seek(&mut self, to: SeekFrom);

    /// Resolves to the position, after all that was begun.
    fn poll_seek(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>>;

    /// Both in one, for a caller that asks for the same again after `Pending`.
    fn poll_seek_to(&mut self, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>>;
}

impl CursorState {
    fn poll_seeking(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let Stage::Seeking(_, seek) = &mut self.stage else {
            return Poll::Ready(Err(io::Error::other("no seek was begun")));
        };
        let result = ready!(seek.as_mut().poll(cx));
        self.stage = Stage::Idle;
        Poll::Ready(result)
    }

    fn begin_seek(&mut self, to: SeekFrom) {
        let back = self.fall_back();
        let cursor = self.cursor.share();
        let seek = async move {
            move_back(&cursor, back).await?;
            cursor.seek(to).await
        };
        self.stage = Stage::Seeking(to, Box::pin(seek));
    }
}

impl PollSeek for CursorState {
    fn start_seek(&mut self, to: SeekFrom) {
        self.target = Some(to);
    }

    fn poll_seek(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if !matches!(self.stage, Stage::Seeking(..)) || self.target.is_some() {
            ready!(self.poll_idle(cx))?;
            // Asked without a target: where the position is.
            let to = self.target.take().unwrap_or(SeekFrom::Current(0));
            self.begin_seek(to);
        }
        self.poll_seeking(cx)
    }

    fn poll_seek_to(&mut self, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        // Another one is that of a caller who has gone: it comes first, and its position is not this one's.
        if !matches!(self.stage, Stage::Seeking(begun, _) if begun == to) {
            ready!(self.poll_idle(cx))?;
            self.begin_seek(to);
        }
        self.poll_seeking(cx)
    }
}
