//! Bare ring loops: no tasks, no wakers, nothing between entries and completions.
//!
//! `raw-uring` is the strongest of the loops that use the ring for everything, and the reference
//! that every subject's ratio is taken to. The others answer the question which kind of operation
//! a runtime should build on; they differ by a few per cent, the kernel's TCP path is the rest.
//!
//! | Subject | Receive | Send |
//! |---|---|---|
//! | `raw-uring` | multishot, provided buffers | ring |
//! | `raw-uring:one-shot` | one at a time | ring, then the next receive |
//! | `raw-uring:poll-first` | one at a time, `POLL_FIRST` | ring, then the next receive |
//! | `raw-uring:pair` | one at a time | ring, together with the next receive (two buffers) |
//! | `raw-uring:call` | multishot, provided buffers | the `send` system call |

mod buffers;
mod multishot;
mod one_shot;

use std::io;

use crate::server::Config;

/// `raw-uring`.
pub(super) fn multishot(config: &Config) -> io::Result<()> {
    multishot::serve(config, multishot::Reply::Ring)
}

/// `raw-uring:call`.
pub(super) fn call(config: &Config) -> io::Result<()> {
    multishot::serve(config, multishot::Reply::Call)
}

/// `raw-uring:one-shot`.
pub(super) fn one_shot(config: &Config) -> io::Result<()> {
    one_shot::serve(config, one_shot::Style::Alternate)
}

/// `raw-uring:poll-first`.
pub(super) fn poll_first(config: &Config) -> io::Result<()> {
    one_shot::serve(config, one_shot::Style::PollFirst)
}

/// `raw-uring:pair`.
pub(super) fn pair(config: &Config) -> io::Result<()> {
    one_shot::serve(config, one_shot::Style::Pair)
}
