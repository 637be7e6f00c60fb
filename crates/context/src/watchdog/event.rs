//! A report as an event of `tracing`, or as a line on standard error where nobody listens.

use super::Held;

pub(super) fn report(held: &Held) {
    if !tracing::dispatcher::has_been_set() {
        return crate::report::line(format_args!("{held}"));
    }
    tracing::warn!(
        target: "context::watchdog",
        context = &*held.context,
        id = held.task.id.as_u64(),
        name = held.task.name.as_deref(),
        location = %held.task.location,
        at_least_ms = u64::try_from(held.at_least.as_millis()).unwrap_or(u64::MAX),
        "a task holds its context",
    );
}
