//! What happens to panics that nobody awaits.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::inspect::OneLine;
use crate::task::{JoinError, Origin, panic_message};

/// Writes a line to standard error. Unlike `eprintln!` it does not panic where nobody reads that: a worker loop must not end
/// because a pipe was closed.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Reports how a task ended that nobody waits for. A cancelled one was meant to end; a panic must not go unnoticed.
pub(crate) fn unobserved(origin: &Origin, error: &JoinError) {
    if error.is_panic() {
        let name = OneLine(origin.name().map_or("unnamed", |name| name));
        line(format_args!(
            "context: detached task {} ({name}), spawned at {}: {error}",
            origin.id, origin.location
        ));
    }
}

/// Runs foreign code that the worker loop calls outside any task; a panic of it is reported and goes no further.
#[inline]
pub(crate) fn guard(what: &str, foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        panicked(what, payload);
    }
}

#[cold]
fn panicked(what: &str, payload: Box<dyn Any + Send>) {
    line(format_args!(
        "context: {what} panicked: {}",
        panic_message(payload.as_ref())
    ));
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // A payload whose destructor panics: better leaked than tried for ever.
        std::mem::forget(again);
    }
}
