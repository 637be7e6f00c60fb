//! What the ring has no operation for, on the context's blocking pool.

use std::io;
use std::panic::resume_unwind;

use context::BlockingError;

use crate::cancel::cancelled;

/// Runs system calls on the pool. Dropped, they happen all the same.
///
/// # Panics
///
/// Outside a context.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    output(context::spawn_blocking(work).await)
}

/// What became of a job of the pool.
pub(crate) fn output<T>(result: Result<io::Result<T>, BlockingError>) -> io::Result<T> {
    match result {
        Ok(output) => output,
        Err(BlockingError::Panicked(payload)) => resume_unwind(payload.into_inner()),
        Err(BlockingError::ShutDown) => Err(cancelled()),
        Err(BlockingError::Spawn(error)) => Err(error),
        Err(other) => Err(io::Error::other(other)),
    }
}
