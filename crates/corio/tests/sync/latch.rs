//! The grid of the latch, alone and with a mutex.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio::sync::{Latch, Mutex};

use crate::support::{Unguarded, grid};

/// Half of the waiters come before those who count down. One of these opens the latch, and all waiters see what all did.
#[test]
fn setters_and_waiters() {
    grid(|mut tasks, setters, waiters| {
        let latch = Arc::new(Latch::new(setters));
        let done = Arc::new(AtomicUsize::new(0));
        let opened = Arc::new(AtomicUsize::new(0));
        let wait = |_| {
            let (latch, done) = (latch.clone(), done.clone());
            async move {
                latch.wait().await;
                assert_eq!(done.load(Ordering::Relaxed), setters);
            }
        };
        tasks.add_each(waiters.div_ceil(2), wait);
        tasks.add_each(setters, |_| {
            let (latch, done, opened) = (latch.clone(), done.clone(), opened.clone());
            async move {
                done.fetch_add(1, Ordering::Relaxed);
                if latch.count_down() {
                    opened.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        tasks.add_each(waiters / 2, wait);
        tasks.run();
        assert_eq!(opened.load(Ordering::Relaxed), 1);
        assert!(!latch.count_down());
    });
}

/// The setters count with the lock held, then count down; the waiters find all of it.
#[test]
fn with_a_mutex() {
    grid(|mut tasks, setters, waiters| {
        let latch = Arc::new(Latch::new(setters));
        let counted = Arc::new((Mutex::new(()), Unguarded::default()));
        tasks.add_each(waiters, |_| {
            let (latch, counted) = (latch.clone(), counted.clone());
            async move {
                latch.wait().await;
                let _guard = counted.0.lock().await;
                assert!(counted.1.get() >= setters);
                counted.1.count().await;
            }
        });
        tasks.add_each(setters, |_| {
            let (latch, counted) = (latch.clone(), counted.clone());
            async move {
                let guard = counted.0.lock().await;
                counted.1.count().await;
                drop(guard);
                latch.count_down();
            }
        });
        tasks.run();
        assert_eq!(counted.1.get(), setters + waiters);
    });
}
