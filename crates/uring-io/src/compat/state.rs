//! What an adapter has to do, whatever the family of traits and whatever the stream: `socket.rs` and `cursor.rs` do it, and
//! the families (`tokio.rs`, `futures_io.rs`, `hyper.rs`) only lend their buffers.
//!
//! These traits are named in the bounds of public implementations and so are public, but nobody outside can reach them.

use std::io;
use std::task::{Context, Poll};

use crate::compat::pieces::Pieces;

/// A stream that can be adapted.
pub trait Adapt {
    /// Its operations in progress.
    type State;

    fn state(&self) -> Self::State;
}

/// Reading in progress.
pub trait PollRead {
    /// Has `fill` copy what there is, as far as there is room; it says how much that was. At the end of the stream it is
    /// given nothing. Not to be called without room.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        fill: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<usize>>;
}

/// How a caller writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It may take for sent what was taken.
    Plain,
    /// It always asks for a flush before it goes on to something else, and keeps asking while that is pending: what was
    /// taken may wait for company.
    Flushing,
}

/// Writing in progress.
pub trait PollWrite {
    /// Takes a part of `pieces`, at least one byte unless there is none, and says how much. While it is pending nothing was
    /// taken, so the next call may bring other bytes.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        pieces: impl Pieces,
        manner: Manner,
    ) -> Poll<io::Result<usize>>;

    /// Whether several pieces are taken as well as one.
    fn is_vectored(&self) -> bool;

    /// Waits until nothing that was taken is left here.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// After that, ends the writing direction.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}
