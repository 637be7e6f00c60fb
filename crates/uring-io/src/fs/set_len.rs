//! Setting a file's length, by the ring or, where that has no such operation (before Linux 6.9), on the blocking pool.

use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use context::BlockingTask;
use uring_engine::io_uring::opcode;
use uring_engine::{Target, op};

use crate::fs::blocking;
use crate::fs::file::File;
use crate::fs::file_op::FileOp;
use crate::fs::work::sealed;

/// The future of [`File::set_len`].
pub type SetLen = FileOp<Truncation>;

/// Setting the length: one operation, or one job of the pool.
pub struct Truncation(Means);

enum Means {
    Ring,
    /// The ring has no such operation. The file is a duplicate, which is there for as long as a thread needs it.
    Pool(io::Result<std::fs::File>, u64),
    Begun(BlockingTask<io::Result<()>>),
    /// It has begun, and its output was taken.
    Ended,
}

impl Truncation {
    pub(crate) fn new(file: &File, len: u64) -> Self {
        if file.engine.report().supports(opcode::Ftruncate::CODE) {
            Self(Means::Ring)
        } else {
            Self(Means::Pool(file.to_std(), len))
        }
    }
}

impl sealed::Steps for Truncation {
    type Operation = op::Truncate;
    type Output = io::Result<()>;

    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Option<Poll<io::Result<()>>> {
        loop {
            match std::mem::replace(&mut self.0, Means::Ended) {
                Means::Ring => {
                    self.0 = Means::Ring;
                    return None;
                }
                Means::Pool(Err(error), _) => return Some(Poll::Ready(Err(error))),
                Means::Pool(Ok(file), len) => {
                    self.0 = Means::Begun(context::spawn_blocking(move || file.set_len(len)));
                }
                Means::Begun(mut task) => {
                    let polled = Pin::new(&mut task).poll(cx).map(blocking::output);
                    if polled.is_pending() {
                        self.0 = Means::Begun(task);
                    }
                    return Some(polled);
                }
                Means::Ended => panic!("an operation was polled after it had resolved"),
            }
        }
    }

    fn is_begun_instead(&self) -> bool {
        matches!(self.0, Means::Begun(_))
    }

    fn after(
        &mut self,
        output: io::Result<()>,
        _: Target,
    ) -> ControlFlow<io::Result<()>, op::Truncate> {
        ControlFlow::Break(output.map_err(|error| match self.0 {
            Means::Ring => error,
            // In a chain there is no other way.
            _ => explained(error),
        }))
    }
}

impl sealed::Single for Truncation {}

#[cold]
fn explained(error: io::Error) -> io::Error {
    match context::try_driver() {
        Ok(driver) => driver
            .engine()
            .report()
            .explain(opcode::Ftruncate::CODE, error),
        Err(_) => error,
    }
}
