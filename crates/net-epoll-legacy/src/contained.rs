//! Panics of code that is not this crate's: a waker's, a destructor's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// What a panic leaves.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Runs code that is none of the caller's business: the log says if it panics, and that is all.
pub(crate) fn contain(whose: &'static str, code: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(code)) else {
        return;
    };
    tracing::error!(message = panic_text(&*panic), "{whose} panicked");
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // Even what it carried panics. There has to be an end.
        std::mem::forget(again);
    }
}

/// Wakes, whatever the waker does: others wait to be woken too.
#[inline]
pub(crate) fn wake(waker: Waker) {
    contain("a waker", || waker.wake());
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("(what it panicked with is no text)")
}
