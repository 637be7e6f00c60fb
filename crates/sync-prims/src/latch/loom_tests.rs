//! Models of the races that [`latch`](super) names.

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::Latch;
use crate::testing::poll_once;

#[test]
fn loom_register_and_the_last_count() {
    loom::model(|| {
        let shared = Arc::new((Latch::new(1), loom::cell::UnsafeCell::new(0)));
        let counter = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the waiter reads after its wait.
                shared.1.with_mut(|value| unsafe { *value = 1 });
                assert!(shared.0.count_down());
            })
        };
        block_on(shared.0.wait());
        // SAFETY: the other thread wrote before the wait could end.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 1);
        counter.join().unwrap();
    });
}

#[test]
fn loom_the_last_two_counts_and_a_wait() {
    loom::model(|| {
        let shared = Arc::new((Latch::new(2), AtomicUsize::new(0)));
        let counters: [_; 2] = core::array::from_fn(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.fetch_add(1, Ordering::Relaxed);
                shared.0.count_down()
            })
        });
        block_on(shared.0.wait());
        // What both did before they counted is seen.
        assert_eq!(shared.1.load(Ordering::Relaxed), 2);
        let openers = counters.map(|counter| usize::from(counter.join().unwrap()));
        assert_eq!(openers.iter().sum::<usize>(), 1);
    });
}

#[test]
fn loom_two_counts_past_zero_and_two_waits() {
    loom::model(|| {
        let latch = Arc::new(Latch::new(1));
        let waiter = {
            let latch = latch.clone();
            thread::spawn(move || block_on(latch.wait()))
        };
        let counter = {
            let latch = latch.clone();
            thread::spawn(move || latch.count_down_by(2))
        };
        let opened = latch.count_down();
        block_on(latch.wait());
        assert_ne!(opened, counter.join().unwrap());
        waiter.join().unwrap();
        assert_eq!(latch.remaining(), 0);
    });
}

#[test]
fn loom_two_arrive_and_wait() {
    loom::model(|| {
        let shared = Arc::new((Latch::new(2), AtomicUsize::new(0)));
        let meet = |shared: &(Latch, AtomicUsize)| {
            shared.1.fetch_add(1, Ordering::Relaxed);
            block_on(shared.0.arrive_and_wait());
            assert_eq!(shared.1.load(Ordering::Relaxed), 2);
        };
        let other = {
            let shared = shared.clone();
            thread::spawn(move || meet(&shared))
        };
        meet(&shared);
        other.join().unwrap();
    });
}

#[test]
fn loom_cancel_and_the_last_count() {
    loom::model(|| {
        let latch = Arc::new(Latch::new(1));
        let canceller = {
            let latch = latch.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(latch.wait());
                let _ = poll_once(wait.as_mut());
            })
        };
        let waiter = {
            let latch = latch.clone();
            thread::spawn(move || block_on(latch.wait()))
        };
        latch.count_down();
        canceller.join().unwrap();
        waiter.join().unwrap();
    });
}
