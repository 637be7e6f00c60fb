//! Panics that come while another one unwinds, from wakers that are woken meanwhile.

/// Does the work; `false` if it panicked, which the panic hook has reported.
///
/// A panic that left a destructor during unwinding would end the process.
#[cfg(feature = "std")]
pub(crate) fn quietly(work: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_ok()
}

/// Does the work. Nothing can catch a panic here: a second one ends the process.
#[cfg(not(feature = "std"))]
pub(crate) fn quietly(work: impl FnOnce()) -> bool {
    work();
    true
}
