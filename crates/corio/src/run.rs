//! How the attribute macros run their functions.

use std::cell::OnceCell;
use std::future::Future;

use context::{Context, Scheduler, SchedulerHandle};

/// Runs a future on a context of the calling thread.
///
/// # Panics
///
/// If there can be no context here; the message says why. And when the future panics.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    match context::block_on(future) {
        Ok(output) => output,
        Err(error) => panic!("corio: {error}"),
    }
}

/// Runs a future on a context of the calling thread, beside a scheduler of `contexts - 1` more. What is left on these when
/// the future is done is aborted.
///
/// # Panics
///
/// If `contexts` is 0, if there can be no context here, and when the future panics.
#[track_caller]
pub fn block_on_contexts<F: Future>(contexts: usize, future: F) -> F::Output {
    assert!(
        contexts > 0,
        "corio: the number of contexts has to be 1 or more"
    );
    if contexts == 1 {
        return block_on(future);
    }
    let mut others = Scheduler::new(contexts - 1);
    if let Err(error) = others.start() {
        panic!("corio: {error}");
    }
    let handle = others.handle();
    for other in handle.contexts() {
        let known = handle.clone();
        // First in its inbox, so every task there finds it. An error: it has failed already, as will what is submitted.
        if let Ok(task) = other.submit(async move { know(known) }) {
            task.detach();
        }
    }
    let main = async move {
        know(handle);
        future.await
    };
    match Context::new().block_on(main) {
        Ok(output) => output,
        Err(error) => panic!("corio: {error}"),
    }
}

/// The contexts that `contexts = N` of [`macro@crate::main`] and [`macro@crate::test`] started beside the one of the
/// function itself: `N - 1` of them. `None` if there are none, or outside such a function's contexts.
///
/// ```
/// #[corio::main(contexts = 3)]
/// async fn main() {
///     let others = corio::scheduler().expect("two more contexts");
///     let there = others.submit(async { std::thread::current().id() }).expect("running").await;
///     assert_ne!(there.expect("no panic"), std::thread::current().id());
/// }
/// ```
pub fn scheduler() -> Option<SchedulerHandle> {
    let siblings = context::local_state(|_| Siblings::default()).ok()?;
    siblings.0.get().cloned()
}

/// What a context keeps of the scheduler beside it.
#[derive(Default)]
struct Siblings(OnceCell<SchedulerHandle>);

/// Has the current context know its scheduler.
fn know(scheduler: SchedulerHandle) {
    if let Ok(siblings) = context::local_state(|_| Siblings::default()) {
        // Told once in a run.
        let _ = siblings.0.set(scheduler);
    }
}
