//! What a wait for a condition does: when it looks, and where it stands after.

mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sync_prims::condvar::Wait;
use sync_prims::mutex::MutexGuard;
use sync_prims::{CondVar, Mutex};

use support::{Hand, Watchdog};

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
fn a_condition_is_looked_at_before_the_wait_and_after_each_notification() {
    each(|condvar, mutex| {
        let looks = Cell::new(0);
        let mut wait = Hand::new(condvar.wait_while(mutex.try_lock().unwrap(), |value| {
            looks.set(looks.get() + 1);
            *value < 2
        }));
        assert_eq!(looks.get(), 0);
        for value in 1..=2 {
            assert!(wait.poll().is_pending());
            // With nothing new, it does not look again.
            assert!(wait.poll().is_pending());
            assert_eq!(looks.get(), value);
            *mutex.try_lock().unwrap() = value;
            assert!(condvar.notify_one());
            assert_eq!(wait.wakes(), value);
        }
        assert_eq!(*wait.output(), 2);
        assert_eq!(looks.get(), 3);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_condition_that_is_false_already_needs_no_wait() {
    each(|condvar, mutex| {
        let mut wait = Hand::new(condvar.wait_while(mutex.try_lock().unwrap(), |_| false));
        let guard = wait.output();
        assert!(mutex.is_locked());
        drop(guard);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_condition_may_change_the_value() {
    each(|condvar, mutex| {
        let mut wait = Hand::new(condvar.wait_while(mutex.try_lock().unwrap(), |value| {
            *value += 1;
            *value < 2
        }));
        assert!(wait.poll().is_pending());
        assert!(condvar.notify_one());
        assert_eq!(*wait.output(), 2);
    });
}

#[test]
fn a_condition_that_is_still_true_sends_to_the_end_of_the_line() {
    each(|condvar, mutex| {
        let lock = || mutex.try_lock().unwrap();
        let mut first = Hand::pending(condvar.wait_while(lock(), |value| *value == 0));
        let mut second = waiting(condvar, mutex);
        assert!(condvar.notify_one());
        assert!(first.poll().is_pending());
        assert!(condvar.notify_one());
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        drop(second.output());
        *mutex.try_lock().unwrap() = 1;
        assert!(condvar.notify_one());
        drop(first.output());
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn a_condition_that_panics_unlocks() {
    each(|condvar, mutex| {
        let mut wait = Hand::new(condvar.wait_while(mutex.try_lock().unwrap(), |value| {
            assert_eq!(*value, 0);
            true
        }));
        assert!(wait.poll().is_pending());
        *mutex.try_lock().unwrap() = 1;
        assert!(condvar.notify_one());
        let panicked = catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready()));
        assert!(panicked.is_err());
        assert!(mutex.is_locked());
        drop(wait);
        assert_quiet(condvar, mutex);
    });
}

#[test]
fn what_it_lost_in_one_wait_does_not_count_in_the_next() {
    let (condvar, mutex) = (CondVar::new(), Mutex::barging(0));
    let mut wait = Hand::pending(condvar.wait_while(mutex.try_lock().unwrap(), |_| true));
    let held = mutex.try_lock().unwrap();
    assert!(condvar.notify_one());
    assert!(wait.poll().is_pending());
    drop(held);
    // It is woken, and loses.
    let held = mutex.try_lock().unwrap();
    assert!(wait.poll().is_pending());
    drop(held);
    // It gets the mutex, and begins another wait.
    assert!(wait.poll().is_pending());
    let held = mutex.try_lock().unwrap();
    let mut before = Hand::pending(mutex.lock());
    assert!(condvar.notify_one());
    let wakes = wait.wakes();
    assert!(wait.poll().is_pending());
    drop(held);
    assert_eq!((before.wakes(), wait.wakes()), (1, wakes));
    drop(before.output());
    assert_eq!(wait.wakes(), wakes + 1);
}

#[test]
fn a_thread_waits_for_a_condition_of_statics() {
    let _watchdog = Watchdog::new("a_thread_waits_for_a_condition_of_statics");
    static DONE: CondVar = CondVar::new();
    static VALUE: Mutex<bool> = Mutex::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            *VALUE.lock_blocking() = true;
            DONE.notify_all();
        });
        assert!(*DONE.wait_while_blocking(VALUE.lock_blocking(), |done| !*done));
    });
}
