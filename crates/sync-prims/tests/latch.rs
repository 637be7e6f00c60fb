//! `Latch`: counted down by many, waited for by many.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::grid::{GRID, GRID_OF_THREADS, released_in_order, released_on_threads};
use support::{Hand, Watchdog};
use sync_prims::Latch;
use sync_prims::latch::{ArriveAndWait, LatchGuard, OwnedLatchGuard, Wait};

assert_impl_all!(Latch: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(Wait<'static>: Send, Sync, std::fmt::Debug);
assert_impl_all!(ArriveAndWait<'static>: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(Wait<'static>: Unpin);
assert_not_impl_any!(ArriveAndWait<'static>: Unpin);
assert_impl_all!(LatchGuard<&'static Latch>: Send, Sync);
assert_impl_all!(OwnedLatchGuard: Send, Sync);

#[test]
fn it_opens_at_zero_and_stays_open() {
    let latch = Latch::new(3);
    assert!(!latch.count_down_by(0));
    assert!(!latch.count_down_by(2));
    assert_eq!(latch.remaining(), 1);
    assert!(!latch.is_open());
    assert!(latch.count_down());
    assert!(latch.is_open());
    latch.wait_blocking();
    for past_zero in [0, 1, usize::MAX] {
        assert!(!latch.count_down_by(past_zero));
        assert_eq!(latch.remaining(), 0);
    }
    latch.wait_blocking();
}

#[test]
fn counting_past_zero_opens_it() {
    for past_zero in [4, usize::MAX / 2 + 1, usize::MAX] {
        let latch = Latch::new(3);
        let mut wait = Hand::pending(latch.wait());
        assert!(latch.count_down_by(past_zero));
        assert!(wait.poll().is_ready());
    }
    let greatest = Latch::new(Latch::MAX);
    let mut wait = Hand::pending(greatest.wait());
    assert!(!greatest.count_down_by(Latch::MAX - 1));
    assert!(wait.poll().is_pending());
    assert!(greatest.count_down());
    assert!(wait.poll().is_ready());
}

#[test]
fn zero_is_open_from_the_start() {
    let latch = Latch::new(0);
    assert!(latch.is_open());
    latch.wait_blocking();
    latch.arrive_and_wait_blocking();
    assert!(Hand::new(latch.arrive_and_wait()).poll().is_ready());
}

#[test]
#[should_panic = "a latch cannot count as far as that"]
fn it_cannot_count_further_than_its_word() {
    Latch::new(Latch::MAX + 1);
}

#[test]
fn it_can_be_a_static() {
    static LATCH: Latch = Latch::new(2);
    let other = thread::spawn(|| LATCH.arrive_and_wait_blocking());
    LATCH.arrive_and_wait_blocking();
    other.join().unwrap();
}

#[test]
fn a_wait_that_was_ready_is_ready_again() {
    let latch = Latch::new(2);
    let mut wait = Hand::pending(latch.wait());
    let mut arrival = Hand::pending(latch.arrive_and_wait());
    latch.count_down();
    for _ in 0..2 {
        assert!(wait.poll().is_ready());
        assert!(arrival.poll().is_ready());
    }
}

#[test]
fn an_arrival_counts_once_and_at_its_first_poll() {
    let latch = Latch::new(10);
    drop(latch.arrive_and_wait());
    assert_eq!(latch.remaining(), 10);
    let mut arrival = Hand::pending(latch.arrive_and_wait());
    for _ in 0..3 {
        assert!(arrival.poll().is_pending());
        assert_eq!(latch.remaining(), 9);
    }
    // Whoever leaves has arrived.
    drop(arrival);
    assert_eq!(latch.remaining(), 9);
}

#[test]
fn the_last_arrival_wakes_the_others_in_order() {
    let latch = Latch::new(100);
    let mut others: Vec<_> = (0..99)
        .map(|_| Hand::pending(latch.arrive_and_wait()))
        .collect();
    assert!(Hand::new(latch.arrive_and_wait()).poll().is_ready());
    for other in &mut others {
        assert_eq!(other.wakes(), 1);
        assert!(other.poll().is_ready());
    }
}

#[test]
fn waiters_are_woken_in_the_order_they_came() {
    for (counters, waiters) in GRID {
        let latch = Latch::new(counters);
        let openers = AtomicUsize::new(0);
        let count_down = || {
            openers.fetch_add(latch.count_down().into(), Ordering::Relaxed);
        };
        released_in_order((counters, waiters), || latch.wait(), count_down);
        assert_eq!(openers.into_inner(), 1);
    }
}

#[test]
fn threads_wait_and_count() {
    let _watchdog = Watchdog::new("threads_wait_and_count");
    for (counters, waiters) in GRID_OF_THREADS {
        let latch = Latch::new(counters);
        let counted = AtomicUsize::new(0);
        let wait = || {
            latch.wait_blocking();
            assert_eq!(counted.load(Ordering::Relaxed), counters);
        };
        let count_down = || {
            counted.fetch_add(1, Ordering::Relaxed);
            latch.count_down();
        };
        released_on_threads((counters, waiters), wait, count_down);
    }
}

#[test]
fn threads_meet() {
    let _watchdog = Watchdog::new("threads_meet");
    for _ in 0..500 {
        let (latch, arrived) = (Latch::new(4), AtomicUsize::new(0));
        let meet = || {
            arrived.fetch_add(1, Ordering::Relaxed);
            latch.arrive_and_wait_blocking();
            assert_eq!(arrived.load(Ordering::Relaxed), 4);
        };
        released_on_threads((0, 4), meet, || ());
    }
}

#[test]
fn a_guard_counts_on_every_way_out() {
    let latch = Arc::new(Latch::new(4));
    drop(latch.guard());
    assert_eq!(latch.remaining(), 3);

    let guard = latch.guard_owned();
    let thread = thread::spawn(move || {
        let _guard = guard;
        panic!("unwinds past the guard");
    });
    assert!(thread.join().is_err());
    assert_eq!(latch.remaining(), 2);

    let task = Hand::pending(async {
        let _guard = latch.guard();
        std::future::pending::<()>().await;
    });
    assert_eq!(latch.remaining(), 2);
    drop(task);
    assert_eq!(latch.remaining(), 1);

    latch.guard().disarm();
    let guard = latch.guard_owned();
    assert_eq!(guard.latch().remaining(), 1);
    guard.disarm();
    assert_eq!(latch.remaining(), 1);
    assert_eq!(Arc::strong_count(&latch), 1);
}

#[test]
fn it_says_what_it_is() {
    let latch = Latch::new(2);
    assert_eq!(
        format!("{:?}", latch.guard()),
        "LatchGuard { latch: Latch { remaining: 2, .. } }"
    );
    assert_eq!(
        format!("{:?}", latch.arrive_and_wait()),
        "ArriveAndWait { has_arrived: false, wait: Wait { latch: Latch { remaining: 1, .. } } }"
    );
}
