//! Pipes: bytes in one direction, between tasks, contexts and processes.
//!
//! [`pipe`] makes both ends; [`Sender::open`] and [`Receiver::open`] open a named pipe (a FIFO). What is in flight belongs to
//! the end, not to the future, as for sockets: a dropped read loses no byte, and a write that was begun is finished.
//!
//! ```
//! # context::block_on(async {
//! let (sender, receiver) = uring_io::pipe::pipe()?;
//! sender.write_all("hello").await.0?;
//! drop(sender);
//! assert_eq!(&*receiver.recv().await?.expect("not the end"), b"hello");
//! assert!(receiver.recv().await?.is_none());
//! # std::io::Result::Ok(())
//! # }).unwrap().unwrap();
//! ```
//!
//! # A pipe without a reader
//!
//! Writing to it is the error `BrokenPipe`. The kernel also sends the signal `SIGPIPE`, which kills a process that does not
//! ignore it. Rust programs ignore it from the start. In a process that did not when the end was made (the `main` of
//! another language, say), writes are handed to threads of the kernel, which signals do not reach: slower, and the process
//! lives on all the same.

mod open;
mod receiver;
mod sender;

use std::io;

use rustix::pipe::{PipeFlags, pipe_with};

pub use receiver::Receiver;
pub use sender::Sender;

/// A new pipe.
///
/// # Errors
///
/// That of too many open descriptors, and whatever else the kernel says.
///
/// # Panics
///
/// Outside a context.
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (receiver, sender) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    Ok((Sender::of_own(sender), Receiver::of_own(receiver)))
}
