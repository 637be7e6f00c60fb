//! The acceptance grid of the mutex: setters × waiters around a counter that nothing else guards (requirement 26).
//!
//! The setters are plain threads, the waiters tasks on a pool of two threads; all waiters wait before the setters begin.

mod support;

use std::cell::UnsafeCell;
use std::future::poll_fn;
use std::sync::Barrier;
use std::thread;

use sync_prims::{Event, Latch, Mutex, WaitGroup};

use support::grid::GRID;
use support::pool::{Pool, give_way};
use support::{Hand, Watchdog};

const ROUNDS: usize = 10;

/// A counter that counts wrong if two count at the same time.
#[derive(Default)]
struct Unguarded(UnsafeCell<usize>);

// SAFETY: every access is made with a mutex locked; that is what the tests are about.
unsafe impl Sync for Unguarded {}

impl Unguarded {
    fn get(&self) -> usize {
        // SAFETY: the caller has locked the mutex, or nobody is left who will.
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

/// All shapes, with both kinds of mutex.
fn each(round: impl Fn(&Mutex<()>, usize, usize)) {
    for (setters, waiters) in GRID {
        for mutex in [Mutex::new(()), Mutex::barging(())] {
            round(&mutex, setters, waiters);
            assert!(!mutex.is_locked());
        }
    }
}

#[test]
fn setters_and_waiters_around_a_counter() {
    let _watchdog = Watchdog::new("setters_and_waiters_around_a_counter");
    each(|mutex, setters, waiters| {
        let counter = &Unguarded::default();
        let held = mutex.try_lock().unwrap();
        let mut pool = Pool::default();
        for _ in 0..waiters {
            let mut waiter = Hand::pending(count(mutex, counter));
            pool.spawn(poll_fn(move |cx| waiter.poll_with(cx.waker())));
        }
        let begin = &Barrier::new(setters + 1);
        thread::scope(|scope| {
            for _ in 0..setters {
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
        assert_eq!(counter.get(), setters * ROUNDS + waiters);
    });
}

/// The same, begun by an event, and waited for by a latch and a wait group, each of which is enough to read the counter.
#[test]
fn together_with_event_latch_and_wait_group() {
    let _watchdog = Watchdog::new("together_with_event_latch_and_wait_group");
    each(|mutex, setters, waiters| {
        let counter = &Unguarded::default();
        let (begin, done) = (&Event::new(), &Latch::new(setters + waiters));
        let group = &WaitGroup::new();
        group.add(setters + waiters);
        let mut pool = Pool::default();
        for _ in 0..waiters {
            let mut waiter = Hand::pending(async {
                begin.wait().await;
                count(mutex, counter).await;
                done.count_down();
                group.done();
            });
            pool.spawn(poll_fn(move |cx| waiter.poll_with(cx.waker())));
        }
        thread::scope(|scope| {
            for _ in 0..setters {
                scope.spawn(|| {
                    begin.wait_blocking();
                    count_blocking(mutex, counter);
                    done.count_down();
                    group.done();
                });
            }
            scope.spawn(|| pool.run(2));
            begin.set();
            done.wait_blocking();
            assert_eq!(counter.get(), setters + waiters);
            group.wait_blocking();
        });
    });
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
