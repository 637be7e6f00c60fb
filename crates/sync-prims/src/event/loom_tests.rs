//! Models of the races that [`event`](super) names.

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::Event;
use crate::testing::poll_once;

#[test]
fn loom_two_setters_and_two_waiters() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let firsts = Arc::new(AtomicUsize::new(0));
        let waiter = {
            let event = event.clone();
            thread::spawn(move || block_on(event.wait()))
        };
        let setter = {
            let (event, firsts) = (event.clone(), firsts.clone());
            thread::spawn(move || {
                firsts.fetch_add(event.set().into(), Ordering::Relaxed);
            })
        };
        firsts.fetch_add(event.set().into(), Ordering::Relaxed);
        block_on(event.wait());
        waiter.join().unwrap();
        setter.join().unwrap();
        assert_eq!(firsts.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_what_was_written_before_set_is_seen_after_the_wait() {
    loom::model(|| {
        let shared = Arc::new((Event::new(), loom::cell::UnsafeCell::new(0)));
        let setter = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the waiter reads after the event.
                shared.1.with_mut(|value| unsafe { *value = 1 });
                shared.0.set();
            })
        };
        block_on(shared.0.wait());
        // SAFETY: the setter wrote before the event.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 1);
        setter.join().unwrap();
    });
}

#[test]
fn loom_cancel_and_set() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let canceller = {
            let event = event.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(event.wait());
                let _ = poll_once(wait.as_mut());
            })
        };
        let waiter = {
            let event = event.clone();
            thread::spawn(move || block_on(event.wait()))
        };
        event.set();
        canceller.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn loom_cancel_and_cancel() {
    loom::model(|| {
        let event = Arc::new(Event::new());
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
        event.set();
        block_on(event.wait());
    });
}

#[test]
fn loom_two_setters_of_a_value_and_two_waiters() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let waiter = {
            let event = event.clone();
            thread::spawn(move || *block_on(event.wait_value()))
        };
        let setter = {
            let event = event.clone();
            thread::spawn(move || event.set_value(1))
        };
        let second = event.set_value(2);
        let seen = *block_on(event.wait_value());
        let first = setter.join().unwrap();
        // One is refused, and gets its value back.
        assert!(matches!(
            (first, second),
            (Ok(()), Err(2)) | (Err(1), Ok(()))
        ));
        assert_eq!(seen, if first.is_ok() { 1 } else { 2 });
        assert_eq!(waiter.join().unwrap(), seen);
    });
}

#[test]
fn loom_set_value_and_get() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let setter = {
            let event = event.clone();
            thread::spawn(move || event.set_value(Box::new(1)))
        };
        // Loom's cell sees a read that is not ordered after the write.
        if let Some(value) = event.get() {
            assert_eq!(**value, 1);
        }
        setter.join().unwrap().unwrap();
        assert_eq!(event.get().map(|value| **value), Some(1));
    });
}

#[test]
fn loom_register_and_set_value() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let setter = {
            let event = event.clone();
            thread::spawn(move || event.set_value(1).unwrap())
        };
        assert_eq!(*block_on(event.wait_value()), 1);
        setter.join().unwrap();
    });
}

#[test]
fn loom_cancel_and_set_value() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let setter = {
            let event = event.clone();
            thread::spawn(move || event.set_value(1).unwrap())
        };
        {
            let mut wait = Box::pin(event.wait_value());
            let _ = poll_once(wait.as_mut());
        }
        assert_eq!(*block_on(event.wait_value()), 1);
        setter.join().unwrap();
    });
}
