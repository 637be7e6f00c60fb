//! What a condition variable does, step by step: who is told, who has the mutex, and what a dropped wait leaves behind.

mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard as StdMutexGuard};

use static_assertions::{assert_impl_all, assert_not_impl_any};
use sync_prims::condvar::{Wait, WaitWhile};
use sync_prims::mutex::{MutexGuard, OwnedMutexGuard};
use sync_prims::{CondVar, Mutex};

use support::{Hand, Hooks, poll_with};

/// May be sent, and not shared.
type SendOnly = Cell<u8>;
/// May be shared, and not sent.
type SyncOnly = StdMutexGuard<'static, u8>;
type Condition<T> = fn(&mut T) -> bool;

assert_impl_all!(CondVar: Send, Sync, Unpin);
// It holds the node that the queue points to.
assert_not_impl_any!(Wait<'static, OwnedMutexGuard<u8>>: Unpin);
assert_not_impl_any!(WaitWhile<'static, OwnedMutexGuard<u8>, Condition<u8>>: Unpin);
assert_impl_all!(Wait<'static, MutexGuard<'static, SendOnly>>: Send);
assert_impl_all!(Wait<'static, OwnedMutexGuard<SendOnly>>: Send);
assert_impl_all!(WaitWhile<'static, MutexGuard<'static, SendOnly>, Condition<SendOnly>>: Send);
assert_not_impl_any!(Wait<'static, MutexGuard<'static, SyncOnly>>: Send);
assert_not_impl_any!(Wait<'static, OwnedMutexGuard<SyncOnly>>: Send);
assert_not_impl_any!(WaitWhile<'static, OwnedMutexGuard<u8>, *const Condition<u8>>: Send);

/// With both kinds of mutex.
fn each(test: impl Fn(&CondVar, &Mutex<usize>)) {
    test(&CondVar::new(), &Mutex::new(0));
    test(&CondVar::new(), &Mutex::barging(0));
}

/// A wait that stands in line; the mutex is free.
fn waiting<'m>(
    condvar: &'m CondVar,
    mutex: &'m Mutex<usize>,
) -> Hand<Wait<'m, MutexGuard<'m, usize>>> {
    Hand::pending(condvar.wait(mutex.try_lock().expect("it is free")))
}

/// Nobody waits, for either.
fn assert_quiet(condvar: &CondVar, mutex: &Mutex<usize>) {
    assert!(!condvar.notify_one());
    assert!(!mutex.is_locked());
    drop(mutex.try_lock().expect("it is free"));
}

#[test]
fn a_wait_unlocks_and_locks_again() {
    each(|condvar, mutex| {
        let mut wait = waiting(condvar, mutex);
        *mutex.try_lock().expect("the wait unlocked it") = 7;
        assert!(wait.poll().is_pending());
        assert!(condvar.notify_one());
        assert_eq!(wait.wakes(), 1);
        assert_eq!(*wait.output(), 7);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn nothing_happens_before_the_first_poll() {
    each(|condvar, mutex| {
        let wait = condvar.wait(mutex.try_lock().unwrap());
        assert!(mutex.is_locked());
        assert!(!condvar.notify_one());
        drop(wait);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_notification_that_finds_nobody_is_forgotten() {
    each(|condvar, mutex| {
        assert!(!condvar.notify_one());
        condvar.notify_all();
        let mut wait = waiting(condvar, mutex);
        assert!(wait.poll().is_pending());
        assert!(condvar.notify_one());
        drop(wait.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn one_after_the_other_in_the_order_they_came() {
    each(|condvar, mutex| {
        let mut waits: Vec<_> = (0..10).map(|_| waiting(condvar, mutex)).collect();
        for next in 0..waits.len() {
            assert!(condvar.notify_one());
            assert!(waits[next + 1..].iter().all(|wait| wait.wakes() == 0));
            assert_eq!(waits[next].wakes(), 1);
            drop(waits[next].output());
        }
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn all_are_told_and_come_through_one_at_a_time() {
    each(|condvar, mutex| {
        let mut waits: Vec<_> = (0..100).map(|_| waiting(condvar, mutex)).collect();
        condvar.notify_all();
        assert!(waits.iter().all(|wait| wait.wakes() == 1));
        let mut held = waits[0].output();
        for next in &mut waits[1..] {
            assert!(next.poll().is_pending());
            *held += 1;
            drop(held);
            held = next.output();
        }
        assert_eq!(*held, 99);
        drop(held);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn all_does_not_concern_those_who_come_later() {
    each(|condvar, mutex| {
        let mut early = waiting(condvar, mutex);
        condvar.notify_all();
        let mut late = waiting(condvar, mutex);
        assert_eq!((early.wakes(), late.wakes()), (1, 0));
        drop(early.output());
        assert!(late.poll().is_pending());
        assert!(condvar.notify_one());
        drop(late.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn who_comes_while_all_are_woken_is_not_concerned() {
    let shared = Arc::new((CondVar::new(), Mutex::new(0)));
    let late = Arc::new(std::sync::Mutex::new(None));
    let mut early = Box::pin(shared.0.wait(shared.1.try_lock().unwrap()));
    let hooks = {
        let (shared, late) = (shared.clone(), late.clone());
        Arc::new(Hooks {
            wake: Some(Box::new(move || {
                let shared = shared.clone();
                let mut wait = Hand::new(async move {
                    let guard = shared.1.lock().await;
                    drop(shared.0.wait(guard).await);
                });
                assert!(wait.poll().is_pending());
                *late.lock().unwrap() = Some(wait);
            })),
            ..Hooks::default()
        })
    };
    assert!(poll_with(early.as_mut(), &hooks.waker()).is_pending());
    shared.0.notify_all();
    let mut late = late.lock().unwrap().take().expect("the waker made one");
    assert!(late.poll().is_pending());
    assert_eq!(late.wakes(), 0);
    drop(Hand::new(early).output());
    assert!(shared.0.notify_one());
    late.output();
}

#[test]
fn a_notification_with_the_mutex_locked() {
    each(|condvar, mutex| {
        let mut wait = waiting(condvar, mutex);
        let held = mutex.try_lock().unwrap();
        assert!(condvar.notify_one());
        // It was told, and waits for the mutex now: it is not told again.
        assert!(wait.poll().is_pending());
        assert!(!condvar.notify_one());
        drop(held);
        assert_eq!(wait.wakes(), 2);
        drop(wait.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_dropped_wait_leaves_the_line() {
    each(|condvar, mutex| {
        for leaver in 0..3 {
            let mut waits: Vec<_> = (0..3).map(|_| waiting(condvar, mutex)).collect();
            drop(waits.remove(leaver));
            for wait in &mut waits {
                assert!(condvar.notify_one());
                drop(wait.output());
            }
            assert_quiet(condvar, mutex);
        }
    });
}

#[test]
fn a_dropped_wait_passes_its_notification_on() {
    each(|condvar, mutex| {
        let told = waiting(condvar, mutex);
        let mut next = waiting(condvar, mutex);
        assert!(condvar.notify_one());
        drop(told);
        assert_eq!(next.wakes(), 1);
        drop(next.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn one_dropped_in_the_line_of_the_mutex_passes_its_notification_on() {
    each(|condvar, mutex| {
        let mut told = waiting(condvar, mutex);
        let mut next = waiting(condvar, mutex);
        let held = mutex.try_lock().unwrap();
        assert!(condvar.notify_one());
        assert!(told.poll().is_pending());
        drop(told);
        assert_eq!(next.wakes(), 1);
        drop(held);
        drop(next.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn one_dropped_with_the_mutex_handed_to_it_passes_both_on() {
    each(|condvar, mutex| {
        let mut told = waiting(condvar, mutex);
        let mut next = waiting(condvar, mutex);
        let held = mutex.try_lock().unwrap();
        assert!(condvar.notify_one());
        assert!(told.poll().is_pending());
        let mut third = Hand::pending(mutex.lock());
        drop(held);
        assert_eq!((told.wakes(), third.wakes()), (2, 0));
        drop(told);
        assert_eq!((next.wakes(), third.wakes()), (1, 1));
        drop(third.output());
        drop(next.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_wait_dropped_after_all_were_told_passes_nothing_on() {
    each(|condvar, mutex| {
        let told = waiting(condvar, mutex);
        condvar.notify_all();
        let mut late = waiting(condvar, mutex);
        drop(told);
        assert_eq!(late.wakes(), 0);
        assert!(condvar.notify_one());
        drop(late.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_wait_that_is_over_passes_nothing_on() {
    each(|condvar, mutex| {
        let mut first = waiting(condvar, mutex);
        let second = waiting(condvar, mutex);
        assert!(condvar.notify_one());
        drop(first.output());
        drop(first);
        assert_eq!(second.wakes(), 0);
        drop(second);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn owned_guards_keep_the_mutex_alive() {
    let condvar = CondVar::new();
    let mutex = Arc::new(Mutex::new(7));
    let weak = Arc::downgrade(&mutex);
    let mut wait = Hand::pending(condvar.wait(mutex.try_lock_owned().unwrap()));
    let dropped = Hand::pending(condvar.wait(mutex.try_lock_owned().unwrap()));
    drop(mutex);
    assert!(condvar.notify_one());
    assert_eq!(*wait.output(), 7);
    assert!(weak.upgrade().is_some());
    drop(dropped);
    assert!(weak.upgrade().is_none());
}

#[test]
fn waiters_of_one_may_have_different_mutexes() {
    let condvar = CondVar::new();
    let (numbers, word) = (Mutex::new(0), Mutex::barging("?"));
    let mut first = Hand::pending(condvar.wait(numbers.try_lock().unwrap()));
    let mut second = Hand::pending(condvar.wait(word.try_lock().unwrap()));
    condvar.notify_all();
    let (first, second) = (first.output(), second.output());
    assert_eq!((*first, *second), (0, "?"));
}

#[test]
fn a_wait_unlocks_for_those_in_the_line_of_the_mutex() {
    each(|condvar, mutex| {
        let held = mutex.try_lock().unwrap();
        let mut next = Hand::pending(mutex.lock());
        let wait = Hand::pending(condvar.wait(held));
        assert_eq!(next.wakes(), 1);
        drop(next.output());
        drop(wait);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_waker_of_the_mutex_that_panics_while_a_wait_begins() {
    each(|condvar, mutex| {
        let held = mutex.try_lock().unwrap();
        let mut lock = Box::pin(mutex.lock());
        let hooks = Hooks {
            wake: Some(Box::new(|| panic!("no"))),
            ..Hooks::default()
        };
        assert!(poll_with(lock.as_mut(), &Arc::new(hooks).waker()).is_pending());
        let mut wait = Hand::new(condvar.wait(held));
        assert!(catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready())).is_err());
        // It unlocked before, and stands in line.
        drop(Hand::new(lock).output());
        assert!(condvar.notify_one());
        drop(wait.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_waker_that_panics_when_it_passes_something_on() {
    each(|condvar, mutex| {
        let mut told = waiting(condvar, mutex);
        let mut next = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
        let hooks = Hooks {
            wake: Some(Box::new(|| panic!("no"))),
            ..Hooks::default()
        };
        assert!(poll_with(next.as_mut(), &Arc::new(hooks).waker()).is_pending());
        let held = mutex.try_lock().unwrap();
        assert!(condvar.notify_one());
        assert!(told.poll().is_pending());
        let mut third = Hand::pending(mutex.lock());
        drop(held);
        // It has the mutex, and the notification.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(told))).is_err());
        drop(third.output());
        drop(Hand::new(next).output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn polled_after_it_was_ready_it_panics() {
    each(|condvar, mutex| {
        let mut wait = waiting(condvar, mutex);
        assert!(condvar.notify_one());
        drop(wait.output());
        let again = catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready()));
        let message = *again.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!(message, "polled after it was ready");
        let mut wait = Hand::new(condvar.wait_while(mutex.try_lock().unwrap(), |_| false));
        drop(wait.output());
        assert!(catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready())).is_err());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn all_can_be_shown() {
    let (condvar, mutex) = (CondVar::default(), Mutex::new(0));
    assert_eq!(format!("{condvar:?}"), "CondVar { awaited: false, .. }");
    let wait = waiting(&condvar, &mutex);
    assert_eq!(format!("{condvar:?}"), "CondVar { awaited: true, .. }");
    drop(wait);
    let wait = condvar.wait(mutex.try_lock().unwrap());
    assert_eq!(
        format!("{wait:?}"),
        "Wait { condvar: CondVar { awaited: false, .. }, .. }"
    );
    drop(wait);
    let wait = condvar.wait_while(mutex.try_lock().unwrap(), |_| true);
    assert_eq!(
        format!("{wait:?}"),
        "WaitWhile { wait: Wait { condvar: CondVar { awaited: false, .. }, .. }, .. }"
    );
}
