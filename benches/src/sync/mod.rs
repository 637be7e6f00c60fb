//! What synchronisation primitives charge.
//!
//! The [cases](Case) of a primitive are written once, over a small trait that each crate's type implements with a call of
//! its own method: no wrapper adds a state machine. Tasks of all subjects run on the [same executor](executor); the cases
//! that need no tasks have [none](by_hand).

mod atomic_waker;
mod barrier;
mod by_hand;
mod case;
mod condvar;
mod crowd;
mod event;
pub(crate) mod executor;
mod measure;
mod mutex;
mod notify;
mod once_cell;
mod rwlock;
mod semaphore;
mod subjects;
mod token;
mod wait_group;

use std::time::Duration;

pub use crate::samples::Plan;
pub use case::Case;
pub use measure::report;
pub use subjects::SUBJECTS;

/// A crate by name.
#[derive(Clone, Copy, Debug)]
pub struct SyncSubject {
    /// What the command line calls it.
    pub name: &'static str,
    /// Runs so many iterations of a case and returns what they took; `None` if the subject has no such primitive.
    pub time: fn(Case, u64) -> Option<Duration>,
}
