//! `Semaphore`, with futures driven by hand.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::{Hand, Hooks, Wakes, poll_with};
use sync_prims::semaphore::{
    Acquire, AcquireError, AcquireOwned, OwnedSemaphorePermit, Semaphore, SemaphorePermit,
    TryAcquireError,
};

assert_impl_all!(Semaphore: Send, Sync, Unpin);
assert_impl_all!(SemaphorePermit<'_>: Send, Sync, Unpin);
assert_impl_all!(OwnedSemaphorePermit: Send, Sync, Unpin);
assert_impl_all!(Acquire<'_>: Send, Sync);
assert_impl_all!(AcquireOwned: Send, Sync);
assert_not_impl_any!(Acquire<'_>: Unpin);
assert_not_impl_any!(AcquireOwned: Unpin);
assert_impl_all!(AcquireError: std::error::Error, Send, Sync);
assert_impl_all!(TryAcquireError: std::error::Error, Send, Sync);

static SHARED: Semaphore = Semaphore::new(1);

#[test]
fn stands_in_a_static() {
    assert!(SHARED.try_acquire().is_ok());
}

#[test]
fn permits_are_taken_and_go_back() {
    let semaphore = Semaphore::new(3);
    let one = semaphore.try_acquire().unwrap();
    let two = semaphore.try_acquire_many(2).unwrap();
    assert_eq!((one.num_permits(), two.num_permits()), (1, 2));
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::NoPermits
    );
    drop(two);
    assert_eq!(semaphore.available_permits(), 2);
    drop(one);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn waiters_are_served_in_order() {
    let semaphore = Semaphore::new(0);
    let mut waits: Vec<_> = (0..100)
        .map(|_| Hand::pending(semaphore.acquire()))
        .collect();
    for i in 0..waits.len() {
        semaphore.add_permits(1);
        let woken: Vec<usize> = (0..waits.len()).filter(|&w| waits[w].is_woken()).collect();
        assert_eq!(woken, (0..=i).collect::<Vec<_>>());
    }
    for wait in &mut waits {
        wait.output().unwrap().forget();
    }
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn more_are_granted_at_once_than_fit_a_batch() {
    let semaphore = Semaphore::new(0);
    let mut waits: Vec<_> = (0..1000)
        .map(|_| Hand::pending(semaphore.acquire()))
        .collect();
    semaphore.add_permits(999);
    assert_eq!(waits.iter().filter(|wait| wait.is_woken()).count(), 999);
    assert!(waits.last_mut().unwrap().poll().is_pending());
    assert_eq!(semaphore.available_permits(), 0);
    for wait in &mut waits[..999] {
        wait.output().unwrap().forget();
    }
}

#[test]
fn whoever_is_woken_finds_what_is_left() {
    // As many as fit a batch: the line is empty before the first is woken.
    for waiters in [1, 31, 32, 33] {
        let semaphore = Arc::new(Semaphore::new(0));
        let found = Arc::new(AtomicUsize::new(0));
        let hook = {
            let (semaphore, found) = (semaphore.clone(), found.clone());
            move || {
                found.fetch_add(semaphore.try_acquire().is_ok().into(), Ordering::Relaxed);
            }
        };
        let hooks = Hooks {
            wake: Some(Box::new(hook)),
            ..Hooks::default()
        };
        let mut last = Hand::new(semaphore.acquire());
        let mut rest: Vec<_> = (1..waiters)
            .map(|_| Hand::pending(semaphore.acquire()))
            .collect();
        assert!(last.poll_with(&Arc::new(hooks).waker()).is_pending());
        semaphore.add_permits(waiters + 1);
        assert_eq!(found.load(Ordering::Relaxed), 1);
        rest.iter_mut()
            .for_each(|wait| wait.output().unwrap().forget());
    }
}

#[test]
fn who_wants_many_is_not_overtaken() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire().unwrap();
    let mut many = Hand::pending(semaphore.acquire_many(2));
    // One is available, and yet none to be had.
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::NoPermits
    );
    let mut few = Hand::pending(semaphore.acquire());
    drop(held);
    assert!(many.is_woken() && !few.is_woken());
    let many = many.output().unwrap();
    assert!(few.poll().is_pending());
    drop(many);
    few.output().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_dropped_first_lets_those_behind_it_in() {
    let semaphore = Semaphore::new(3);
    let many = Hand::pending(semaphore.acquire_many(4));
    let mut behind: Vec<_> = (0..4).map(|_| Hand::pending(semaphore.acquire())).collect();
    drop(many);
    let woken: Vec<_> = behind.iter().map(Hand::is_woken).collect();
    assert_eq!(woken, [true, true, true, false]);
    drop(behind.pop());
    // The line is empty again.
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire().is_ok());
}

#[test]
fn a_dropped_waiter_passes_its_permits_on() {
    let semaphore = Semaphore::new(0);
    let granted = Hand::pending(semaphore.acquire_many(2));
    let mut next = [
        Hand::pending(semaphore.acquire()),
        Hand::pending(semaphore.acquire()),
    ];
    semaphore.add_permits(2);
    assert!(granted.is_woken() && !next[0].is_woken());
    drop(granted);
    for wait in &mut next {
        assert!(wait.is_woken());
        wait.output().unwrap().forget();
    }
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn the_end_of_the_line_may_leave() {
    let semaphore = Semaphore::new(0);
    let mut first = Hand::pending(semaphore.acquire());
    let second = Hand::pending(semaphore.acquire());
    drop(second);
    semaphore.add_permits(2);
    first.output().unwrap().forget();
    assert!(semaphore.try_acquire().is_ok());
}

#[test]
fn no_permits_are_had_at_once() {
    let semaphore = Semaphore::new(0);
    let _waits = Hand::pending(semaphore.acquire());
    assert_eq!(semaphore.try_acquire_many(0).unwrap().num_permits(), 0);
    assert!(Hand::new(semaphore.acquire_many(0)).output().is_ok());
    semaphore.close();
    assert_eq!(
        semaphore.try_acquire_many(0).unwrap_err(),
        TryAcquireError::Closed
    );
}

#[test]
fn closing_refuses_those_who_wait_and_those_who_come() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut granted = Hand::pending(semaphore.acquire());
    let mut waits: Vec<_> = (0..100)
        .map(|_| Hand::pending(semaphore.acquire_many(2)))
        .collect();
    drop(held);
    assert!(!semaphore.is_closed());
    semaphore.close();
    semaphore.close();
    assert!(semaphore.is_closed());
    for wait in &mut waits {
        assert!(wait.is_woken());
        assert_eq!(wait.output().unwrap_err(), AcquireError);
    }
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::Closed
    );
    assert_eq!(
        Hand::new(semaphore.acquire()).output().unwrap_err(),
        AcquireError
    );
    // Who was granted before has it, and gives it back.
    drop(granted.output().unwrap());
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), 2);
    assert_eq!(semaphore.forget_permits(5), 2);
}

#[test]
fn a_waiter_that_was_refused_may_be_dropped() {
    let semaphore = Semaphore::new(1);
    let refused = Hand::pending(semaphore.acquire_many(2));
    semaphore.close();
    drop(refused);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_dropped_owned_wait_passes_its_permit_on() {
    let semaphore = Arc::new(Semaphore::new(0));
    let granted = Hand::pending(semaphore.acquire_owned());
    let mut next = Hand::pending(semaphore.acquire_owned());
    semaphore.add_permits(1);
    drop(granted);
    next.output().unwrap().forget();
    drop(next);
    assert_eq!(Arc::strong_count(&semaphore), 1);
}

#[test]
fn polling_on_adds_nothing() {
    let semaphore = Semaphore::new(0);
    let mut wait = Hand::pending(semaphore.acquire());
    for _ in 0..1000 {
        assert!(wait.poll().is_pending());
    }
    semaphore.add_permits(2);
    assert_eq!(wait.wakes(), 1);
    wait.output().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn the_last_waker_is_woken() {
    let semaphore = Semaphore::new(0);
    let mut wait = Hand::pending(semaphore.acquire());
    let other = Wakes::new();
    assert!(wait.poll_with(&other.waker()).is_pending());
    semaphore.add_permits(1);
    assert_eq!((wait.wakes(), other.count()), (0, 1));
}

#[test]
fn polling_after_the_end_panics() {
    let semaphore = Arc::new(Semaphore::new(2));
    let mut wait = Hand::new(semaphore.acquire());
    wait.output().unwrap().forget();
    assert!(catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready())).is_err());
    let mut wait = Hand::new(semaphore.acquire_owned());
    wait.output().unwrap().forget();
    assert!(catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready())).is_err());
}

#[test]
fn a_waker_may_call_back() {
    let semaphore = Arc::new(Semaphore::new(0));
    let calls = Arc::new(AtomicUsize::new(0));
    let hook = || -> Box<dyn Fn() + Send + Sync> {
        let (semaphore, calls) = (semaphore.clone(), calls.clone());
        Box::new(move || {
            calls.fetch_add(1, Ordering::Relaxed);
            drop(semaphore.try_acquire());
            drop(Hand::pending(semaphore.acquire_many(9)));
            semaphore.forget_permits(1);
        })
    };
    let hooks = Hooks {
        clone: Some(hook()),
        wake: Some(hook()),
        drop: Some(hook()),
        ..Hooks::default()
    };
    let waker = Arc::new(hooks).waker();
    let mut granted = pin!(semaphore.acquire());
    assert!(poll_with(granted.as_mut(), &waker).is_pending());
    let mut removed = Box::pin(semaphore.acquire_many(2));
    assert!(poll_with(removed.as_mut(), &waker).is_pending());
    let mut replaced = pin!(semaphore.acquire());
    assert!(poll_with(replaced.as_mut(), &waker).is_pending());
    let seen = calls.load(Ordering::Relaxed);
    assert!(poll_with(replaced.as_mut(), Waker::noop()).is_pending());
    assert_eq!(calls.load(Ordering::Relaxed), seen + 1, "a drop");
    drop(removed);
    assert_eq!(calls.load(Ordering::Relaxed), seen + 2, "a drop");
    semaphore.add_permits(1);
    assert_eq!(calls.load(Ordering::Relaxed), seen + 3, "a wake");
    assert!(poll_with(granted.as_mut(), Waker::noop()).is_ready());
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_granted() {
    let semaphore = Semaphore::new(0);
    let panics = Hooks {
        wake: Some(Box::new(|| panic!("on purpose"))),
        ..Hooks::default()
    };
    let panics = Arc::new(panics).waker();
    let mut first = Box::pin(semaphore.acquire());
    assert!(poll_with(first.as_mut(), &panics).is_pending());
    let mut rest: Vec<_> = (0..100)
        .map(|_| Hand::pending(semaphore.acquire()))
        .collect();
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(100))).is_err());
    assert_eq!(rest.iter().filter(|wait| wait.is_woken()).count(), 99);
    assert!(poll_with(first.as_mut(), &panics).is_ready());
    // The first gave its permit back.
    for wait in &mut rest {
        wait.output().unwrap().forget();
    }
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn shows_its_state() {
    let semaphore = Semaphore::new(2);
    let permit = semaphore.try_acquire().unwrap();
    let shown = format!("{semaphore:?} {permit:?} {:?}", semaphore.acquire_many(7));
    assert!(shown.contains("available_permits: 1"), "{shown}");
    assert!(shown.contains("is_closed: false"), "{shown}");
    assert!(shown.contains("permits: 7"), "{shown}");
}
