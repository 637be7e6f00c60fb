//! Writing at the cursor's position.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBuf};

use crate::cancel::cancelled;
use crate::detach::detach;
use crate::fs::cursor::Shared;
use crate::fs::transfers::WriteAllAt;
use crate::turns::Turn;

/// The future of [`FileCursor::write_all`](super::FileCursor::write_all).
///
/// Cancel-safe: once polled, the buffer is written whole, before any later operation, whether or not the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct CursorWriteAll<'a, B: IoBuf>(Handle<'a, B>);

/// The future of [`FileCursor::write`](super::FileCursor::write).
///
/// Cancel-safe: once polled, the buffer is written whole, before any later operation, whether or not the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct CursorWrite<'a, B: IoBuf>(Handle<'a, B>);

impl<'a, B: IoBuf> CursorWriteAll<'a, B> {
    pub(super) fn new(cursor: &'a Rc<Shared>, buffer: B) -> Self {
        Self(Handle::new(cursor, buffer))
    }

    /// Asks the kernel to cancel the write, and resolves to what became of it, buffer included: `ECANCELED` as a rule, with
    /// the position moved by what was written, or its result when it was faster. What was never served ends with `ECANCELED`
    /// at once.
    ///
    /// When it is dropped, all, a part or nothing may have been written, and the position does not move.
    pub async fn cancel(mut self) -> BufResult<(), B> {
        let (_, result, buffer) = self.0.cancel().await;
        (result, buffer)
    }
}

impl<'a, B: IoBuf> CursorWrite<'a, B> {
    pub(super) fn new(cursor: &'a Rc<Shared>, buffer: B) -> Self {
        Self(Handle::new(cursor, buffer))
    }

    /// Asks the kernel to cancel the write, and resolves to what became of it, buffer included: `ECANCELED` as a rule, or the
    /// number of bytes that were written all the same, by which the position moves. What was never served ends with
    /// `ECANCELED` at once.
    ///
    /// When it is dropped, all, a part or nothing may have been written, and the position does not move.
    pub async fn cancel(mut self) -> BufResult<usize, B> {
        some_written(self.0.cancel().await)
    }
}

impl<B: IoBuf> Future for CursorWriteAll<'_, B> {
    type Output = BufResult<(), B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (_, result, buffer) = ready!(self.0.poll(cx));
        Poll::Ready((result, buffer))
    }
}

impl<B: IoBuf> Future for CursorWrite<'_, B> {
    type Output = BufResult<usize, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx).map(some_written)
    }
}

/// What a write resolves to that may write a part: an error only if there is none.
fn some_written<B>((written, result, buffer): Written<B>) -> BufResult<usize, B> {
    let result = if written > 0 {
        Ok(written)
    } else {
        result.map(|()| 0)
    };
    (result, buffer)
}

// Nothing is pinned: operations move their payload into the engine.
impl<B: IoBuf> Unpin for CursorWriteAll<'_, B> {}
impl<B: IoBuf> Unpin for CursorWrite<'_, B> {}

/// Bytes written, whether that is all of them, and the buffer.
type Written<B> = (usize, io::Result<()>, B);

/// What both futures have in common.
struct Handle<'a, B: IoBuf> {
    cursor: &'a Rc<Shared>,
    /// `None` once it has ended.
    writing: Option<Writing<B>>,
}

impl<'a, B: IoBuf> Handle<'a, B> {
    fn new(cursor: &'a Rc<Shared>, buffer: B) -> Self {
        Self {
            cursor,
            writing: Some(Writing {
                turn: Turn::Absent,
                stage: Stage::Waiting(buffer),
            }),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Written<B>> {
        let Some(writing) = &mut self.writing else {
            panic!("a write was polled after it had ended");
        };
        let written = ready!(writing.poll(self.cursor, cx));
        self.writing = None;
        Poll::Ready(written)
    }

    async fn cancel(&mut self) -> Written<B> {
        let Some(writing) = self.writing.take() else {
            panic!("a write was cancelled after it had ended");
        };
        let mut writing = Cancelled {
            cursor: self.cursor,
            writing,
        };
        let stage = std::mem::replace(&mut writing.writing.stage, Stage::Ended);
        match stage {
            Stage::Waiting(buffer) => (0, Err(cancelled()), buffer),
            Stage::Writing(operation) => {
                let (work, (result, buffer)) = operation.cancel_work().await;
                let written = work.written();
                self.cursor.advance(written as u64);
                (written, result, buffer)
            }
            Stage::Ended => panic!("a write was cancelled after it had ended"),
        }
    }
}

impl<B: IoBuf> Drop for Handle<'_, B> {
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take()
            && writing.turn != Turn::Absent
        {
            let cursor = self.cursor.clone();
            detach(Detached { cursor, writing });
        }
    }
}

/// A write that is being cancelled: its turn ends with it.
struct Cancelled<'a, B: IoBuf> {
    cursor: &'a Shared,
    writing: Writing<B>,
}

impl<B: IoBuf> Drop for Cancelled<'_, B> {
    fn drop(&mut self) {
        self.writing.give_up(self.cursor);
    }
}

/// One write. It knows its cursor only while it is polled, so that it can move from the future that began it to a task that
/// ends it.
struct Writing<B: IoBuf> {
    turn: Turn,
    stage: Stage<B>,
}

enum Stage<B: IoBuf> {
    Waiting(B),
    Writing(WriteAllAt<B>),
    Ended,
}

impl<B: IoBuf> Writing<B> {
    fn poll(&mut self, cursor: &Shared, cx: &mut Context<'_>) -> Poll<Written<B>> {
        loop {
            if let Stage::Writing(operation) = &mut self.stage {
                let (result, buffer) = ready!(Pin::new(&mut *operation).poll(cx));
                let written = operation.work().written();
                cursor.advance(written as u64);
                self.give_up(cursor);
                return Poll::Ready((written, result, buffer));
            }
            ready!(cursor.turns.poll_take(&mut self.turn, cx));
            let Stage::Waiting(buffer) = std::mem::replace(&mut self.stage, Stage::Ended) else {
                panic!("a write was polled after it had ended");
            };
            if let Err(error) = cursor.take_error() {
                self.give_up(cursor);
                return Poll::Ready((0, Err(error), buffer));
            }
            let operation = cursor.file.write_all_at(buffer, cursor.position.get());
            self.stage = Stage::Writing(operation);
        }
    }

    /// Ends it where it stands.
    fn give_up(&mut self, cursor: &Shared) {
        self.stage = Stage::Ended;
        cursor.turns.give_back(&mut self.turn);
    }
}

/// A write whose future was dropped.
struct Detached<B: IoBuf> {
    cursor: Rc<Shared>,
    writing: Writing<B>,
}

impl<B: IoBuf> Unpin for Detached<B> {}

impl<B: IoBuf> Future for Detached<B> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (_, result, _) = ready!(this.writing.poll(&this.cursor, cx));
        if let Err(error) = result {
            this.cursor.error.set(Some(error));
        }
        Poll::Ready(())
    }
}

impl<B: IoBuf> Drop for Detached<B> {
    fn drop(&mut self) {
        self.writing.give_up(&self.cursor);
    }
}

impl<B: IoBuf> fmt::Debug for CursorWriteAll<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CursorWriteAll").finish_non_exhaustive()
    }
}

impl<B: IoBuf> fmt::Debug for CursorWrite<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CursorWrite").finish_non_exhaustive()
    }
}
