//! When all work of a scheduler is done, exactly.
//!
//! One counter is shared by all contexts. It counts shares, not tasks, so that spawning on a context costs nothing:
//!
//! | a share is held by | from | to |
//! |---|---|---|
//! | a submission | before the push into a context's inbox | after the context has taken the task up |
//! | a context | its first live task | the end of its last |
//! | a wait guard | its making | its drop |
//!
//! Whoever makes new work holds a share while doing so (it runs in a task, or submits, or has a guard), so the count
//! reaches zero only when there is no work and nobody left who could make some. [`Work::try_begin`] from outside
//! contends with [`Work::close_if_done`] for the same word: one of them comes first, so a submission is either part of the
//! run or refused.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use crate::sync::{AtomicUsize, Ordering};

/// The bit that says that the run has ended.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// The count of shares; see the module's page.
pub(crate) struct Work {
    shares: AtomicUsize,
    /// The number of interrupts; with `changed` it wakes `wait`.
    lock: Mutex<u64>,
    changed: Condvar,
}

impl Work {
    pub(crate) fn new() -> Self {
        Self {
            shares: AtomicUsize::new(0),
            lock: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    /// Takes a share from outside; false if the run has ended.
    pub(crate) fn try_begin(&self) -> bool {
        let mut shares = self.shares.load(Ordering::SeqCst);
        loop {
            if shares & CLOSED != 0 {
                return false;
            }
            match self.shares.compare_exchange_weak(
                shares,
                shares + 1,
                Ordering::SeqCst,
                Ordering::SeqCst,
            ) {
                Ok(_) => return true,
                Err(now) => shares = now,
            }
        }
    }

    /// Takes a share for somebody who holds one already.
    pub(crate) fn begin(&self) {
        self.shares.fetch_add(1, Ordering::SeqCst);
    }

    /// Gives up a share.
    pub(crate) fn end(&self) {
        let before = self.shares.fetch_sub(1, Ordering::SeqCst);
        debug_assert!(before & !CLOSED != 0, "a share was given up twice");
        if before & !CLOSED == 1 {
            // The lock orders this with a waiter that has just looked.
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.changed.notify_all();
        }
    }

    /// Ends the run if no share is held.
    pub(crate) fn close_if_done(&self) -> bool {
        self.shares
            .compare_exchange(0, CLOSED, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// Ends the run whatever shares are held.
    pub(crate) fn close(&self) {
        self.shares.fetch_or(CLOSED, Ordering::SeqCst);
    }

    /// Begins a new run.
    pub(crate) fn reopen(&self) {
        self.shares.fetch_and(!CLOSED, Ordering::SeqCst);
    }

    /// Blocks until the work is done, which ends the run (true), or until `deadline` or an
    /// [`interrupt`](Self::interrupt) (false).
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let interrupts = *guard;
        if self.close_if_done() {
            return true;
        }
        let undecided =
            |now: &mut u64| *now == interrupts && self.shares.load(Ordering::SeqCst) & !CLOSED != 0;
        match deadline {
            Some(deadline) => {
                let time = deadline.saturating_duration_since(Instant::now());
                drop(
                    self.changed
                        .wait_timeout_while(guard, time, undecided)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            }
            None => drop(
                self.changed
                    .wait_while(guard, undecided)
                    .unwrap_or_else(PoisonError::into_inner),
            ),
        }
        self.close_if_done()
    }

    /// Has [`wait`](Self::wait) return.
    pub(crate) fn interrupt(&self) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::{sync::Arc, thread};

    #[test]
    fn loom_a_submission_is_part_of_the_run_or_refused() {
        loom::model(|| {
            let work = Arc::new(Work::new());
            let finished = Arc::new(AtomicUsize::new(0));
            let submitter = {
                let (work, finished) = (work.clone(), finished.clone());
                thread::spawn(move || {
                    let accepted = work.try_begin();
                    if accepted {
                        // The task runs: the context takes its share, the submission gives up its own.
                        work.begin();
                        work.end();
                        finished.fetch_add(1, Ordering::SeqCst);
                        work.end();
                    }
                    accepted
                })
            };
            let closed = work.close_if_done();
            let at_close = finished.load(Ordering::SeqCst);
            let accepted = submitter.join().unwrap();
            if closed && accepted {
                assert_eq!(at_close, 1, "the run ended before its work did");
            }
            assert!(closed || work.close_if_done());
        });
    }
}
