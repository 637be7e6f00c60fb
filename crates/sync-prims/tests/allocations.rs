//! Allocations, counted: waits on plain threads, many waits at once, and what does not wait, need none.
//!
//! One wait and wake of each primitive, polled by hand, is counted in the suite under `conformance`.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use support::allocator::{Counting, allocations};
use support::{Wakes, Watchdog, poll_with};
use sync_prims::blocking::{block_on, block_on_timeout};
use sync_prims::{AtomicWaker, CondVar, Event, Latch, Mutex, ResetEvent, Semaphore, WaitQueue};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `wait` on a thread of its own and `end` after it has begun to wait; neither may allocate.
///
/// `is_waited_for` says that it has; where nothing can be asked, it says so at once, and the wait may be over at its first
/// look.
fn blocking(wait: impl FnOnce() + Send, is_waited_for: impl Fn() -> bool, end: impl FnOnce()) {
    let _watchdog = Watchdog::new("a blocking wait");
    let (begins, begun) = mpsc::channel();
    thread::scope(|threads| {
        let waiter = threads.spawn(move || {
            // What the thread needs for parking at all is its own.
            block_on_timeout(std::future::pending::<()>(), Duration::ZERO);
            begins.send(()).unwrap();
            allocations(wait)
        });
        begun.recv().unwrap();
        while !is_waited_for() {
            thread::yield_now();
        }
        assert_eq!(allocations(end), 0, "of the one who wakes");
        assert_eq!(waiter.join().unwrap(), 0, "of the one who waits");
    });
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(Box::new(7))), 1);
    assert_eq!(allocations(|| drop(vec![7; 7])), 1);
}

#[test]
fn threads_that_wait_for_what_is_set() {
    let event = Event::new();
    blocking(|| event.wait_blocking(), || true, || _ = event.set());
    let value = Event::new();
    blocking(
        || assert_eq!(*value.wait_value_blocking(), 7),
        || true,
        || value.set_value(7).unwrap(),
    );
    for reset in [ResetEvent::manual(), ResetEvent::automatic()] {
        blocking(|| reset.wait_blocking(), || true, || _ = reset.set());
    }
    let latch = Latch::new(2);
    blocking(
        || latch.arrive_and_wait_blocking(),
        || latch.remaining() == 1,
        || _ = latch.count_down(),
    );
    let queue = WaitQueue::new();
    blocking(
        || block_on(queue.wait()),
        || !queue.is_empty(),
        || queue.notify_all(),
    );
}

#[test]
fn threads_that_wait_for_a_lock_or_a_permit() {
    for mutex in [Mutex::new(()), Mutex::barging(())] {
        let held = mutex.try_lock().unwrap();
        blocking(|| drop(mutex.lock_blocking()), || true, || drop(held));
    }
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.try_lock_owned().unwrap();
    blocking(|| drop(mutex.lock_owned_blocking()), || true, || drop(held));

    let semaphore = Semaphore::new(1);
    blocking(
        || semaphore.acquire_many_blocking(3).unwrap().forget(),
        || true,
        || semaphore.add_permits(2),
    );

    let (mutex, condvar) = (Mutex::new(false), CondVar::new());
    let wait = || {
        let guard = mutex.lock_blocking();
        drop(condvar.wait_while_blocking(guard, |done| !*done));
    };
    blocking(
        wait,
        || true,
        || {
            *mutex.lock_blocking() = true;
            condvar.notify_one();
        },
    );
}

#[test]
fn what_does_not_wait() {
    let (mutex, semaphore, event) = (Mutex::new(()), Semaphore::new(1), Event::new());
    let (latch, reset) = (Latch::new(1), ResetEvent::automatic());
    let (queue, condvar) = (WaitQueue::new(), CondVar::new());
    let count = allocations(|| {
        for _ in 0..100 {
            drop(mutex.try_lock());
            drop(block_on(mutex.lock()));
            drop(semaphore.try_acquire());
            drop(block_on(semaphore.acquire()));
            event.set();
            event.wait_blocking();
            latch.count_down();
            latch.wait_blocking();
            reset.set();
            reset.wait_blocking();
            queue.notify_one();
            condvar.notify_all();
        }
    });
    assert_eq!(count, 0);
}

/// Ten thousand waits of one primitive at once: nothing grows with their number, neither when they come nor when all are
/// woken nor when they leave.
#[test]
fn many_waits_at_once() {
    const WAITS: usize = 10_000;
    let (event, queue) = (Event::new(), WaitQueue::new());
    let wakes = Wakes::new();
    let waker = wakes.waker();
    // Room for the futures is the caller's.
    let mut of_event: Vec<_> = (0..WAITS).map(|_| event.wait()).collect();
    let mut of_queue: Vec<_> = (0..WAITS).map(|_| queue.wait()).collect();
    let count = allocations(|| {
        for wait in &mut of_event {
            // SAFETY: the vector is not moved or grown until it is dropped, after the last poll.
            assert!(poll_with(unsafe { Pin::new_unchecked(wait) }, &waker).is_pending());
        }
        for wait in &mut of_queue {
            // SAFETY: as above.
            assert!(poll_with(unsafe { Pin::new_unchecked(wait) }, &waker).is_pending());
        }
        event.set();
        for _ in 0..WAITS / 2 {
            queue.notify_one();
        }
        of_event.clear();
        of_queue.clear();
    });
    assert_eq!(count, 0);
    // Those that were notified and dropped passed it on, until nobody was left.
    assert_eq!(wakes.count(), 2 * WAITS);
    assert!(queue.is_empty());
}

/// Registering one's waker, over and over, and waking it.
#[test]
fn an_atomic_waker() {
    let (atomic, woken) = (AtomicWaker::new(), AtomicBool::new(false));
    let wakes = [Wakes::new(), Wakes::new()];
    let wakers = wakes.each_ref().map(Wakes::waker);
    let count = allocations(|| {
        for round in 0..1_000 {
            atomic.register(&wakers[round % 2]);
            atomic.register(&wakers[round / 2 % 2]);
            woken.store(atomic.wake(), Ordering::Relaxed);
        }
    });
    assert_eq!(count, 0);
    assert!(woken.into_inner());
    assert_eq!(wakes[0].count() + wakes[1].count(), 1_000);
}
