//! Models of the races that [`atomic_waker`](super) names.

use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::sync::Arc as Plain;
use std::sync::atomic::{AtomicUsize as PlainUsize, Ordering as PlainOrdering};
use std::task::Wake;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::AtomicWaker;

/// A condition, and the task that waits for it. The condition is relaxed: what orders it is the `AtomicWaker`.
#[derive(Default)]
struct Condition {
    reached: AtomicUsize,
    waker: AtomicWaker,
}

impl Condition {
    fn advance(&self) {
        self.reached.fetch_add(1, Ordering::Relaxed);
        self.waker.wake();
    }

    /// Waits until it has advanced so often.
    fn wait_for(&self, goal: usize) {
        block_on(poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.reached.load(Ordering::Relaxed) >= goal {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
    }
}

/// Counts its wakes; how many wakers of it are left is the count of the `Arc`. Not seen by loom, so it orders nothing.
#[derive(Default)]
struct Count(PlainUsize);

impl Count {
    fn new() -> (Plain<Count>, Waker) {
        let count = Plain::new(Count::default());
        let waker = Waker::from(count.clone());
        (count, waker)
    }

    fn wakes(&self) -> usize {
        self.0.load(PlainOrdering::Relaxed)
    }
}

impl Wake for Count {
    fn wake(self: Plain<Self>) {
        self.0.fetch_add(1, PlainOrdering::Relaxed);
    }
}

#[test]
fn loom_register_and_wake() {
    loom::model(|| {
        let condition = Arc::new(Condition::default());
        let waker = {
            let condition = condition.clone();
            thread::spawn(move || condition.advance())
        };
        condition.wait_for(1);
        waker.join().unwrap();
    });
}

#[test]
fn loom_register_and_two_wakes_of_one_thread() {
    loom::model(|| {
        let condition = Arc::new(Condition::default());
        let waker = {
            let condition = condition.clone();
            thread::spawn(move || {
                condition.advance();
                condition.advance();
            })
        };
        condition.wait_for(2);
        waker.join().unwrap();
    });
}

#[test]
fn loom_register_and_two_wakes() {
    loom::model(|| {
        let condition = Arc::new(Condition::default());
        let wakers: [_; 2] = core::array::from_fn(|_| {
            let condition = condition.clone();
            thread::spawn(move || condition.advance())
        });
        condition.wait_for(2);
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn loom_register_and_take() {
    loom::model(|| {
        let shared = Arc::new(AtomicWaker::new());
        let (count, waker) = Count::new();
        let taker = {
            let shared = shared.clone();
            thread::spawn(move || shared.take_waker())
        };
        shared.register(&waker);
        let left = shared.take_waker();
        let taken = taker.join().unwrap();
        assert_ne!(left.is_some(), taken.is_some());
        assert_eq!(count.wakes(), 0);
        drop((left, taken, waker));
        assert_eq!(Plain::strong_count(&count), 1);
    });
}

#[test]
fn loom_a_wake_that_finds_nobody_synchronises() {
    loom::model(|| {
        let shared = Arc::new((
            AtomicWaker::new(),
            AtomicUsize::new(0),
            loom::cell::UnsafeCell::new(0),
        ));
        let waker = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the other thread reads after it has seen that the wake came first.
                shared.2.with_mut(|value| unsafe { *value = 1 });
                let found = shared.0.wake();
                shared.1.store(1 + usize::from(found), Ordering::Relaxed);
            })
        };
        let (count, task) = Count::new();
        let found_nobody = shared.1.load(Ordering::Relaxed) == 1;
        shared.0.register(&task);
        if found_nobody {
            // SAFETY: the wake came before the registration, or it would have found the task; so its write is visible.
            assert_eq!(shared.2.with(|value| unsafe { *value }), 1);
        }
        assert_eq!(shared.0.take_waker().is_some(), count.wakes() == 0);
        waker.join().unwrap();
        drop(task);
        assert_eq!(Plain::strong_count(&count), 1);
    });
}

#[test]
fn loom_replace_and_wake() {
    loom::model(|| {
        let shared = Arc::new((AtomicWaker::new(), AtomicUsize::new(0)));
        let (old_count, old) = Count::new();
        let (new_count, new) = Count::new();
        shared.0.register(&old);
        let waker = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(1, Ordering::Relaxed);
                shared.0.wake();
            })
        };
        shared.0.register(&new);
        let seen = shared.1.load(Ordering::Relaxed) == 1;
        waker.join().unwrap();
        // The old waker may have been woken, or nobody if the wake came in between; the task knows in any case.
        assert!(seen || new_count.wakes() == 1);
        assert!(old_count.wakes() + new_count.wakes() <= 1);
        drop((shared, old, new));
        assert_eq!(Plain::strong_count(&old_count), 1);
        assert_eq!(Plain::strong_count(&new_count), 1);
    });
}

#[test]
fn loom_register_again_and_wake() {
    loom::model(|| {
        let shared = Arc::new((AtomicWaker::new(), AtomicUsize::new(0)));
        let (count, task) = Count::new();
        shared.0.register(&task);
        let waker = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(1, Ordering::Relaxed);
                shared.0.wake();
            })
        };
        shared.0.register(&task);
        let seen = shared.1.load(Ordering::Relaxed) == 1;
        waker.join().unwrap();
        // Woken after the second registration, or woken and registered anew.
        assert!(seen || count.wakes() == 1);
        drop((shared, task));
        assert_eq!(Plain::strong_count(&count), 1);
    });
}

#[test]
fn loom_two_registrations() {
    loom::model(|| {
        let shared = Arc::new(AtomicWaker::new());
        let (other_count, other) = Count::new();
        let (count, task) = Count::new();
        let registrar = {
            let shared = shared.clone();
            thread::spawn(move || shared.register(&other))
        };
        shared.register(&task);
        registrar.join().unwrap();
        // Both had a slot, so one of the two stays, and the other is forgotten.
        assert!(shared.wake());
        assert!(!shared.wake());
        assert_eq!(count.wakes() + other_count.wakes(), 1);
        drop((shared, task));
        assert_eq!(Plain::strong_count(&count), 1);
        assert_eq!(Plain::strong_count(&other_count), 1);
    });
}

#[test]
fn loom_two_registrations_over_a_third_and_a_wake() {
    loom::model(|| {
        let shared = Arc::new(AtomicWaker::new());
        let counted: [_; 3] = core::array::from_fn(|_| Count::new());
        shared.register(&counted[0].1);
        let registrar = {
            let (shared, task) = (shared.clone(), counted[1].1.clone());
            thread::spawn(move || shared.register(&task))
        };
        let waker = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.wake();
            })
        };
        shared.register(&counted[2].1);
        registrar.join().unwrap();
        waker.join().unwrap();
        drop(shared);
        for (count, task) in counted {
            drop(task);
            assert_eq!(Plain::strong_count(&count), 1);
        }
    });
}

#[test]
fn loom_register_while_both_slots_may_be_in_use() {
    loom::model(|| {
        let shared = Arc::new((AtomicWaker::new(), AtomicUsize::new(0)));
        let counted: [_; 3] = core::array::from_fn(|_| Count::new());
        let wakers: [_; 2] = core::array::from_fn(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.fetch_add(1, Ordering::Relaxed);
                shared.0.wake();
            })
        });
        for (_, task) in &counted {
            shared.0.register(task);
        }
        let seen = shared.1.load(Ordering::Relaxed);
        for waker in wakers {
            waker.join().unwrap();
        }
        // Woken by a wake that came later, or at once for want of a slot.
        assert!(seen == 2 || counted[2].0.wakes() > 0);
        drop(shared);
        for (count, task) in counted {
            drop(task);
            assert_eq!(Plain::strong_count(&count), 1);
        }
    });
}
