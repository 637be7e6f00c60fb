//! What happens to panics that nobody awaits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::task::{JoinError, Origin, panic_message};

/// Reports how a task ended that nobody waits for. A cancelled one was meant to end; a panic must not go unnoticed.
pub(crate) fn unobserved(origin: &Origin, error: &JoinError) {
    if error.is_panic() {
        let name = origin.name.as_deref().unwrap_or("unnamed");
        eprintln!(
            "context: detached task {} ({name}), spawned at {}: {error}",
            origin.id, origin.location
        );
    }
}

/// Runs foreign code that the worker loop calls outside any task; a panic of it is reported and goes no further.
#[inline]
pub(crate) fn guard(what: &str, foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        eprintln!(
            "context: {what} panicked: {}",
            panic_message(payload.as_ref())
        );
    }
}
