//! corio's streams under the traits of others: those of tokio, of `futures-io` and of hyper.
//!
//! [`Compat`] around a stream has the traits of the features that are on:
//!
//! | Feature | Traits | And |
//! |---|---|---|
//! | `tokio` | `tokio::io::{AsyncRead, AsyncWrite}`, `AsyncSeek` for files | |
//! | `futures-io` | `futures_io::{AsyncRead, AsyncWrite}`, `AsyncSeek` for files | |
//! | `hyper` | `hyper::rt::{Read, Write}` | [`Executor`](hyper::Executor), [`Timer`](hyper::Timer) |
//!
//! Of tokio only the traits are built, not its runtime.
//!
//! Feature `tokio-rt` is for those who have one: [`in_tokio`] and [`with_tokio`] let tasks of a context use what needs tokio's runtime, and
//! [`drive`] runs a context inside a task of tokio's.
//!
//! # What holds a byte when
//!
//! These traits lend a buffer for one call, and a caller may come back with another one after `Pending`. Completion I/O needs a
//! buffer until it has ended. So the adapter never gives a caller's buffer to the ring:
//!
//! | Stream | Reading | Writing |
//! |---|---|---|
//! | TCP, Unix, pipes of our own | copied out of a buffer of the context that the kernel has filled; what does not fit stays with the stream | the kernel is asked at once, without waiting; where it has no room, the adapter waits for some and is asked again |
//! | standard streams, pipes of strangers | as above, out of the heap | copied, up to 64 KiB, and written while the caller goes on |
//! | [`FileCursor`](crate::fs::FileCursor) | out of 64 KiB of the adapter's, by which the position is ahead until then | as the standard streams |
//!
//! - An idle connection holds no memory, in either direction.
//! - What `poll_write` has taken over a socket or pipe of our own, the kernel has: nothing is left to flush or to lose. hyper, which
//!   always flushes, has up to 4 KiB copied and sent with what other connections have to send, where there is a ring: one system
//!   call for all.
//! - What it has copied is written in order; `poll_flush` waits for it, an error is that of the next call, and if the adapter is
//!   dropped it is written all the same, by a task of its own, unless the context ends before. It is begun at once; a large
//!   piece may need a further call (`poll_flush`, say) to go on, as with every writer that buffers.
//! - `poll_shutdown` (`poll_close`) waits for all that and then ends the stream's writing direction. A pipe ends when it is
//!   dropped.
//! - Dropping a read of these traits, or the adapter with [`into_inner`](Compat::into_inner), loses no byte.

mod adapter;
#[cfg_attr(
    not(any(feature = "tokio", feature = "futures-io")),
    allow(dead_code, reason = "hyper has no trait for seeking")
)]
mod cursor;
#[cfg(feature = "futures-io")]
mod futures_io;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(any(feature = "tokio", feature = "hyper"))]
mod like_tokio;
mod pieces;
#[cfg(feature = "tokio-rt")]
mod runtime;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
mod seek;
mod socket;
mod state;
#[cfg(feature = "tokio")]
mod tokio;

pub use adapter::Compat;
#[cfg(feature = "tokio-rt")]
pub use runtime::{DriveError, WithTokio, drive, in_tokio, with_tokio};
