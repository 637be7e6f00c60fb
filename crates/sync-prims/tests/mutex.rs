//! What a mutex does, step by step: who gets the lock, and who is woken.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use sync_prims::Mutex;

use support::{Hand, Wakes};

/// Both kinds.
fn each(test: impl Fn(Mutex<usize>)) {
    test(Mutex::new(0));
    test(Mutex::barging(0));
}

fn assert_free(mutex: &Mutex<usize>) {
    assert!(!mutex.is_locked());
    drop(mutex.try_lock().expect("it is free"));
    assert!(!mutex.is_locked());
}

#[test]
fn try_lock_locks_what_is_free() {
    each(|mutex| {
        let mut guard = mutex.try_lock().unwrap();
        *guard += 1;
        assert!(mutex.is_locked());
        assert!(mutex.try_lock().is_none());
        drop(guard);
        assert_free(&mutex);
        assert_eq!(mutex.into_inner(), 1);
    });
}

#[test]
fn a_free_mutex_is_locked_at_the_first_poll() {
    each(|mutex| {
        let guard = Hand::new(mutex.lock()).output();
        assert!(mutex.is_locked());
        drop(guard);
        assert_free(&mutex);
    });
}

#[test]
fn a_lock_that_was_never_polled_has_no_place() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let idle = mutex.lock();
        let mut next = Hand::pending(mutex.lock());
        drop(held);
        assert_eq!(next.wakes(), 1);
        drop(next.output());
        drop(idle);
        assert_free(&mutex);
    });
}

#[test]
fn the_lock_goes_from_hand_to_hand_in_the_order_of_arrival() {
    let mutex = Mutex::new(0);
    let mut held = mutex.try_lock().unwrap();
    let mut waiting: Vec<_> = (0..100).map(|_| Hand::pending(mutex.lock())).collect();
    for index in 0..waiting.len() {
        drop(held);
        // Nobody comes in between.
        assert!(mutex.try_lock().is_none());
        let woken: Vec<usize> = waiting.iter().map(Hand::wakes).collect();
        assert!(woken[..=index].iter().all(|wakes| *wakes == 1));
        assert!(woken[index + 1..].iter().all(|wakes| *wakes == 0));
        let Poll::Ready(guard) = waiting[index].poll() else {
            panic!("number {index} is next");
        };
        held = guard;
    }
    drop(held);
    assert_free(&mutex);
}

#[test]
fn barging_wakes_one_at_a_time_in_the_order_of_arrival() {
    let mutex = Mutex::barging(0);
    let held = mutex.try_lock().unwrap();
    let mut waiting: Vec<_> = (0..10).map(|_| Hand::pending(mutex.lock())).collect();
    drop(held);
    for index in 0..waiting.len() {
        let woken: usize = waiting.iter().map(Hand::wakes).sum();
        assert_eq!(woken, index + 1);
        assert_eq!(waiting[index].wakes(), 1);
        assert!(waiting[index].poll().is_ready());
    }
    assert_free(&mutex);
}

#[test]
fn barging_lets_others_in_and_bounds_how_often() {
    let mutex = Mutex::barging(0);
    let mut held = mutex.try_lock().unwrap();
    let mut first = Hand::pending(mutex.lock());
    let mut second = Hand::pending(mutex.lock());
    for lost in 1..=4 {
        drop(held);
        assert_eq!(first.wakes(), lost);
        held = mutex.try_lock().expect("the lock is free for all");
        assert!(first.poll().is_pending());
    }
    drop(held);
    // It has lost often enough.
    assert!(mutex.try_lock().is_none());
    assert!(second.poll().is_pending());
    assert_eq!((first.wakes(), second.wakes()), (5, 0));
    drop(first.output());
    assert_eq!(second.wakes(), 1);
    drop(second.output());
    assert_free(&mutex);
}

#[test]
fn barging_wakes_nobody_while_somebody_is_on_the_way() {
    let mutex = Mutex::barging(0);
    let held = mutex.try_lock().unwrap();
    let mut first = Hand::pending(mutex.lock());
    let mut second = Hand::pending(mutex.lock());
    drop(held);
    for _ in 0..10 {
        drop(mutex.try_lock().expect("the lock is free for all"));
    }
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    drop(first.output());
    drop(second.output());
    assert_free(&mutex);
}

#[test]
fn a_waiter_that_was_handed_the_lock_and_is_not_polled_has_it() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let unpolled = Hand::pending(mutex.lock());
    let mut next = Hand::pending(mutex.lock());
    drop(held);
    // This is the hazard: everybody waits.
    assert!(mutex.try_lock().is_none());
    let mut late = Hand::pending(mutex.lock());
    assert!(next.poll().is_pending());
    assert!(late.poll().is_pending());
    // And the way out of it.
    drop(unpolled);
    assert_eq!((next.wakes(), late.wakes()), (1, 0));
    drop(next.output());
    drop(late.output());
    assert_free(&mutex);
}

#[test]
fn a_waiter_that_was_woken_to_compete_and_is_not_polled_keeps_the_line_waiting() {
    let mutex = Mutex::barging(0);
    let held = mutex.try_lock().unwrap();
    let unpolled = Hand::pending(mutex.lock());
    let mut next = Hand::pending(mutex.lock());
    drop(held);
    // Those who come get the lock; this is the hazard, who stands in line is not woken.
    drop(mutex.try_lock().expect("the lock is free for all"));
    drop(Hand::new(mutex.lock()).output());
    assert_eq!(next.wakes(), 0);
    // And the way out of it.
    drop(unpolled);
    assert_eq!(next.wakes(), 1);
    drop(next.output());
    assert_free(&mutex);
}

#[test]
fn a_dropped_waiter_leaves_the_line() {
    each(|mutex| {
        for leaver in 0..3 {
            let held = mutex.try_lock().unwrap();
            let mut waiting: Vec<_> = (0..3).map(|_| Hand::pending(mutex.lock())).collect();
            drop(waiting.remove(leaver));
            drop(held);
            for mut waiter in waiting {
                assert_eq!(waiter.wakes(), 1);
                drop(waiter.output());
            }
            assert_free(&mutex);
        }
    });
}

#[test]
fn the_last_dropped_waiter_leaves_no_trace() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        drop(Hand::pending(mutex.lock()));
        drop(held);
        assert_free(&mutex);
    });
}

#[test]
fn a_dropped_waiter_passes_the_lock_on() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let told = Hand::pending(mutex.lock());
        let mut next = Hand::pending(mutex.lock());
        drop(held);
        assert_eq!((told.wakes(), next.wakes()), (1, 0));
        drop(told);
        assert_eq!(next.wakes(), 1);
        drop(next.output());
        assert_free(&mutex);
    });
}

#[test]
fn a_dropped_waiter_with_nobody_behind_it_frees_the_lock() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let told = Hand::pending(mutex.lock());
        drop(held);
        drop(told);
        assert_free(&mutex);
    });
}

#[test]
fn barging_a_dropped_waiter_leaves_the_waking_to_a_holder() {
    let mutex = Mutex::barging(0);
    let held = mutex.try_lock().unwrap();
    let told = Hand::pending(mutex.lock());
    let mut next = Hand::pending(mutex.lock());
    drop(held);
    let barger = mutex.try_lock().unwrap();
    drop(told);
    assert_eq!(next.wakes(), 0);
    drop(barger);
    assert_eq!(next.wakes(), 1);
    drop(next.output());
    assert_free(&mutex);
}

#[test]
fn spurious_polls_change_nothing() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let mut first = Hand::pending(mutex.lock());
        let mut second = Hand::pending(mutex.lock());
        for _ in 0..1_000 {
            assert!(second.poll().is_pending());
            assert!(first.poll().is_pending());
        }
        drop(held);
        assert_eq!((first.wakes(), second.wakes()), (1, 0));
        drop(first.output());
        assert_eq!(second.wakes(), 1);
        drop(second.output());
        assert_free(&mutex);
    });
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let mut waiter = Hand::pending(mutex.lock());
        let wakes = Wakes::new();
        assert!(waiter.poll_with(&wakes.waker()).is_pending());
        drop(held);
        assert_eq!((waiter.wakes(), wakes.count()), (0, 1));
        drop(waiter.output());
        assert_free(&mutex);
    });
}

#[test]
fn a_waker_may_use_the_mutex_it_is_woken_by() {
    struct Reenters(Arc<Mutex<usize>>);

    impl Wake for Reenters {
        fn wake(self: Arc<Self>) {
            drop(self.0.try_lock());
            drop(Hand::new(self.0.lock()).poll());
        }
    }

    impl Drop for Reenters {
        fn drop(&mut self) {
            drop(self.0.try_lock());
        }
    }

    for mutex in [Mutex::new(0), Mutex::barging(0)].map(Arc::new) {
        let held = mutex.try_lock().unwrap();
        let mut lock = Box::pin(mutex.lock());
        for _ in 0..2 {
            let waker = Waker::from(Arc::new(Reenters(mutex.clone())));
            assert!(
                lock.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        drop(held);
        drop(Hand::new(lock).output());
        assert_free(&mutex);
    }
}

#[test]
fn a_waker_that_panics_leaves_the_lock_with_the_next() {
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("no");
        }
    }

    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let mut lock = Box::pin(mutex.lock());
        let waker = Waker::from(Arc::new(Panics));
        assert!(
            lock.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let mut next = Hand::pending(mutex.lock());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(held))).is_err());
        drop(lock);
        drop(next.output());
        assert_free(&mutex);
    });
}

#[test]
fn a_waker_whose_clone_panics_does_not_keep_the_line_waiting() {
    use std::ptr;
    use std::task::RawWakerVTable;

    static PANICS: RawWakerVTable = RawWakerVTable::new(|_| panic!("no"), |_| {}, |_| {}, |_| {});
    // SAFETY: the functions of the table do nothing with the data.
    let panics = unsafe { Waker::new(ptr::null(), &PANICS) };

    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let mut lock = Box::pin(mutex.lock());
        let mut next = {
            assert!(
                lock.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
            Hand::pending(mutex.lock())
        };
        drop(held);
        // Under barging it loses, and has to stand in line again.
        let barger = mutex.try_lock();
        let polled = catch_unwind(AssertUnwindSafe(|| {
            lock.as_mut()
                .poll(&mut Context::from_waker(&panics))
                .is_ready()
        }));
        assert_eq!(polled.is_err(), barger.is_some());
        drop(barger);
        drop(lock);
        assert_eq!(next.wakes(), 1);
        drop(next.output());
        assert_free(&mutex);
    });
}

#[test]
fn polled_after_it_was_ready_it_panics() {
    each(|mutex| {
        let mut lock = Hand::new(mutex.lock());
        assert!(lock.poll().is_ready());
        let again = catch_unwind(AssertUnwindSafe(|| drop(lock.poll())));
        let message = *again.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(message, "polled after it was ready");
        assert_free(&mutex);
    });
}

#[test]
fn a_panic_with_the_lock_held_unlocks() {
    each(|mutex| {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            *mutex.try_lock().unwrap() = 7;
            let _guard = mutex.try_lock().unwrap();
            panic!("no");
        }));
        assert!(panicked.is_err());
        // What was left is what the next one sees.
        assert_eq!(*mutex.try_lock().unwrap(), 7);
    });
}
