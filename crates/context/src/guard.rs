//! Wait guards: what keeps a context from counting as idle although no task of its own is live.

use std::fmt;
use std::sync::PoisonError;

use crate::core::CoreRef;
use crate::sync::{Mutex, MutexGuard};

/// The number of guards of a context, and whether its run has ended. Behind a lock, as guards are rare and the end of a
/// run must be decided exactly: see [`Guards::end_if_idle`].
#[derive(Default)]
pub(crate) struct Guards(Mutex<State>);

#[derive(Default)]
struct State {
    count: usize,
    ended: bool,
}

impl Guards {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self) -> usize {
        self.state().count
    }

    /// Counts a guard; false if the run has ended.
    #[must_use]
    fn begin(&self) -> bool {
        let mut state = self.state();
        if !state.ended {
            state.count += 1;
        }
        !state.ended
    }

    /// Counts a guard less. True if it was the last: the caller wakes the context.
    #[must_use]
    fn end(&self) -> bool {
        let mut state = self.state();
        state.count -= 1;
        state.count == 0
    }

    /// True once the run is over.
    pub(crate) fn have_ended(&self) -> bool {
        self.state().ended
    }

    /// Ends the run if there is no guard and `close` succeeds. No guard can appear in between.
    pub(crate) fn end_if_idle(&self, close: impl FnOnce() -> bool) -> bool {
        let mut state = self.state();
        if state.count == 0 && close() {
            state.ended = true;
        }
        state.ended
    }

    /// Says that the run is over (`true`), whatever guards there are, or that a new one begins (`false`).
    pub(crate) fn set_ended(&self, ended: bool) {
        self.state().ended = ended;
    }
}

/// The context's run has ended; it takes no new work until it is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the context's run has ended: start it again before giving it work")]
pub struct Ended;

/// Keeps a context from counting as idle: while one exists, [`Context::run`](crate::Context::run) does not return.
///
/// For work that will come back to the context from outside, such as a thread that will submit to it. Dropping the guard
/// balances it.
///
/// ```
/// use context::Context;
///
/// let mut context = Context::new();
/// let guard = context.handle().register_wait()?;
/// let handle = context.handle();
/// let elsewhere = std::thread::spawn(move || {
///     let joined = handle.submit(async { 7 }).map_err(drop);
///     drop(guard);
///     joined
/// });
/// // Without the guard, it might return before the thread has submitted.
/// context.run()?;
/// assert_eq!(elsewhere.join().unwrap().unwrap().join_blocking()?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the context counts as busy only while the guard lives"]
pub struct WaitGuard {
    core: CoreRef,
}

impl WaitGuard {
    pub(crate) fn new(core: CoreRef) -> Result<Self, Ended> {
        // The scheduler's share first: a guard that is counted by its context and then refused by the scheduler would keep the
        // context from ending in between, and nobody would wake it up afterwards.
        if let Some(work) = &core.work
            && !work.try_begin()
        {
            return Err(Ended);
        }
        if !core.guards.begin() {
            if let Some(work) = &core.work {
                work.end();
            }
            return Err(Ended);
        }
        Ok(Self { core })
    }
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        let last = self.core.guards.end();
        if let Some(work) = &self.core.work {
            work.end();
        }
        if last {
            self.core.unpark();
        }
    }
}

impl fmt::Debug for WaitGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGuard")
            .field("context", &self.core.id)
            .finish()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::inbox::Inbox;
    use crate::inbox::test_node::{Node, unbox};
    use crate::sleep_state::SleepState;
    use crate::sync::{AtomicUsize, Condvar, Ordering};
    use loom::sync::Arc;
    use loom::thread;

    /// A context as far as the end of its run goes: the real guards, inbox and sleep state. What it sleeps on stands in for its
    /// driver.
    struct Model {
        guards: Guards,
        inbox: Inbox<Node>,
        sleep: SleepState,
        event: Mutex<bool>,
        written: Condvar,
        done: AtomicUsize,
    }

    impl Model {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                guards: Guards::default(),
                inbox: Inbox::new(),
                sleep: SleepState::new(),
                event: Mutex::new(false),
                written: Condvar::new(),
                done: AtomicUsize::new(0),
            })
        }

        fn unpark(&self) {
            if self.sleep.notify() {
                *self.event.lock().unwrap() = true;
                self.written.notify_one();
            }
        }

        /// As a submission; false if the run has ended.
        fn push(&self) -> bool {
            let node = Node::leak(1);
            // SAFETY: a leaked node stays valid.
            let pushed = unsafe { self.inbox.push(node) };
            if pushed {
                self.unpark();
            } else {
                unbox(node);
            }
            pushed
        }

        /// As the drop of a guard.
        fn let_go(&self) {
            if self.guards.end() {
                self.unpark();
            }
        }

        /// The worker's loop until the run ends, as `Context::run` has it. A lost wake-up is a deadlock.
        fn run(&self) {
            loop {
                let taken = self.inbox.take_all().map(unbox).count();
                self.done.fetch_add(taken, Ordering::Relaxed);
                if self.guards.end_if_idle(|| self.inbox.close_if_empty()) {
                    return;
                }
                if self.sleep.begin() && self.inbox.is_empty() && self.guards.count() != 0 {
                    let mut event = self.event.lock().unwrap();
                    while !*event {
                        event = self.written.wait(event).unwrap();
                    }
                    *event = false;
                }
                self.sleep.end();
            }
        }
    }

    /// Who has a guard can submit, and the run goes on until the guard is gone; who is refused one cannot.
    #[test]
    fn loom_a_guard_keeps_the_run_open() {
        loom::model(|| {
            let model = Model::new();
            let holder = {
                let model = model.clone();
                thread::spawn(move || {
                    if model.guards.begin() {
                        assert!(model.push(), "the run ended in spite of a guard");
                        model.let_go();
                        1
                    } else {
                        assert!(!model.push(), "the run goes on after its end");
                        0
                    }
                })
            };
            model.run();
            let pushed = holder.join().unwrap();
            assert_eq!(model.done.load(Ordering::Relaxed), pushed);
        });
    }

    /// The last guard's end wakes the context, whichever thread it is on, and submissions without a guard are part of the
    /// run or refused.
    #[test]
    fn loom_the_last_guard_ends_the_run() {
        loom::model(|| {
            let model = Model::new();
            assert!(model.guards.begin());
            let holder = {
                let model = model.clone();
                thread::spawn(move || model.let_go())
            };
            let submitter = {
                let model = model.clone();
                thread::spawn(move || usize::from(model.push()))
            };
            model.run();
            holder.join().unwrap();
            assert_eq!(
                model.done.load(Ordering::Relaxed),
                submitter.join().unwrap()
            );
            assert!(!model.guards.begin() && model.guards.have_ended());
        });
    }
}
