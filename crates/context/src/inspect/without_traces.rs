//! What stands in for the traces of waits without feature `trace-waits`: nothing.

use super::TaskInfo;
use crate::core::Local;

#[derive(Default)]
pub(super) struct Traces {}

#[derive(Default)]
pub(super) struct Names {}

impl Traces {
    pub(super) fn add_to(&self, _tasks: &mut [TaskInfo], _names: &mut Names) {}
}

impl Local<'_> {
    /// Nobody asks.
    pub(super) fn trace(self) -> Traces {
        Traces {}
    }
}
