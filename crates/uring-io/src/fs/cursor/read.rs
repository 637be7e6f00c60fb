//! Reading at the cursor's position.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBufMut};

use crate::cancel::cancelled;
use crate::fs::cursor::Shared;
use crate::fs::transfers::ReadAt;
use crate::turns::Turn;

/// The future of [`FileCursor::read`](super::FileCursor::read).
///
/// Cancel-safe: dropping it does not move the position. The buffer is freed once the kernel is done with it.
#[must_use = "futures do nothing unless polled"]
pub struct CursorRead<'a, B: IoBufMut> {
    cursor: &'a Shared,
    turn: Turn,
    stage: Stage<B>,
}

enum Stage<B: IoBufMut> {
    Waiting(B),
    Reading(ReadAt<B>),
    Ended,
}

// Nothing is pinned: operations move their payload into the engine.
impl<B: IoBufMut> Unpin for CursorRead<'_, B> {}

impl<'a, B: IoBufMut> CursorRead<'a, B> {
    pub(super) fn new(cursor: &'a Shared, buffer: B) -> Self {
        Self {
            cursor,
            turn: Turn::Absent,
            stage: Stage::Waiting(buffer),
        }
    }

    /// Asks the kernel to cancel the read, and resolves to what became of it, buffer included: `ECANCELED` as a rule, or
    /// what was read when it was faster, by which the position moves. What was never served ends with `ECANCELED` at once.
    ///
    /// When it is dropped, the position does not move.
    pub async fn cancel(mut self) -> BufResult<usize, B> {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Waiting(buffer) => (Err(cancelled()), buffer),
            Stage::Reading(reading) => {
                let output = reading.cancel().await;
                self.count(&output);
                output
            }
            Stage::Ended => panic!("a read was cancelled after it had ended"),
        }
    }

    fn count(&self, output: &BufResult<usize, B>) {
        if let Ok(count) = output.0 {
            self.cursor.advance(count as u64);
        }
    }

    /// Asks for the turn, and begins.
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Option<BufResult<usize, B>>> {
        ready!(self.cursor.turns.poll_take(&mut self.turn, cx));
        let Stage::Waiting(buffer) = std::mem::replace(&mut self.stage, Stage::Ended) else {
            panic!("a read was polled after it had ended");
        };
        if let Err(error) = self.cursor.take_error() {
            return Poll::Ready(Some((Err(error), buffer)));
        }
        let position = self.cursor.position.get();
        self.stage = Stage::Reading(self.cursor.file.read_at(buffer, position));
        Poll::Ready(None)
    }
}

impl<B: IoBufMut> Future for CursorRead<'_, B> {
    type Output = BufResult<usize, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let output = match &mut this.stage {
                Stage::Reading(reading) => {
                    let output = ready!(Pin::new(reading).poll(cx));
                    this.count(&output);
                    Some(output)
                }
                Stage::Waiting(_) | Stage::Ended => ready!(this.poll_begin(cx)),
            };
            if let Some(output) = output {
                this.stage = Stage::Ended;
                this.cursor.turns.give_back(&mut this.turn);
                return Poll::Ready(output);
            }
        }
    }
}

impl<B: IoBufMut> Drop for CursorRead<'_, B> {
    fn drop(&mut self) {
        self.cursor.turns.give_back(&mut self.turn);
    }
}

impl<B: IoBufMut> fmt::Debug for CursorRead<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CursorRead").finish_non_exhaustive()
    }
}
