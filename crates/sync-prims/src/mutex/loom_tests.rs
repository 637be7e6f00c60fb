//! Models of the races that [`raw`](super::raw) names.
//!
//! The value is one of loom's cells, which notices two that touch it without an order between them.

use alloc::sync::Arc;
use core::pin::Pin;

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use super::{LockOwned, Mutex, OwnedMutexGuard};
use crate::testing::poll_once;

type Counter = UnsafeCell<usize>;

fn fifo() -> Arc<Mutex<Counter>> {
    Arc::new(Mutex::new(Counter::new(0)))
}

fn barging() -> Arc<Mutex<Counter>> {
    Arc::new(Mutex::barging(Counter::new(0)))
}

fn add_one(guard: &OwnedMutexGuard<Counter>) {
    // SAFETY: the mutex is locked; loom checks that nobody else touches it.
    guard.with_mut(|count| unsafe { *count += 1 });
}

/// Nobody has the lock and nobody is thought to wait; what the counter says.
fn left(mutex: &Arc<Mutex<Counter>>) -> usize {
    mutex.raw.assert_free();
    let guard = mutex.try_lock_owned().expect("the mutex is free");
    // SAFETY: the mutex is locked.
    guard.with(|count| unsafe { *count })
}

/// A wait that stands in line.
fn in_line(mutex: &Arc<Mutex<Counter>>) -> Pin<Box<LockOwned<Counter>>> {
    let mut lock = Box::pin(mutex.lock_owned());
    assert!(poll_once(lock.as_mut()).is_pending());
    lock
}

/// Locks on a thread, waiting if it must.
fn locker(mutex: &Arc<Mutex<Counter>>) -> JoinHandle<()> {
    let mutex = mutex.clone();
    thread::spawn(move || add_one(&block_on(mutex.lock_owned())))
}

/// On a thread: locks if that can be done at once; how often that was.
fn trier(mutex: &Arc<Mutex<Counter>>) -> JoinHandle<usize> {
    let mutex = mutex.clone();
    thread::spawn(move || {
        mutex.try_lock_owned().map_or(0, |guard| {
            add_one(&guard);
            1
        })
    })
}

/// On a thread: ends a wait that stands in line.
fn canceller(lock: Pin<Box<LockOwned<Counter>>>) -> JoinHandle<()> {
    thread::spawn(move || drop(lock))
}

/// On a thread: ends a wait at the first await.
fn fickle(mutex: &Arc<Mutex<Counter>>) -> JoinHandle<usize> {
    let mutex = mutex.clone();
    thread::spawn(move || {
        let mut lock = Box::pin(mutex.lock_owned());
        let locked = poll_once(lock.as_mut()).map(|guard| add_one(&guard));
        locked.is_ready().into()
    })
}

fn register_and_unlock(mutex: Arc<Mutex<Counter>>) {
    let lockers = [locker(&mutex), locker(&mutex)];
    for locker in lockers {
        locker.join().unwrap();
    }
    assert_eq!(left(&mutex), 2);
}

#[test]
fn loom_register_and_unlock() {
    loom::model(|| register_and_unlock(fifo()));
}

#[test]
fn loom_register_and_unlock_barging() {
    loom::model(|| register_and_unlock(barging()));
}

#[test]
fn loom_try_and_hand_off() {
    loom::model(|| {
        let mutex = fifo();
        let held = mutex.try_lock_owned().unwrap();
        add_one(&held);
        let next = in_line(&mutex);
        let intruder = {
            let mutex = mutex.clone();
            thread::spawn(move || assert!(mutex.try_lock_owned().is_none()))
        };
        drop(held);
        let guard = block_on(next);
        add_one(&guard);
        intruder.join().unwrap();
        drop(guard);
        assert_eq!(left(&mutex), 2);
    });
}

#[test]
fn loom_try_and_unlock() {
    loom::model(|| {
        let mutex = fifo();
        let tries = [trier(&mutex), trier(&mutex)];
        let locked: usize = tries.map(|one| one.join().unwrap()).iter().sum();
        assert!(locked > 0);
        assert_eq!(left(&mutex), locked);
    });
}

fn told_and_cancel(mutex: Arc<Mutex<Counter>>) {
    let held = mutex.try_lock_owned().unwrap();
    add_one(&held);
    let canceller = canceller(in_line(&mutex));
    let next = in_line(&mutex);
    let next = thread::spawn(move || add_one(&block_on(next)));
    drop(held);
    canceller.join().unwrap();
    next.join().unwrap();
    assert_eq!(left(&mutex), 2);
}

#[test]
fn loom_hand_off_and_cancel() {
    loom::model(|| told_and_cancel(fifo()));
}

#[test]
fn loom_barging_and_cancel() {
    loom::model(|| told_and_cancel(barging()));
}

fn cancel_and_cancel(mutex: Arc<Mutex<Counter>>) {
    let held = mutex.try_lock_owned().unwrap();
    let cancellers = [canceller(in_line(&mutex)), canceller(in_line(&mutex))];
    drop(held);
    for canceller in cancellers {
        canceller.join().unwrap();
    }
    assert_eq!(left(&mutex), 0);
}

#[test]
fn loom_cancel_and_cancel() {
    loom::model(|| cancel_and_cancel(fifo()));
}

#[test]
fn loom_cancel_and_cancel_barging() {
    loom::model(|| cancel_and_cancel(barging()));
}

fn unlock_and_cancel(mutex: Arc<Mutex<Counter>>) {
    let held = mutex.try_lock_owned().unwrap();
    // It may leave when the unlocker has seen that somebody waits, and has not looked who.
    let canceller = canceller(in_line(&mutex));
    let trier = trier(&mutex);
    // Those threads do not know of this yet.
    add_one(&held);
    drop(held);
    canceller.join().unwrap();
    let locked = trier.join().unwrap();
    assert_eq!(left(&mutex), 1 + locked);
}

#[test]
fn loom_unlock_and_cancel() {
    loom::model(|| unlock_and_cancel(fifo()));
}

#[test]
fn loom_unlock_and_cancel_barging() {
    loom::model(|| unlock_and_cancel(barging()));
}

fn register_and_cancel(mutex: Arc<Mutex<Counter>>) {
    let fickle = fickle(&mutex);
    let locker = locker(&mutex);
    let locked = fickle.join().unwrap();
    locker.join().unwrap();
    assert_eq!(left(&mutex), 1 + locked);
}

#[test]
fn loom_register_and_cancel() {
    loom::model(|| register_and_cancel(fifo()));
}

#[test]
fn loom_register_and_cancel_barging() {
    loom::model(|| register_and_cancel(barging()));
}

#[test]
fn loom_the_new_owner_is_faster_than_the_old() {
    loom::model(|| {
        let mutex = fifo();
        let held = mutex.try_lock_owned().unwrap();
        add_one(&held);
        let next = in_line(&mutex);
        // It was polled with another waker, so this first poll may come at any moment of the hand-off.
        let next = thread::spawn(move || add_one(&block_on(next)));
        drop(held);
        next.join().unwrap();
        assert_eq!(left(&mutex), 2);
    });
}

#[test]
fn loom_the_woken_and_a_barger() {
    loom::model(|| {
        let mutex = barging();
        let held = mutex.try_lock_owned().unwrap();
        add_one(&held);
        let next = in_line(&mutex);
        let barger = {
            let mutex = mutex.clone();
            thread::spawn(move || {
                // Under loom a waiter loses once at most, so the second try meets a hand-off.
                (0..2)
                    .filter_map(|_| mutex.try_lock_owned())
                    .map(|guard| add_one(&guard))
                    .count()
            })
        };
        drop(held);
        add_one(&block_on(next));
        let barged = barger.join().unwrap();
        assert_eq!(left(&mutex), 2 + barged);
    });
}

#[test]
fn loom_the_woken_loses_and_another_waits() {
    loom::model(|| {
        let mutex = barging();
        let held = mutex.try_lock_owned().unwrap();
        add_one(&held);
        let first = in_line(&mutex);
        let second = in_line(&mutex);
        drop(held);
        // The first was woken; it competes with the thread, and the second must not be forgotten.
        let barger = locker(&mutex);
        let second = thread::spawn(move || add_one(&block_on(second)));
        add_one(&block_on(first));
        barger.join().unwrap();
        second.join().unwrap();
        assert_eq!(left(&mutex), 4);
    });
}

#[test]
fn loom_the_woken_is_dropped_while_a_barger_comes_and_goes() {
    loom::model(|| {
        let mutex = barging();
        let held = mutex.try_lock_owned().unwrap();
        let first = in_line(&mutex);
        let second = in_line(&mutex);
        drop(held);
        let barger = {
            let mutex = mutex.clone();
            thread::spawn(move || drop(mutex.try_lock_owned()))
        };
        let canceller = canceller(first);
        add_one(&block_on(second));
        barger.join().unwrap();
        canceller.join().unwrap();
        assert_eq!(left(&mutex), 1);
    });
}
