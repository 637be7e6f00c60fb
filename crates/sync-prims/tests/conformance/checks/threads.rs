//! The same between threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sync_prims::blocking::block_on;

use crate::harness::wait;
use crate::subject::{Lets, Subject};

/// Some wait to the end, others give up; as many notifications as there are ends bring all of them through.
pub(crate) fn notifications_and_cancellations<S: Subject>() {
    const WAITERS: usize = 4;
    const EACH: usize = if cfg!(debug_assertions) { 200 } else { 2_000 };
    let waiters = WAITERS.min(S::MOST_WAITERS);
    if S::LETS == Lets::All && S::KEEPS || waiters < WAITERS {
        return in_rounds::<S>(waiters);
    }
    let subject = Arc::new(S::blocked(2 * waiters));
    let through = AtomicUsize::new(0);
    thread::scope(|threads| {
        for _ in 0..waiters {
            threads.spawn(|| {
                for _ in 0..EACH {
                    block_on(subject.wait());
                    through.fetch_add(1, Ordering::SeqCst);
                }
            });
            threads.spawn(|| {
                for _ in 0..EACH {
                    if wait(&subject).poll().is_ready() {
                        // It took what was meant for another.
                        subject.notify_one();
                    }
                }
            });
        }
        // Notifications that may be forgotten, be one with others, or come while one is under way, have to be repeated.
        let repeats = !S::KEEPS || S::MERGES || S::HANDS_OVER;
        if repeats {
            while through.load(Ordering::SeqCst) < waiters * EACH {
                subject.notify_one();
                thread::yield_now();
            }
        } else {
            for _ in 0..waiters * EACH {
                subject.notify_one();
            }
        }
    });
}

/// Those who wait for all are let through once; each round has a subject of its own.
fn in_rounds<S: Subject>(waiters: usize) {
    const ROUNDS: usize = if cfg!(debug_assertions) { 200 } else { 1_000 };
    for _ in 0..ROUNDS {
        let subject = Arc::new(S::blocked(waiters));
        thread::scope(|threads| {
            for _ in 0..waiters {
                threads.spawn(|| block_on(subject.wait()));
            }
            if waiters < S::MOST_WAITERS {
                threads.spawn(|| wait(&subject).poll().is_ready());
            }
            subject.notify_all(waiters);
        });
    }
}
