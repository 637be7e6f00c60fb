//! What tasks wait on that a context knows nothing of, found by polling them once more.
//!
//! Whoever is to wake a task clones its waker. The context does not see that, as it should not: a channel or a lock needs no runtime.
//! But when it is asked to, it polls each waiting task once more, with a *tracing waker* (`task/traced.rs`), which wakes the task like
//! its own but is another waker. A future compares the waker that it has kept with the one that it is polled with
//! ([`Waker::will_wake`](std::task::Waker::will_wake)), finds them different and clones the new one. The clone is the task's own waker, so that nothing
//! of the tracing stays; and making it notes the call stack, whose functions say which future waits, and on which line of
//! the program it is awaited.
//!
//! That a task is polled once more to see where it stands is how tokio's task dumps work (`Handle::dump`); there each leaf future of
//! tokio takes part, here the waker does it for futures of whatever crate.
//!
//! | step | by | does |
//! |------|----|------|
//! | ask | any thread | sets a bit for the worker loop (`answer.rs`) |
//! | poll | home, between two rounds of the loop, where no task is being polled | polls every task that waits, oldest first, notes addresses |
//! | name | the asker, when the last context has answered | addresses to functions and lines, which may read megabytes of debug information |
//!
//! - *A poll that nobody asked for is always allowed*; a future that is ready in it ends, and one that panics fails, as in any poll.
//! - *A place in a queue is kept*, where the primitive exchanges the waker of who waits and leaves the rest. Those of
//!   `sync-prims` and `channel` do.
//! - *A wake that comes during the poll*, by the old waker or by the new: both are the task's own. The task is queued then, waits no more,
//!   and what was traced is dropped.
//! - *What the table shows*: the poll is one of the context's `polls` and counts as busy time, as it takes the context's time.
//!   The task's `polls` and `since_poll` stay what they were, since they tell how long it has waited.
//! - *A task asks about its own context*: others must not be polled in the middle of that task's poll, so nothing is traced.
//! - *Waits of the context's own* (timers, joins, operations) are known exactly. Timers and joins take the task's waker without
//!   its being cloned; a stack that ends in the engine is left out.
//! - *No clone, no trace*: a future that has kept a waker and does not look at the new one, or whose waker is that of a
//!   combinator, stays "a wake-up".

mod capture;
mod choose;
mod name;
mod resolve;
mod stack;
mod wait;

use std::time::Duration;

pub(super) use capture::Traces;
pub(crate) use capture::{Stack, Tracer};
pub(super) use resolve::Names;
pub use wait::{Call, TracedWait};

use super::{Snapshot, look};
use crate::handle::Handle;
use crate::stop::Look;

/// How long [`traced`] waits for the contexts, all of them together.
pub const TRACED_PATIENCE: Duration = Duration::from_secs(1);

/// As [`of`](super::of), and also finds out what tasks wait on that their contexts do not know: channels, locks, and whatever
/// else wakes a task. Such waits are [`WaitingOn::Traced`](super::WaitingOn::Traced).
///
/// Each context polls every waiting task once more for it, which the contract of [`Future`] allows at any time, and notes the call
/// stack of whoever takes the waker: some ten microseconds for each task, during which it does nothing else. Such polls count in the
/// context's metrics and in the busy time of the task, not in the task's `polls` and `since_poll`. The names
/// are found on the calling thread, which blocks for as long; the first time in a large program with
/// debug information that takes seconds.
///
/// A context that runs on the calling thread answers as to [`of`](super::of), because its tasks cannot be polled while one of them
/// is: ask from another thread, such as one of the blocking pool.
///
/// Functions without a symbol have no name, and without debug information there are no files and lines, and what the compiler has
/// inlined is not seen. A wait whose future took no waker in that poll remains unknown.
///
/// # Examples
///
/// ```
/// use context::inspect::{self, WaitingOn};
/// use futures_util::lock::Mutex;
/// use std::rc::Rc;
///
/// context::block_on(async {
///     let lock = Rc::new(Mutex::new(()));
///     let held = lock.lock().await;
///     let other = lock.clone();
///     let task = context::spawn(async move {
///         let _held = other.lock().await;
///     });
///     context::yield_now().await;
///
///     let handle = context::handle();
///     let asked = context::spawn_blocking(move || inspect::traced(&[handle])).await;
///     let snapshot = asked.unwrap();
///     let info = snapshot.tasks().find(|info| info.id == task.id()).unwrap();
///     let [WaitingOn::Traced(wait)] = &info.waiting_on[..] else { panic!("{info}") };
///     assert!(wait.future.starts_with("futures_util::lock::mutex"), "{wait}");
///     drop(held);
/// }).unwrap();
/// ```
pub fn traced(contexts: &[Handle]) -> Snapshot {
    traced_within(contexts, TRACED_PATIENCE)
}

/// As [`traced`], with another limit for the contexts' part. Zero asks nobody.
pub fn traced_within(contexts: &[Handle], patience: Duration) -> Snapshot {
    look(contexts, patience, Look::Traced)
}
