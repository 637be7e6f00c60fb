//! The grid of the wait group, alone and with a mutex.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio::sync::{Mutex, WaitGroup};
use corio::yield_now;

use crate::support::{Tasks, Unguarded, context_counts, grid};

/// Half of the waiters come before those who are at work. All find that everything was done.
#[test]
fn setters_and_waiters() {
    grid(|mut tasks, setters, waiters| {
        let group = Arc::new(WaitGroup::new());
        let done = Arc::new(AtomicUsize::new(0));
        let last = Arc::new(AtomicUsize::new(0));
        group.add(setters);
        let wait = |_| {
            let (group, done) = (group.clone(), done.clone());
            async move {
                group.wait().await;
                assert_eq!(done.load(Ordering::Relaxed), setters);
            }
        };
        tasks.add_each(waiters.div_ceil(2), wait);
        tasks.add_each(setters, |_| {
            let (group, done, last) = (group.clone(), done.clone(), last.clone());
            async move {
                done.fetch_add(1, Ordering::Relaxed);
                if group.done() {
                    last.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        tasks.add_each(waiters / 2, wait);
        tasks.run();
        assert_eq!(last.load(Ordering::Relaxed), 1);
        assert_eq!(group.count(), 0);
    });
}

/// The setters count with the lock held and are done; the waiters find all of it, and count too.
#[test]
fn with_a_mutex() {
    grid(|mut tasks, setters, waiters| {
        let group = Arc::new(WaitGroup::new());
        let counted = Arc::new((Mutex::new(()), Unguarded::default()));
        group.add(setters);
        tasks.add_each(waiters, |_| {
            let (group, counted) = (group.clone(), counted.clone());
            async move {
                group.wait().await;
                let _guard = counted.0.lock().await;
                assert!(counted.1.get() >= setters);
                counted.1.count().await;
            }
        });
        tasks.add_each(setters, |_| {
            let (group, counted) = (group.clone(), counted.clone());
            async move {
                let guard = counted.0.lock().await;
                counted.1.count().await;
                drop(guard);
                group.done();
            }
        });
        tasks.run();
        assert_eq!(counted.1.get(), setters + waiters);
    });
}

/// Requirement 24: the same group serves round after round, while waiters come in between.
#[test]
fn again_and_again() {
    const ROUNDS: usize = 100;
    const WORKERS: usize = 100;
    for contexts in context_counts() {
        let mut tasks = Tasks::over(contexts);
        let group = Arc::new(WaitGroup::new());
        let done = Arc::new(AtomicUsize::new(0));
        let (leader, count) = (group.clone(), done.clone());
        tasks.add(async move {
            for round in 1..=ROUNDS {
                for _ in 0..WORKERS {
                    let (at_work, done) = (leader.clone().enter_owned(), count.clone());
                    corio::spawn(async move {
                        let _at_work = at_work;
                        yield_now().await;
                        done.fetch_add(1, Ordering::Relaxed);
                    })
                    .detach();
                }
                leader.wait().await;
                assert_eq!(count.load(Ordering::Relaxed), round * WORKERS);
            }
        });
        tasks.add_each(1_000, |_| {
            let (group, done) = (group.clone(), done.clone());
            async move {
                while done.load(Ordering::Relaxed) < ROUNDS * WORKERS {
                    group.wait().await;
                    yield_now().await;
                }
            }
        });
        tasks.run();
    }
}
