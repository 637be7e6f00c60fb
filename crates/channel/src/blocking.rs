//! Waiting on plain threads, which look for a few microseconds before they sleep.

use core::future::Future;
use std::time::Instant;

use sync_prims::blocking::spin_then_block_on;

/// Waits until the future is ready.
pub(crate) fn until_ready<F: Future>(future: F) -> F::Output {
    spin_then_block_on(future, None).expect("without a deadline there is no other end")
}

/// The same, until the deadline at the latest.
pub(crate) fn until<F: Future>(future: F, deadline: Instant) -> Option<F::Output> {
    spin_then_block_on(future, Some(deadline))
}
