//! Going on when a waker panics: those behind it are woken while the panic unwinds.

use super::{Exchange, Form};

/// Goes on with a channel's work when it is dropped, because a waker has panicked; to be forgotten if none has.
pub(super) struct OnPanic<'c, F: Form>(pub(super) &'c Exchange<F>, pub(super) fn(&Exchange<F>));

impl<F: Form> Drop for OnPanic<'_, F> {
    fn drop(&mut self) {
        // Should another waker panic, it is one less to be woken.
        while !quietly(|| (self.1)(self.0)) {}
    }
}

/// Does some work during which a waker may panic; whether none has. Which panic it was is not told: another one unwinds.
#[cfg(feature = "std")]
fn quietly(work: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_ok()
}

/// The same where panics cannot be caught: a second one ends the process.
#[cfg(not(feature = "std"))]
fn quietly(work: impl FnOnce()) -> bool {
    work();
    true
}
