//! `Notify`: whom it tells, what it keeps, what a dropped wait passes on.

mod support;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use sync_prims::Notify;
use sync_prims::blocking::block_on;
use sync_prims::notify::{Notified, OwnedNotified};

use support::{Hand, Wakes, poll_once, poll_with};

assert_impl_all!(Notify: Send, Sync, Unpin, Default, std::fmt::Debug);
assert_impl_all!(Notified<'static>: Send, Sync, std::fmt::Debug);
assert_impl_all!(OwnedNotified: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(Notified<'static>: Unpin);
assert_not_impl_any!(OwnedNotified: Unpin);

static IN_A_STATIC: Notify = Notify::new();

fn has_permit(notify: &Notify) -> bool {
    poll_once(pin!(notify.notified())).is_ready()
}

#[test]
fn one_permit_is_kept() {
    IN_A_STATIC.notify_one();
    IN_A_STATIC.notify_last();
    assert!(has_permit(&IN_A_STATIC));
    assert!(!has_permit(&IN_A_STATIC));
}

#[test]
fn none_is_kept_of_a_notification_of_all() {
    let notify = Notify::new();
    notify.notify_waiters();
    assert!(!has_permit(&notify));
    let waiting = Hand::pending(notify.notified());
    notify.notify_waiters();
    assert_eq!(waiting.wakes(), 1);
    assert!(!has_permit(&notify));
}

#[test]
fn the_first_is_told_first_and_the_last_last() {
    let notify = Notify::new();
    let mut waits: Vec<_> = (0..4).map(|_| Hand::pending(notify.notified())).collect();
    let wakes = |waits: &[Hand<_>]| waits.iter().map(Hand::wakes).collect::<Vec<_>>();
    notify.notify_one();
    assert_eq!(wakes(&waits), [1, 0, 0, 0]);
    notify.notify_last();
    assert_eq!(wakes(&waits), [1, 0, 0, 1]);
    notify.notify_last();
    assert_eq!(wakes(&waits), [1, 0, 1, 1]);
    notify.notify_one();
    assert_eq!(wakes(&waits), [1, 1, 1, 1]);
    assert!(waits.iter_mut().all(|wait| wait.poll().is_ready()));
    assert!(!has_permit(&notify));
}

#[test]
fn what_was_told_and_is_dropped_tells_the_next_at_the_same_end() {
    let notify = Notify::new();
    let mut waits: Vec<_> = (0..4).map(|_| Hand::pending(notify.notified())).collect();
    notify.notify_one();
    notify.notify_last();
    drop(waits.remove(0));
    drop(waits.pop());
    assert_eq!(waits[0].wakes(), 1);
    assert_eq!(waits[1].wakes(), 1);
    // The last of them leaves a permit, but one that has returned does not.
    drop(waits.pop());
    assert!(waits[0].poll().is_ready());
    drop(waits);
    assert!(has_permit(&notify));
    assert!(!has_permit(&notify));
}

#[test]
fn a_wait_that_all_were_told_with_passes_nothing_on() {
    let notify = Notify::new();
    let told = Hand::pending(notify.notified());
    notify.notify_waiters();
    let later = Hand::pending(notify.notified());
    drop(told);
    assert_eq!(later.wakes(), 0);
    drop(later);
    assert!(!has_permit(&notify));
}

#[test]
fn all_that_were_made_are_told_polled_or_not() {
    let notify = Notify::new();
    let mut polled = Hand::pending(notify.notified());
    let mut made = Hand::new(notify.notified());
    notify.notify_waiters();
    let mut after = Hand::pending(notify.notified());
    assert!(polled.poll().is_ready());
    assert!(made.poll().is_ready());
    assert!(after.poll().is_pending());
    assert_eq!((made.wakes(), after.wakes()), (0, 0));
}

#[test]
fn one_that_all_were_told_with_leaves_the_permit() {
    let notify = Notify::new();
    let mut made = Hand::new(notify.notified());
    notify.notify_one();
    notify.notify_waiters();
    assert!(made.poll().is_ready());
    assert!(has_permit(&notify));
}

#[test]
fn enabled_ones_have_their_place_in_line() {
    let notify = Notify::new();
    let mut first = Box::pin(notify.notified());
    let mut second = Box::pin(notify.notified());
    assert!(!first.as_mut().enable());
    assert!(!second.as_mut().enable());
    assert!(!first.as_mut().enable());
    notify.notify_one();
    assert!(first.as_mut().enable());
    assert!(first.as_mut().enable());
    notify.notify_one();
    assert!(poll_once(second.as_mut()).is_ready());
    assert!(poll_once(first.as_mut()).is_ready());
    assert!(!has_permit(&notify));
}

#[test]
fn enabled_ones_that_are_dropped_pass_it_on() {
    let notify = Arc::new(Notify::new());
    notify.notify_one();
    let mut enabled = Box::pin(notify.clone().notified_owned());
    assert!(enabled.as_mut().enable());
    assert!(!has_permit(&notify));
    drop(enabled);
    assert!(has_permit(&notify));

    let mut enabled = Box::pin(notify.clone().notified_owned());
    assert!(!enabled.as_mut().enable());
    notify.notify_one();
    assert!(enabled.as_mut().enable());
    let next = Hand::pending(notify.notified());
    drop(enabled);
    assert_eq!(next.wakes(), 1);

    let mut enabled = Box::pin(notify.notified());
    notify.notify_waiters();
    assert!(enabled.as_mut().enable());
    drop((next, enabled));
    assert!(has_permit(&notify));
    assert!(!has_permit(&notify));
}

#[test]
fn an_enabled_one_is_woken_by_the_waker_that_came_later() {
    let notify = Notify::new();
    let wakes = Wakes::new();
    let mut wait = pin!(notify.notified());
    assert!(!wait.as_mut().enable());
    assert!(poll_with(wait.as_mut(), &wakes.waker()).is_pending());
    assert!(!wait.as_mut().enable());
    notify.notify_one();
    assert_eq!(wakes.count(), 1);
    assert!(poll_once(wait).is_ready());
}

#[test]
fn an_owned_wait_keeps_it_alive() {
    let notify = Arc::new(Notify::new());
    let mut wait = Hand::pending(notify.clone().notified_owned());
    let weak = Arc::downgrade(&notify);
    notify.notify_waiters();
    drop(notify);
    assert!(wait.poll().is_ready());
    assert!(weak.upgrade().is_some());
    drop(wait);
    assert!(weak.upgrade().is_none());
}

#[test]
#[should_panic = "polled again after it had ended"]
fn a_wait_that_has_ended_cannot_be_polled() {
    let notify = Notify::new();
    notify.notify_one();
    let mut wait = Hand::new(notify.notified());
    assert!(wait.poll().is_ready());
    let _ = wait.poll();
}

#[test]
fn debug_says_what_there_is() {
    let notify = Notify::new();
    notify.notify_one();
    assert_eq!(
        format!("{notify:?}"),
        "Notify { has_permit: true, has_waiters: false, .. }"
    );
    assert!(has_permit(&notify));
    let wait = Hand::pending(notify.notified());
    assert_eq!(
        format!("{notify:?}"),
        "Notify { has_permit: false, has_waiters: true, .. }"
    );
    drop(wait);
    assert_eq!(
        format!("{notify:?}"),
        "Notify { has_permit: false, has_waiters: false, .. }"
    );
}

/// Each step waits for the other side's: a lost notification hangs.
#[test]
fn no_notification_of_one_is_lost() {
    const ROUNDS: usize = 20_000;
    let (ping, pong) = (Notify::new(), Notify::new());
    thread::scope(|threads| {
        threads.spawn(|| {
            for _ in 0..ROUNDS {
                ping.notify_one();
                pong.notified_blocking();
            }
        });
        for _ in 0..ROUNDS {
            ping.notified_blocking();
            pong.notify_one();
        }
    });
    assert!(!has_permit(&ping) && !has_permit(&pong));
}

/// Waiters look at a number that another thread raises, with a notification of all for each step; some give up in between.
#[test]
fn no_notification_of_all_is_lost() {
    const ROUNDS: usize = 5_000;
    let (step, changed) = (AtomicUsize::new(0), Notify::new());
    let (seen, answered) = (AtomicUsize::new(0), Notify::new());
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                for round in 1..=ROUNDS {
                    block_on(async {
                        loop {
                            let change = changed.notified();
                            let _ = poll_once(pin!(changed.notified()));
                            if step.load(Ordering::Relaxed) >= round {
                                break;
                            }
                            change.await;
                        }
                    });
                    seen.fetch_add(1, Ordering::Relaxed);
                    answered.notify_one();
                }
            });
        }
        for round in 1..=ROUNDS {
            step.store(round, Ordering::Relaxed);
            changed.notify_waiters();
            while seen.load(Ordering::Relaxed) < 3 * round {
                answered.notified_blocking();
            }
        }
    });
    assert_eq!(seen.load(Ordering::Relaxed), 3 * ROUNDS);
}
