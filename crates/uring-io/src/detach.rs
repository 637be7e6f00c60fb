//! Ending what was begun when nobody waits for it any more.

use std::future::Future;

/// Has a task of its own run a future to its end.
///
/// Where there is no context any more, or it is being torn down, the future is dropped: what was begun ends where it stands.
#[cold]
pub(crate) fn detach(rest: impl Future<Output = ()> + 'static) {
    if let Ok(task) = context::try_spawn(rest) {
        task.detach();
    }
}
