//! A file with a position.
//!
//! ```text
//! Idle ── read: nothing is ahead ──▶ Reading into memory of the adapter's ──▶ Idle, with what was read ahead of the caller
//! Idle ── write ──▶ Writing a copy, and the caller learns how much ── written, or failed (the error is kept) ──▶ Idle
//! Idle ── seek ──▶ Seeking ──▶ Idle
//! ```
//!
//! - The cursor's position is ahead of the caller's by what was read and not handed out. A write and a seek first move it back,
//!   and so does the end of the adapter: the stream that [`into_inner`](super::Compat::into_inner) returns stands where the caller
//!   stands.
//! - `Reading` that is given up for a write or a seek has moved nothing.
//! - `Writing` and `Seeking` are finished before anything else is begun. When the adapter goes, a task of its own finishes them.

use std::future::Future;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use uring_engine::BufResult;

use crate::compat::pieces::Pieces;
use crate::compat::state::{Adapt, Manner, PollRead, PollWrite};
use crate::detach::detach;
use crate::fs::FileCursor;

/// Bytes that are read or copied at a time.
const PIECE: usize = 64 * 1024;

pub(super) type Operation<T> = Pin<Box<dyn Future<Output = T>>>;

/// The cursor's operations in progress.
pub struct CursorState {
    pub(super) cursor: FileCursor,
    ahead: Vec<u8>,
    /// Bytes of `ahead` that were handed out.
    taken: usize,
    pub(super) stage: Stage,
    /// How a write ended whose caller had gone on.
    error: Option<io::Error>,
    /// Where to seek when it is polled (`seek.rs`).
    pub(super) target: Option<SeekFrom>,
}

pub(super) enum Stage {
    Idle,
    Reading(Operation<BufResult<usize, Vec<u8>>>),
    Writing(Operation<io::Result<()>>),
    /// Where to, as it was asked for.
    Seeking(SeekFrom, Operation<io::Result<u64>>),
}

impl Adapt for FileCursor {
    type State = CursorState;

    fn state(&self) -> CursorState {
        CursorState {
            cursor: self.share(),
            ahead: Vec::new(),
            taken: 0,
            stage: Stage::Idle,
            error: None,
            target: None,
        }
    }
}

impl CursorState {
    /// The end of what must be finished, and its error.
    pub(super) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = match &mut self.stage {
            Stage::Idle | Stage::Reading(_) => Ok(()),
            Stage::Writing(write) => ready!(write.as_mut().poll(cx)),
            Stage::Seeking(_, seek) => ready!(seek.as_mut().poll(cx)).map(drop),
        };
        if !matches!(self.stage, Stage::Reading(_)) {
            self.stage = Stage::Idle;
        }
        Poll::Ready(self.error.take().map_or(result, Err))
    }

    /// Gives up what was read ahead. By how many bytes the position has to move then.
    pub(super) fn fall_back(&mut self) -> i64 {
        if matches!(self.stage, Stage::Reading(_)) {
            self.stage = Stage::Idle;
        }
        let ahead = std::mem::take(&mut self.ahead).len() - std::mem::take(&mut self.taken);
        -(ahead as i64)
    }
}

pub(super) async fn move_back(cursor: &FileCursor, by: i64) -> io::Result<()> {
    if by != 0 {
        cursor.seek(SeekFrom::Current(by)).await?;
    }
    Ok(())
}

impl PollRead for CursorState {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        fill: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<usize>> {
        if self.taken == self.ahead.len() {
            ready!(self.poll_idle(cx))?;
            if !matches!(self.stage, Stage::Reading(_)) {
                let (cursor, mut memory) = (self.cursor.share(), std::mem::take(&mut self.ahead));
                self.taken = 0;
                memory.clear();
                memory.reserve_exact(PIECE);
                self.stage = Stage::Reading(Box::pin(async move { cursor.read(memory).await }));
            }
            if let Stage::Reading(read) = &mut self.stage {
                let (result, memory) = ready!(read.as_mut().poll(cx));
                self.stage = Stage::Idle;
                // At the end there is nothing, and nothing is kept.
                if result? > 0 {
                    self.ahead = memory;
                }
            }
        }
        let count = fill(&self.ahead[self.taken..]);
        self.taken += count;
        Poll::Ready(Ok(count))
    }
}

impl PollWrite for CursorState {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        pieces: impl Pieces,
        _manner: Manner,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_idle(cx))?;
        if pieces.total() == 0 {
            return Poll::Ready(Ok(0));
        }
        let back = self.fall_back();
        let copy = pieces.copy(PIECE);
        let count = copy.len();
        let cursor = self.cursor.share();
        let mut write: Operation<_> = Box::pin(async move {
            move_back(&cursor, back).await?;
            cursor.write_all(copy).await.0
        });
        // Begun now, so that it is on its way whatever the caller does next.
        match write.as_mut().poll(cx) {
            Poll::Pending => self.stage = Stage::Writing(write),
            Poll::Ready(result) => self.error = result.err(),
        }
        Poll::Ready(Ok(count))
    }

    fn is_vectored(&self) -> bool {
        true
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_idle(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_idle(cx)
    }
}

impl Drop for CursorState {
    fn drop(&mut self) {
        let back = self.fall_back();
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        match stage {
            Stage::Writing(write) => {
                let cursor = self.cursor.share();
                detach(async move {
                    if let Err(error) = write.await {
                        cursor.leave_error(error);
                    }
                });
            }
            Stage::Seeking(_, seek) => detach(async move { drop(seek.await) }),
            Stage::Idle | Stage::Reading(_) if back != 0 => {
                let cursor = self.cursor.share();
                let mut move_back = Box::pin(async move { drop(move_back(&cursor, back).await) });
                // At once, unless others have the cursor: then in its turn.
                let mut cx = Context::from_waker(Waker::noop());
                if move_back.as_mut().poll(&mut cx).is_pending() {
                    detach(move_back);
                }
            }
            Stage::Idle | Stage::Reading(_) => {}
        }
        if let Some(error) = self.error.take() {
            self.cursor.leave_error(error);
        }
    }
}
