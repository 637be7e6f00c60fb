//! Waits of plain threads with a time limit. None of these tests measures a time: what they wait for comes, or never does.

mod support;

use std::thread;
use std::time::Duration;

use sync_prims::{CondVar, Mutex};

use support::Watchdog;

const SHORT: Duration = Duration::from_millis(1);

#[test]
fn the_time_is_up_without_a_notification() {
    let (condvar, mutex) = (CondVar::new(), Mutex::new(0));
    for timeout in [Duration::ZERO, SHORT] {
        let (guard, result) = condvar.wait_timeout_blocking(mutex.lock_blocking(), timeout);
        assert!(result.timed_out());
        assert!(mutex.is_locked());
        drop(guard);
        assert!(!condvar.notify_one());
    }
}

#[test]
fn the_time_is_up_with_the_condition_still_true() {
    let (condvar, mutex) = (CondVar::new(), Mutex::new(0));
    let guard = mutex.lock_blocking();
    let (guard, result) = condvar.wait_while_timeout_blocking(guard, SHORT, |value| *value == 0);
    assert!(result.timed_out());
    let (_guard, result) = condvar.wait_while_timeout_blocking(guard, SHORT, |value| *value > 0);
    assert!(!result.timed_out());
}

/// A change without a notification is seen in the last look.
#[test]
fn the_condition_is_looked_at_once_more_when_the_time_is_up() {
    let (condvar, mutex) = (CondVar::new(), Mutex::new(0));
    let mut looks = 0;
    let (guard, result) =
        condvar.wait_while_timeout_blocking(mutex.lock_blocking(), SHORT, |value| {
            looks += 1;
            *value += 1;
            *value < 2
        });
    assert!(!result.timed_out());
    assert_eq!((looks, *guard), (2, 2));
}

#[test]
fn a_limit_that_the_clock_cannot_express_never_comes() {
    let _watchdog = Watchdog::new("a_limit_that_the_clock_cannot_express_never_comes");
    let (condvar, mutex) = (CondVar::new(), Mutex::new(0));
    thread::scope(|threads| {
        threads.spawn(|| {
            let guard = mutex.lock_blocking();
            let (guard, result) =
                condvar.wait_while_timeout_blocking(guard, Duration::MAX, |value| *value < 1);
            assert!(!result.timed_out());
            drop(guard);
            *mutex.lock_blocking() = 2;
            condvar.notify_one();
        });
        threads.spawn(|| {
            *mutex.lock_blocking() = 1;
            condvar.notify_one();
        });
    });
    assert_eq!(mutex.into_inner(), 2);
}

/// Whether the notification finds the one whose time is nearly up or the one behind it: it is not lost.
#[test]
fn time_is_up_and_a_notification() {
    let _watchdog = Watchdog::new("time_is_up_and_a_notification");
    for round in 0..500 {
        let (condvar, ticket) = (&CondVar::new(), &Mutex::new(false));
        thread::scope(|threads| {
            threads.spawn(move || {
                let limit = Duration::from_micros(round % 100);
                let (_, result) = condvar.wait_timeout_blocking(ticket.lock_blocking(), limit);
                if !result.timed_out() {
                    // It has no use for what it was told.
                    condvar.notify_one();
                }
            });
            threads.spawn(|| {
                let ticket = ticket.lock_blocking();
                *condvar.wait_while_blocking(ticket, |ticket| !*ticket) = false;
            });
            threads.spawn(|| {
                *ticket.lock_blocking() = true;
                condvar.notify_one();
            });
        });
        assert!(!condvar.notify_one());
        assert!(!ticket.is_locked());
    }
}
