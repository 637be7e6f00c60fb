//! Models of the races that [`reset_event`](super) names.

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::ResetEvent;
use crate::testing::poll_once;

const BOTH: [fn() -> ResetEvent; 2] = [ResetEvent::manual, ResetEvent::automatic];

#[test]
fn loom_register_and_set() {
    for make in BOTH {
        loom::model(move || {
            let event = Arc::new(make());
            let setter = {
                let event = event.clone();
                thread::spawn(move || assert!(event.set()))
            };
            block_on(event.wait());
            setter.join().unwrap();
            assert_eq!(event.is_set(), event.reset == super::Reset::Manual);
        });
    }
}

#[test]
fn loom_two_sets_and_a_wait() {
    loom::model(|| {
        let event = Arc::new(ResetEvent::automatic());
        let setters: [_; 2] = core::array::from_fn(|_| {
            let event = event.clone();
            thread::spawn(move || event.set())
        });
        block_on(event.wait());
        let signals = setters.map(|setter| usize::from(setter.join().unwrap()));
        // Each signal lets one through, or is there still.
        assert_eq!(
            signals.into_iter().sum::<usize>(),
            1 + usize::from(event.is_set())
        );
    });
}

#[test]
fn loom_a_set_for_each_of_two_waits() {
    loom::model(|| {
        let event = Arc::new(ResetEvent::automatic());
        let through = Arc::new(AtomicUsize::new(0));
        let waiter = {
            let (event, through) = (event.clone(), through.clone());
            thread::spawn(move || {
                block_on(event.wait());
                through.fetch_add(1, Ordering::Relaxed);
                event.set();
            })
        };
        event.set();
        block_on(event.wait());
        // The first through says so to the second: whether that is here or there, one of the two waits is left.
        if through.load(Ordering::Relaxed) == 0 {
            event.set();
        }
        waiter.join().unwrap();
    });
}

#[test]
fn loom_cancel_and_set() {
    for make in BOTH {
        loom::model(move || {
            let event = Arc::new(make());
            let canceller = {
                let event = event.clone();
                thread::spawn(move || {
                    let mut wait = Box::pin(event.wait());
                    if poll_once(wait.as_mut()).is_ready() {
                        event.set();
                    }
                })
            };
            let setter = {
                let event = event.clone();
                thread::spawn(move || event.set())
            };
            block_on(event.wait());
            canceller.join().unwrap();
            setter.join().unwrap();
        });
    }
}

#[test]
fn loom_cancel_and_cancel() {
    for make in BOTH {
        loom::model(move || {
            let event = Arc::new(make());
            let cancellers: [_; 2] = core::array::from_fn(|_| {
                let event = event.clone();
                thread::spawn(move || {
                    let mut wait = Box::pin(event.wait());
                    assert!(poll_once(wait.as_mut()).is_pending());
                })
            });
            for canceller in cancellers {
                canceller.join().unwrap();
            }
            assert!(event.set());
            assert!(event.try_wait());
        });
    }
}

#[test]
fn loom_cancel_of_the_last_and_set() {
    for make in BOTH {
        loom::model(move || {
            let event = Arc::new(make());
            let canceller = {
                let event = event.clone();
                thread::spawn(move || {
                    let mut wait = Box::pin(event.wait());
                    if poll_once(wait.as_mut()).is_ready() {
                        event.set();
                    }
                })
            };
            assert!(event.set());
            canceller.join().unwrap();
            assert!(event.is_set());
        });
    }
}

#[test]
fn loom_reset_and_wait() {
    loom::model(|| {
        let event = Arc::new(ResetEvent::manual());
        let mut before = Box::pin(event.wait());
        assert!(poll_once(before.as_mut()).is_pending());
        let setter = {
            let event = event.clone();
            thread::spawn(move || assert!(event.set()))
        };
        if event.reset() {
            let mut after = Box::pin(event.wait());
            assert!(poll_once(after.as_mut()).is_pending());
            setter.join().unwrap();
            assert!(poll_once(after.as_mut()).is_pending());
        } else {
            setter.join().unwrap();
        }
        // However soon the reset came, who was in line is through.
        assert!(poll_once(before.as_mut()).is_ready());
    });
}

#[test]
fn loom_set_for_one_in_line_and_register() {
    loom::model(|| {
        let shared = Arc::new((ResetEvent::manual(), loom::cell::UnsafeCell::new(0)));
        let mut before = Box::pin(shared.0.wait());
        assert!(poll_once(before.as_mut()).is_pending());
        let setter = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the waiter reads after the event.
                shared.1.with_mut(|value| unsafe { *value = 1 });
                assert!(shared.0.set());
            })
        };
        block_on(shared.0.wait());
        // SAFETY: the setter wrote before the event.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 1);
        setter.join().unwrap();
        assert!(poll_once(before.as_mut()).is_ready());
    });
}

/// A consumer that takes the signal, then looks for work.
fn set_and_take(make: fn() -> ResetEvent, take: fn(&ResetEvent) -> bool) {
    loom::model(move || {
        let shared = Arc::new((make(), AtomicUsize::new(0)));
        shared.0.set();
        let producer = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(1, Ordering::Relaxed);
                shared.0.set();
            })
        };
        let (event, work) = &*shared;
        assert!(take(event));
        if work.load(Ordering::Relaxed) == 0 {
            block_on(event.wait());
            assert_eq!(work.load(Ordering::Relaxed), 1);
        }
        producer.join().unwrap();
    });
}

#[test]
fn loom_set_and_reset() {
    set_and_take(ResetEvent::manual, ResetEvent::reset);
}

#[test]
fn loom_set_and_a_wait_that_takes() {
    set_and_take(ResetEvent::automatic, ResetEvent::try_wait);
}
