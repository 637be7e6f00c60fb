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

use std::sync::PoisonError;
use std::time::Instant;

use crate::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};

/// The bit that says that the run has ended.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// The count of shares; see the module's page.
pub(crate) struct Work {
    shares: AtomicUsize,
    /// The number of interrupts; with `changed` it wakes `wait`.
    interrupts: Mutex<u64>,
    changed: Condvar,
}

impl Work {
    pub(crate) fn new() -> Self {
        Self {
            shares: AtomicUsize::new(0),
            interrupts: Mutex::new(0),
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
            drop(self.lock());
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

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.interrupts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of interrupts so far. To be asked before looking at what an interrupt announces.
    pub(crate) fn interrupts(&self) -> u64 {
        *self.lock()
    }

    /// Blocks until the work is done, which ends the run (true), or until `deadline` or until there were more
    /// [interrupts](Self::interrupt) than `seen` (false).
    pub(crate) fn wait(&self, seen: u64, deadline: Option<Instant>) -> bool {
        let mut interrupts = self.lock();
        while *interrupts == seen && self.shares.load(Ordering::SeqCst) & !CLOSED != 0 {
            let Some(deadline) = deadline else {
                interrupts = self
                    .changed
                    .wait(interrupts)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let time = deadline.saturating_duration_since(Instant::now());
            if time.is_zero() {
                break;
            }
            interrupts = self
                .changed
                .wait_timeout(interrupts, time)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        drop(interrupts);
        self.close_if_done()
    }

    /// Has [`wait`](Self::wait) return, if it is called with a number from before.
    pub(crate) fn interrupt(&self) {
        *self.lock() += 1;
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

    /// The waiter returns when the last share is given up, by whoever, and never before. A lost notification is a deadlock.
    #[test]
    fn loom_the_waiter_sees_the_last_share() {
        loom::model(|| {
            let work = Arc::new(Work::new());
            let left = Arc::new(AtomicUsize::new(2));
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    assert!(work.try_begin());
                    let (work, left) = (work.clone(), left.clone());
                    thread::spawn(move || {
                        // A task that makes another one before it ends.
                        work.begin();
                        work.end();
                        left.fetch_sub(1, Ordering::SeqCst);
                        work.end();
                    })
                })
                .collect();
            let seen = work.interrupts();
            while !work.wait(seen, None) {}
            assert_eq!(
                left.load(Ordering::SeqCst),
                0,
                "the run ended before its work"
            );
            assert!(!work.try_begin(), "accepted after the end");
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }

    /// A waiter that looks at what an interrupt announces, and then waits, learns of it either way.
    #[test]
    fn loom_an_interrupt_is_not_lost() {
        loom::model(|| {
            let work = Arc::new(Work::new());
            assert!(work.try_begin());
            let stop = Arc::new(AtomicUsize::new(0));
            let stopper = {
                let (work, stop) = (work.clone(), stop.clone());
                thread::spawn(move || {
                    stop.store(1, Ordering::SeqCst);
                    work.interrupt();
                })
            };
            loop {
                let seen = work.interrupts();
                if stop.load(Ordering::SeqCst) == 1 {
                    break;
                }
                assert!(!work.wait(seen, None), "a share is held");
            }
            stopper.join().unwrap();
        });
    }
}
