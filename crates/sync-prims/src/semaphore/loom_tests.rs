//! Models of the races that [`semaphore`](super) names.

use alloc::boxed::Box;

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::{AcquireError, Semaphore};
use crate::testing::poll_once;

#[test]
fn loom_one_permit_excludes() {
    loom::model(|| {
        let shared = Arc::new((Semaphore::new(1), UnsafeCell::new(0)));
        let count = |shared: &(Semaphore, UnsafeCell<usize>)| {
            let _permit = block_on(shared.0.acquire()).unwrap();
            // SAFETY: there is one permit. Loom checks it.
            shared.1.with_mut(|value| unsafe { *value += 1 });
        };
        let other = {
            let shared = shared.clone();
            thread::spawn(move || count(&shared))
        };
        count(&shared);
        other.join().unwrap();
        assert_eq!(shared.0.available_permits(), 1);
        // SAFETY: the other thread has ended.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 2);
    });
}

#[test]
fn loom_three_acquire_and_release() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let others: [_; 2] = core::array::from_fn(|_| {
            let semaphore = semaphore.clone();
            thread::spawn(move || drop(block_on(semaphore.acquire()).unwrap()))
        });
        drop(block_on(semaphore.acquire()).unwrap());
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn loom_acquire_and_close() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let closer = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.close())
        };
        let releaser = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1))
        };
        let permits = match block_on(semaphore.acquire()) {
            Ok(permit) => {
                permit.forget();
                0
            }
            Err(AcquireError) => 1,
        };
        closer.join().unwrap();
        releaser.join().unwrap();
        assert_eq!(semaphore.available_permits(), permits);
        assert!(semaphore.is_closed());
    });
}

#[test]
fn loom_acquire_many_and_two_releases() {
    loom::model(|| {
        let shared = Arc::new((Semaphore::new(0), [UnsafeCell::new(0), UnsafeCell::new(0)]));
        let releasers: [_; 2] = core::array::from_fn(|i| {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the other side looks when it has both permits.
                shared.1[i].with_mut(|value| unsafe { *value = 1 });
                shared.0.add_permits(1);
            })
        });
        block_on(shared.0.acquire_many(2)).unwrap().forget();
        for value in &shared.1 {
            // SAFETY: both have released, and wrote before. Loom checks it.
            assert_eq!(value.with(|value| unsafe { *value }), 1);
        }
        for releaser in releasers {
            releaser.join().unwrap();
        }
        assert_eq!(shared.0.available_permits(), 0);
    });
}

/// A wait that is polled once and dropped; whether it got what it asked for (and gave it back).
fn try_for(semaphore: &Semaphore, permits: usize) -> bool {
    let mut acquire = Box::pin(semaphore.acquire_many(permits));
    poll_once(acquire.as_mut()).is_ready()
}

#[test]
fn loom_cancel_and_grant_of_one() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let canceller = {
            let semaphore = semaphore.clone();
            thread::spawn(move || try_for(&semaphore, 1))
        };
        let releaser = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1))
        };
        block_on(semaphore.acquire()).unwrap().forget();
        canceller.join().unwrap();
        releaser.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
        assert!(semaphore.try_acquire_many(0).is_ok());
    });
}

#[test]
fn loom_cancel_and_grant_of_many() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let canceller = {
            let semaphore = semaphore.clone();
            thread::spawn(move || try_for(&semaphore, 2))
        };
        let releaser = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1))
        };
        block_on(semaphore.acquire_many(2)).unwrap().forget();
        canceller.join().unwrap();
        releaser.join().unwrap();
        // Nobody stands in line any more, or this would be refused.
        semaphore.add_permits(1);
        assert!(semaphore.try_acquire().is_ok());
    });
}

/// Whoever gets the permit sees what was written before it was given, also if somebody stood in line meanwhile, for so
/// many; and comes after that one has left, or at any time.
fn canceller_between(wanted: usize, comes_after: bool) {
    loom::model(move || {
        let shared = Arc::new((Semaphore::new(0), UnsafeCell::new(0)));
        let canceller = {
            let shared = shared.clone();
            thread::spawn(move || {
                try_for(&shared.0, wanted);
            })
        };
        let releaser = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the other side looks when it has the permit.
                shared.1.with_mut(|value| unsafe { *value = 1 });
                shared.0.add_permits(1);
            })
        };
        let canceller = if comes_after {
            canceller.join().unwrap();
            None
        } else {
            Some(canceller)
        };
        block_on(shared.0.acquire()).unwrap().forget();
        // SAFETY: the permit was given after the write. Loom checks it.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 1);
        if let Some(canceller) = canceller {
            canceller.join().unwrap();
        }
        releaser.join().unwrap();
    });
}

#[test]
fn loom_release_and_the_last_in_line_leaves() {
    canceller_between(1, true);
}

#[test]
fn loom_release_and_the_first_in_line_leaves() {
    canceller_between(3, false);
}

#[test]
fn loom_a_dropped_first_lets_the_next_in() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let canceller = {
            let semaphore = semaphore.clone();
            // Never granted. Whoever comes behind it waits, until it is dropped.
            thread::spawn(move || assert!(!try_for(&semaphore, 2)))
        };
        block_on(semaphore.acquire()).unwrap().forget();
        canceller.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
    });
}

#[test]
fn loom_cancel_and_cancel() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let cancellers: [_; 2] = core::array::from_fn(|_| {
            let semaphore = semaphore.clone();
            thread::spawn(move || assert!(!try_for(&semaphore, 1)))
        });
        for canceller in cancellers {
            canceller.join().unwrap();
        }
        semaphore.add_permits(1);
        assert!(semaphore.try_acquire().is_ok());
    });
}

#[test]
fn loom_add_and_forget() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let adder = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1))
        };
        let canceller = {
            let semaphore = semaphore.clone();
            thread::spawn(move || try_for(&semaphore, 3))
        };
        let forgotten = semaphore.forget_permits(2);
        adder.join().unwrap();
        assert!(!canceller.join().unwrap());
        assert!(forgotten >= 1);
        assert_eq!(semaphore.available_permits(), 2 - forgotten);
    });
}
