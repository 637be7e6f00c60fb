//! `WaitQueue`: what it says about itself, and what is built on it.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::{Hand, Watchdog, poll_once};
use sync_prims::WaitQueue;
use sync_prims::blocking::block_on;
use sync_prims::wait_queue::Wait;

assert_impl_all!(WaitQueue: Send, Sync, Unpin, Default, std::fmt::Debug);
assert_impl_all!(Wait<'static>: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(Wait<'static>: Unpin);

#[test]
fn it_is_empty_when_the_last_one_left_however_it_left() {
    let queue = WaitQueue::new();
    assert!(queue.is_empty());
    let leave: [fn(&WaitQueue); 3] = [
        |queue| assert!(queue.notify_one()),
        |queue| assert_eq!(queue.notify(2), 1),
        WaitQueue::notify_all,
    ];
    for leave in leave {
        let mut wait = Hand::pending(queue.wait());
        assert!(!queue.is_empty());
        leave(&queue);
        assert!(queue.is_empty());
        assert!(!queue.notify_one());
        assert!(wait.poll().is_ready());
    }
    let wait = Hand::pending(queue.wait());
    drop(wait);
    assert!(queue.is_empty());
}

#[test]
fn a_notification_that_finds_nobody_is_forgotten() {
    let queue = WaitQueue::new();
    assert!(!queue.notify_one());
    assert_eq!(queue.notify(3), 0);
    queue.notify_all();
    assert!(poll_once(pin!(queue.wait())).is_pending());
}

#[test]
fn as_many_as_asked_for_are_notified() {
    let queue = WaitQueue::new();
    let waits: Vec<_> = (0..5).map(|_| Hand::pending(queue.wait())).collect();
    assert_eq!(queue.notify(3), 3);
    let woken = |waits: &[Hand<Wait<'_>>]| waits.iter().map(Hand::wakes).collect::<Vec<_>>();
    assert_eq!(woken(&waits), [1, 1, 1, 0, 0]);
    assert_eq!(queue.notify(0), 0);
    assert_eq!(queue.notify(usize::MAX), 2);
    assert_eq!(woken(&waits), [1; 5]);
}

#[test]
fn a_wait_that_was_ready_waits_once_more() {
    let queue = WaitQueue::new();
    let mut wait = Hand::pending(queue.wait());
    for _ in 0..3 {
        queue.notify_one();
        assert!(wait.poll().is_ready());
        assert!(wait.poll().is_pending());
    }
}

#[test]
fn a_condition_that_holds_needs_no_notification() {
    let queue = WaitQueue::new();
    assert_eq!(block_on(queue.wait_until(|| Some(7))), 7);
    let looks = Cell::new(0);
    let wait = queue.wait_until(|| {
        looks.set(looks.get() + 1);
        (looks.get() == 2).then_some(())
    });
    // It holds at the second look, which comes when it stands in line.
    block_on(wait);
    assert!(queue.is_empty());
}

#[test]
fn a_condition_is_looked_at_once_for_each_notification() {
    let queue = WaitQueue::new();
    let (looks, holds) = (Cell::new(0), Cell::new(false));
    let mut wait = Hand::pending(queue.wait_until(|| {
        looks.set(looks.get() + 1);
        holds.get().then_some(())
    }));
    assert_eq!(looks.get(), 2);
    assert!(wait.poll().is_pending());
    assert_eq!(looks.get(), 2);
    queue.notify_one();
    assert!(wait.poll().is_pending());
    assert!(!queue.is_empty());
    holds.set(true);
    queue.notify_all();
    assert!(wait.poll().is_ready());
}

#[test]
fn a_wait_for_a_condition_that_is_dropped_passes_its_notification_on() {
    let queue = WaitQueue::new();
    let first = Hand::pending(queue.wait_until(|| None::<()>));
    let second = Hand::pending(queue.wait_until(|| None::<()>));
    queue.notify_one();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    drop(first);
    assert_eq!(second.wakes(), 1);
}

/// The example of its page, with many threads.
#[test]
fn tickets() {
    const THREADS: usize = 4;
    const EACH: usize = 2_000;
    let _watchdog = Watchdog::new("tickets");
    let (tickets, queue) = (AtomicUsize::new(0), WaitQueue::new());
    let take = || {
        tickets
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .ok()
    };
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| (0..EACH).for_each(|_| _ = block_on(queue.wait_until(take))));
            threads.spawn(|| {
                for _ in 0..EACH {
                    tickets.fetch_add(1, Ordering::SeqCst);
                    queue.notify_one();
                }
            });
        }
    });
    assert_eq!(tickets.into_inner(), 0);
    assert!(queue.is_empty());
}
