//! Work that blocks its thread, kept off the contexts.
//!
//! A pool of threads that are started as they are needed, up to a bound, and end when they were idle for a while. The
//! pool is small and our own: the well-kept library for this, `blocking`, has one global pool that is never shut down,
//! whereas corio promises that nothing is left when a runtime is gone. All it takes is a queue under a `Mutex` and a
//! `Condvar`: a system call costs more than the lock.
//!
//! - `pool.rs`: the queue, the threads, and shutting down.
//! - `task.rs`: one job, and the future of its output.

mod pool;
mod task;

pub use pool::{BlockingConfig, BlockingPool};
pub use task::{BlockingError, BlockingTask, PanicPayload};

#[cfg(all(test, not(loom)))]
mod tests;
