//! Wait group cases.

use std::task::Context;
use std::time::Duration;

use crate::sync::by_hand;

/// Members of a group.
pub(crate) const MEMBERS: usize = 10;

pub(crate) trait WaitGroup {
    /// [`MEMBERS`] join a new group, somebody waits for them, they leave, the wait ends.
    fn round(cx: &mut Context<'_>);
}

/// One round; per member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case;

pub(crate) fn time<G: WaitGroup>(Case: Case, iterations: u64) -> Duration {
    by_hand::time(iterations, G::round)
}
