//! `Barrier`, with futures driven by hand, and on threads.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::{Hand, Hooks, Watchdog, poll_with};
use sync_prims::Barrier;
use sync_prims::barrier::{BarrierWaitResult, Wait};
use sync_prims::blocking::block_on_timeout;

assert_impl_all!(Barrier: Send, Sync, Unpin);
assert_impl_all!(BarrierWaitResult: Send, Sync, Unpin);
assert_impl_all!(Wait<'_>: Send, Sync);
assert_not_impl_any!(Wait<'_>: Unpin);

static SHARED: Barrier = Barrier::new(1);

#[test]
fn stands_in_a_static() {
    assert!(SHARED.wait_blocking().is_leader());
}

#[test]
fn who_is_alone_leads() {
    for parties in [0, 1] {
        let barrier = Barrier::new(parties);
        for _ in 0..3 {
            assert!(Hand::new(barrier.wait()).output().is_leader());
        }
    }
}

#[test]
fn the_last_to_arrive_leads() {
    let barrier = Barrier::new(100);
    assert_eq!(barrier.parties(), 100);
    for _ in 0..3 {
        let mut waits: Vec<_> = (1..100).map(|_| Hand::pending(barrier.wait())).collect();
        assert!(waits.iter().all(|wait| wait.wakes() == 0));
        assert!(Hand::new(barrier.wait()).output().is_leader());
        for wait in &mut waits {
            assert_eq!(wait.wakes(), 1);
            assert!(!wait.output().is_leader());
        }
    }
}

#[test]
fn an_unpolled_wait_has_not_arrived() {
    let barrier = Barrier::new(2);
    let unpolled = Hand::new(barrier.wait());
    let mut first = Hand::pending(barrier.wait());
    drop(unpolled);
    assert!(!first.is_woken());
    assert!(Hand::new(barrier.wait()).output().is_leader());
    assert!(!first.output().is_leader());
}

#[test]
fn a_dropped_wait_takes_its_arrival_back() {
    let barrier = Barrier::new(3);
    let mut waits = [0, 1].map(|_| Some(Hand::pending(barrier.wait())));
    waits[0] = None;
    let mut third = Hand::pending(barrier.wait());
    assert!(Hand::new(barrier.wait()).output().is_leader());
    assert!(!third.output().is_leader());
    assert!(!waits[1].as_mut().unwrap().output().is_leader());
}

#[test]
fn a_wait_that_is_dropped_when_all_have_arrived_stays_counted() {
    let barrier = Barrier::new(2);
    let told = Hand::pending(barrier.wait());
    assert!(Hand::new(barrier.wait()).output().is_leader());
    // In the next round one has arrived already.
    let mut next = Hand::pending(barrier.wait());
    drop(told);
    assert!(Hand::new(barrier.wait()).output().is_leader());
    assert!(!next.output().is_leader());
}

/// All are told at once, and woken some at a time: one whose turn to be woken has not come is dropped.
#[test]
fn a_wait_that_is_dropped_before_its_wake_stays_counted() {
    const PARTIES: usize = 100;
    static BARRIER: Barrier = Barrier::new(PARTIES);
    /// First the one of this round that is dropped, then the first of the next.
    static PLACE: Mutex<Option<Hand<Wait<'static>>>> = Mutex::new(None);
    let hooks = Hooks {
        wake: Some(Box::new(|| {
            let next = Hand::pending(BARRIER.wait());
            let dropped = PLACE.lock().unwrap().replace(next);
            assert_eq!(dropped.map(|wait| wait.wakes()), Some(0));
        })),
        ..Hooks::default()
    };
    let mut first = Box::pin(BARRIER.wait());
    assert!(poll_with(first.as_mut(), &Arc::new(hooks).waker()).is_pending());
    let waits: Vec<_> = (3..PARTIES)
        .map(|_| Hand::pending(BARRIER.wait()))
        .collect();
    *PLACE.lock().unwrap() = Some(Hand::pending(BARRIER.wait()));
    assert!(Hand::new(BARRIER.wait()).output().is_leader());
    drop((first, waits));
    assert!(format!("{BARRIER:?}").contains("arrived: 1"));
    drop(PLACE.lock().unwrap().take());
    assert!(format!("{BARRIER:?}").contains("arrived: 0"));
}

#[test]
fn whoever_is_woken_may_arrive_again() {
    const PARTIES: usize = 40;
    let barrier = Arc::new(Barrier::new(PARTIES));
    let hooks = {
        let barrier = barrier.clone();
        Hooks {
            wake: Some(Box::new(move || {
                // Many come in the next round, and open it, before the rest of this one is woken.
                let waits: Vec<_> = (1..PARTIES)
                    .map(|_| Hand::pending(barrier.wait()))
                    .collect();
                assert!(Hand::new(barrier.wait()).output().is_leader());
                assert!(waits.iter().all(|wait| wait.wakes() == 1));
            })),
            ..Hooks::default()
        }
    };
    let mut first = Box::pin(barrier.wait());
    assert!(poll_with(first.as_mut(), &Arc::new(hooks).waker()).is_pending());
    let mut rest: Vec<_> = (2..PARTIES)
        .map(|_| Hand::pending(barrier.wait()))
        .collect();
    assert!(Hand::new(barrier.wait()).output().is_leader());
    for wait in &mut rest {
        assert_eq!(wait.wakes(), 1);
        assert!(!wait.output().is_leader());
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_waiting() {
    let barrier = Barrier::new(102);
    let hooks = Hooks {
        wake: Some(Box::new(|| panic!("on purpose"))),
        ..Hooks::default()
    };
    let mut first = Box::pin(barrier.wait());
    assert!(poll_with(first.as_mut(), &Arc::new(hooks).waker()).is_pending());
    let mut rest: Vec<_> = (0..100).map(|_| Hand::pending(barrier.wait())).collect();
    let mut last = Hand::new(barrier.wait());
    assert!(catch_unwind(AssertUnwindSafe(|| last.poll().is_ready())).is_err());
    for wait in &mut rest {
        assert!(!wait.output().is_leader());
    }
    drop((first, last));
    assert!(format!("{barrier:?}").contains("arrived: 0"));
}

#[test]
fn polling_after_the_end_panics() {
    let barrier = Barrier::new(1);
    let mut wait = Hand::new(barrier.wait());
    assert!(wait.output().is_leader());
    assert!(catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready())).is_err());
}

#[test]
fn shows_its_state() {
    let barrier = Barrier::new(3);
    let wait = Hand::pending(barrier.wait());
    let shown = format!("{barrier:?} {:?}", barrier.wait());
    assert!(shown.contains("parties: 3, arrived: 1"), "{shown}");
    drop(wait);
}

#[test]
fn threads_go_on_together() {
    const PARTIES: usize = 4;
    const ROUNDS: usize = 3_000;
    let _watchdog = Watchdog::new("threads_go_on_together");
    let barrier = Barrier::new(PARTIES);
    let (arrivals, leaders) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|threads| {
        for _ in 0..PARTIES {
            threads.spawn(|| {
                for round in 1..=ROUNDS {
                    arrivals.fetch_add(1, Ordering::Relaxed);
                    let result = barrier.wait_blocking();
                    let arrived = arrivals.load(Ordering::Relaxed);
                    assert!((PARTIES * round..=PARTIES * (round + 1)).contains(&arrived));
                    leaders.fetch_add(result.is_leader().into(), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(leaders.load(Ordering::Relaxed), ROUNDS);
}

#[test]
fn threads_that_give_up_leave_nothing() {
    const PARTIES: usize = 3;
    let _watchdog = Watchdog::new("threads_that_give_up_leave_nothing");
    let barrier = Barrier::new(PARTIES);
    let (leaders, followers) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|threads| {
        for i in 0..PARTIES + 1 {
            let (barrier, leaders, followers) = (&barrier, &leaders, &followers);
            threads.spawn(move || {
                for round in 0..3_000 {
                    let patience = Duration::from_micros((i + round) as u64 % 4 * 10);
                    match block_on_timeout(barrier.wait(), patience) {
                        Some(result) if result.is_leader() => {
                            leaders.fetch_add(1, Ordering::Relaxed)
                        }
                        Some(_) => followers.fetch_add(1, Ordering::Relaxed),
                        None => 0,
                    };
                }
            });
        }
    });
    let (leaders, followers) = (leaders.into_inner(), followers.into_inner());
    assert!(followers <= leaders * (PARTIES - 1));
    assert!(format!("{barrier:?}").contains("arrived: 0"));
}
