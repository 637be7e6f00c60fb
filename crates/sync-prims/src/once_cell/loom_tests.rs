//! Models of the races that [`once_cell`](super) names.

use core::future::{pending, ready};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{OnceCell, SetError};
use crate::testing::poll_once;

#[test]
fn loom_two_begin() {
    loom::model(|| {
        let shared = Arc::new((OnceCell::new(), AtomicUsize::new(0)));
        let get = |shared: &(OnceCell<Box<usize>>, AtomicUsize), value| {
            let init = || {
                shared.1.fetch_add(1, Ordering::Relaxed);
                ready(Box::new(value))
            };
            **block_on(shared.0.get_or_init(init))
        };
        let other = {
            let shared = shared.clone();
            thread::spawn(move || get(&shared, 1))
        };
        let here = get(&shared, 2);
        assert_eq!(here, other.join().unwrap());
        assert_eq!(shared.1.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_a_turn_that_fails_and_two_waiters() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let fails = {
            let cell = cell.clone();
            thread::spawn(move || block_on(cell.get_or_try_init(|| ready(Err(())))).copied())
        };
        let other = {
            let cell = cell.clone();
            thread::spawn(move || *block_on(cell.get_or_init(|| ready(1))))
        };
        let here = *block_on(cell.get_or_init(|| ready(2)));
        assert_eq!(here, other.join().unwrap());
        assert!(matches!(fails.join().unwrap(), Err(()) | Ok(1 | 2)));
    });
}

#[test]
fn loom_a_turn_that_is_dropped_and_a_waiter() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let dropped = {
            let cell = cell.clone();
            thread::spawn(move || {
                let mut get = Box::pin(cell.get_or_init(pending));
                let _ = poll_once(get.as_mut());
            })
        };
        assert_eq!(*block_on(cell.get_or_init(|| ready(2))), 2);
        dropped.join().unwrap();
    });
}

/// Somebody has the turn; one waits and gives up; one stays if `stays`. The turn's end is `end`.
fn turn_and_a_cancelled_waiter(
    stays: bool,
    end: fn(core::pin::Pin<Box<dyn Future<Output = ()> + '_>>),
) {
    loom::model(move || {
        let cell = Arc::new(OnceCell::new());
        let go = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let mut turn = Box::pin(async {
            let made = core::future::poll_fn(|_| {
                if go.load(Ordering::Relaxed) {
                    core::task::Poll::Ready(1)
                } else {
                    core::task::Poll::Pending
                }
            });
            cell.get_or_init(|| made).await;
        });
        assert!(poll_once(turn.as_mut()).is_pending());
        go.store(true, Ordering::Relaxed);
        let gives_up = {
            let cell = cell.clone();
            thread::spawn(move || {
                let mut get = Box::pin(cell.get_or_init(|| ready(2)));
                let _ = poll_once(get.as_mut());
            })
        };
        let waiter = stays.then(|| {
            let cell = cell.clone();
            thread::spawn(move || *block_on(cell.get_or_init(|| ready(3))))
        });
        end(turn);
        gives_up.join().unwrap();
        let seen = waiter.map(|waiter| waiter.join().unwrap());
        let value = *block_on(cell.get_or_init(|| ready(4)));
        assert!(seen.is_none_or(|seen| seen == value));
    });
}

#[test]
fn loom_a_turn_that_is_dropped_and_a_cancelled_waiter() {
    for stays in [false, true] {
        turn_and_a_cancelled_waiter(stays, |turn| drop(turn));
    }
}

#[test]
fn loom_a_turn_that_succeeds_and_a_cancelled_waiter() {
    for stays in [false, true] {
        turn_and_a_cancelled_waiter(stays, |mut turn| {
            assert!(poll_once(turn.as_mut()).is_ready());
        });
    }
}

#[test]
fn loom_set_and_a_turn() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let setter = {
            let cell = cell.clone();
            thread::spawn(move || cell.set(1))
        };
        let value = *block_on(cell.get_or_init(|| ready(2)));
        match setter.join().unwrap() {
            Ok(()) => assert_eq!(value, 1),
            Err(SetError::Set(1) | SetError::Busy(1)) => assert_eq!(value, 2),
            Err(_) => unreachable!(),
        }
    });
}

#[test]
fn loom_two_sets_and_get() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let setter = {
            let cell = cell.clone();
            thread::spawn(move || cell.set(Box::new(1)).is_ok())
        };
        let reader = {
            let cell = cell.clone();
            // Loom's cell sees a read that is not ordered after the write.
            thread::spawn(move || cell.get().map(|value| **value))
        };
        let here = cell.set(Box::new(2)).is_ok();
        let there = setter.join().unwrap();
        assert!(here != there);
        let value = **cell.get().unwrap();
        assert_eq!(value, if here { 2 } else { 1 });
        assert!(reader.join().unwrap().is_none_or(|seen| seen == value));
    });
}

#[test]
fn loom_what_a_failed_turn_wrote_is_seen_by_the_next() {
    loom::model(|| {
        let shared = Arc::new((OnceCell::new(), loom::cell::UnsafeCell::new(0)));
        let count_up = |shared: &(OnceCell<()>, loom::cell::UnsafeCell<usize>)| {
            // SAFETY: those who have the turn have it one after the other.
            shared.1.with_mut(|count| unsafe { *count += 1 });
        };
        let fails = {
            let shared = shared.clone();
            thread::spawn(move || {
                let init = || {
                    count_up(&shared);
                    ready(Err(()))
                };
                let _ = block_on(shared.0.get_or_try_init(init));
            })
        };
        let init = || {
            count_up(&shared);
            ready(())
        };
        block_on(shared.0.get_or_init(init));
        fails.join().unwrap();
    });
}
