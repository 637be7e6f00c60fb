//! The acceptance grid of the mutex: setters × waiters around a counter that nothing else guards (requirement 26).
//!
//! The setters are plain threads, the waiters tasks on a pool of two threads that stand in line before the setters begin.

mod support;

use std::cell::UnsafeCell;
use std::sync::{Arc, Barrier};
use std::thread;

use sync_prims::Mutex;

use support::Hand;
use support::pool::{Pool, give_way};

const ROUNDS: usize = 10;

/// A counter that counts wrong if two count at the same time.
#[derive(Default)]
struct Unguarded(UnsafeCell<usize>);

// SAFETY: every access is made with a mutex locked; that is what the tests are about.
unsafe impl Sync for Unguarded {}

impl Unguarded {
    fn get(&self) -> usize {
        // SAFETY: the caller has locked the mutex.
        unsafe { self.0.get().read_volatile() }
    }

    fn set(&self, count: usize) {
        // SAFETY: the caller has locked the mutex.
        unsafe { self.0.get().write_volatile(count) }
    }
}

/// Counts, and lets others run in between.
async fn count(mutex: &Mutex<()>, counter: &Unguarded) {
    let _guard = mutex.lock().await;
    let before = counter.get();
    give_way().await;
    counter.set(before + 1);
}

fn count_blocking(mutex: &Mutex<()>, counter: &Unguarded) {
    let _guard = mutex.lock_blocking();
    let before = counter.get();
    thread::yield_now();
    counter.set(before + 1);
}

fn grid(mutex: impl Fn() -> Mutex<()>) {
    for setters in [1, 100] {
        for waiters in [1, 100, 10_000] {
            round(&mutex(), setters, waiters);
        }
    }
}

fn round(mutex: &Mutex<()>, setters: usize, waiters: usize) {
    let counter = &Unguarded::default();
    let held = mutex.try_lock().unwrap();
    let mut pool = Pool::default();
    for _ in 0..waiters {
        let mut waiter = Hand::pending(count(mutex, counter));
        pool.spawn(async move { std::future::poll_fn(|cx| waiter.poll_with(cx.waker())).await });
    }
    thread::scope(|scope| {
        let begin = Arc::new(Barrier::new(setters + 1));
        for _ in 0..setters {
            let begin = begin.clone();
            scope.spawn(move || {
                begin.wait();
                for _ in 0..ROUNDS {
                    count_blocking(mutex, counter);
                }
            });
        }
        scope.spawn(|| pool.run(2));
        begin.wait();
        drop(held);
    });
    assert!(!mutex.is_locked());
    assert_eq!(counter.get(), setters * ROUNDS + waiters);
}

#[test]
fn setters_and_waiters_around_a_counter() {
    grid(|| Mutex::new(()));
}

#[test]
fn setters_and_waiters_around_a_counter_barging() {
    grid(|| Mutex::barging(()));
}

#[test]
fn waiters_that_give_up_now_and_then() {
    for mutex in [Mutex::new(()), Mutex::barging(())] {
        let (mutex, counter) = (&mutex, &Unguarded::default());
        let mut pool = Pool::default();
        for waiter in 0..100 {
            pool.spawn(async move {
                for round in 0..100 {
                    if (waiter + round) % 3 == 0 {
                        // Dropped in line, or with the lock handed to it, or with the lock.
                        let mut lock = Hand::new(mutex.lock());
                        drop(lock.poll());
                        give_way().await;
                    } else {
                        count(mutex, counter).await;
                    }
                }
            });
        }
        pool.run(3);
        let kept = (0..100 * 100)
            .filter(|index| (index / 100 + index % 100) % 3 != 0)
            .count();
        assert!(!mutex.is_locked());
        assert_eq!(counter.get(), kept);
    }
}
