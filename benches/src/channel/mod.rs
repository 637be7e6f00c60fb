//! What channels charge.
//!
//! The [cases](Case) are written once, over two small traits ([`Family`](family::Family) for tasks,
//! [`Blocking`](family::Blocking) for threads) whose methods are a call of the crate's own each. A subject that has several
//! types takes part with the one that suits a case best: the unbounded one, the one for a single consumer.

mod by_hand;
mod case;
mod family;
mod place;
mod report;
mod stream;
mod subjects;

use std::time::Duration;

pub use crate::samples::Plan;
pub use case::Case;
pub use report::report;
pub use subjects::SUBJECTS;

/// A crate by name.
#[derive(Clone, Copy, Debug)]
pub struct ChannelSubject {
    /// What the command line calls it.
    pub name: &'static str,
    /// Runs so many iterations of a case and returns what they took; `None` if the subject cannot run it.
    pub time: fn(Case, u64) -> Option<Duration>,
}
