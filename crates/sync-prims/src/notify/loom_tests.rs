//! Models of the races that [`notify`](super) names.

use std::sync::Arc as Plain;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::Notify;
use crate::testing::poll_once;

/// Whether a permit is left.
fn has_permit(notify: &Notify) -> bool {
    poll_once(Box::pin(notify.notified()).as_mut()).is_ready()
}

#[test]
fn loom_register_and_notify_one() {
    loom::model(|| {
        let shared = Arc::new((Notify::new(), loom::cell::UnsafeCell::new(0)));
        let notifier = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the waiter reads after the notification.
                shared.1.with_mut(|value| unsafe { *value = 1 });
                shared.0.notify_one();
            })
        };
        block_on(shared.0.notified());
        // SAFETY: the notifier wrote before its notification.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 1);
        notifier.join().unwrap();
        assert!(!has_permit(&shared.0));
    });
}

#[test]
fn loom_register_and_notify_all() {
    loom::model(|| {
        let shared = Arc::new((Notify::new(), loom::cell::UnsafeCell::new(0)));
        // Made before the notification, polled before, meanwhile or after.
        let wait = shared.0.notified();
        let notifier = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the waiter reads after the notification.
                shared.1.with_mut(|value| unsafe { *value = 1 });
                shared.0.notify_waiters();
            })
        };
        block_on(wait);
        // SAFETY: the notifier wrote before its notification.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 1);
        notifier.join().unwrap();
        assert!(!has_permit(&shared.0));
    });
}

#[test]
fn loom_a_condition_and_notify_all() {
    loom::model(|| {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        let waiters: [_; 2] = core::array::from_fn(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                let wait = shared.0.notified();
                if shared.1.load(Ordering::Relaxed) == 0 {
                    block_on(wait);
                    assert_eq!(shared.1.load(Ordering::Relaxed), 1);
                }
            })
        });
        shared.1.store(1, Ordering::Relaxed);
        shared.0.notify_waiters();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

#[test]
fn loom_two_that_notify_one() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let notifiers: [_; 2] = core::array::from_fn(|_| {
            let notify = notify.clone();
            thread::spawn(move || notify.notify_one())
        });
        let mut first = Box::pin(notify.notified());
        let told = poll_once(first.as_mut()).is_ready();
        for notifier in notifiers {
            notifier.join().unwrap();
        }
        // One for the wait, and a permit; if both came before the wait, two permits were one.
        if told {
            has_permit(&notify);
        } else {
            block_on(first);
            assert!(has_permit(&notify));
        }
        assert!(!has_permit(&notify));
    });
}

#[test]
fn loom_two_waiters_and_two_that_notify_one() {
    loom::model(|| {
        let notify = Plain::new(Notify::new());
        // Both stand in line, so each notification tells one of them.
        let mut waits: [_; 2] = core::array::from_fn(|_| Box::pin(notify.clone().notified_owned()));
        for wait in &mut waits {
            assert!(!wait.as_mut().enable());
        }
        let [first, second] = waits;
        let waiter = thread::spawn(move || block_on(second));
        let notifier = {
            let notify = notify.clone();
            thread::spawn(move || notify.notify_one())
        };
        notify.notify_last();
        block_on(first);
        waiter.join().unwrap();
        notifier.join().unwrap();
        assert!(!has_permit(&notify));
    });
}

#[test]
fn loom_two_that_take_the_permit() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        let taker = {
            let notify = notify.clone();
            thread::spawn(move || has_permit(&notify))
        };
        let here = has_permit(&notify);
        assert_ne!(here, taker.join().unwrap());
    });
}

#[test]
fn loom_cancel_and_notify_one() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let canceller = {
            let notify = notify.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(notify.notified());
                poll_once(wait.as_mut()).is_ready()
            })
        };
        let waiter = {
            let notify = notify.clone();
            thread::spawn(move || block_on(notify.notified()))
        };
        notify.notify_one();
        if canceller.join().unwrap() {
            notify.notify_one();
        }
        waiter.join().unwrap();
        assert!(!has_permit(&notify));
    });
}

#[test]
fn loom_enable_cancel_and_notify_one() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let canceller = {
            let notify = notify.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(notify.notified());
                wait.as_mut().enable();
                wait.as_mut().enable();
            })
        };
        notify.notify_one();
        block_on(notify.notified());
        canceller.join().unwrap();
        assert!(!has_permit(&notify));
    });
}

#[test]
fn loom_cancel_and_notify_all() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let canceller = {
            let notify = notify.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(notify.notified());
                let _ = poll_once(wait.as_mut());
            })
        };
        let wait = notify.notified();
        let notifier = {
            let notify = notify.clone();
            thread::spawn(move || notify.notify_waiters())
        };
        block_on(wait);
        notifier.join().unwrap();
        canceller.join().unwrap();
        // Nobody is left, and the word says so.
        assert!(!has_permit(&notify));
        notify.notify_one();
        assert!(has_permit(&notify));
    });
}

#[test]
fn loom_notify_one_and_notify_all() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let wait = notify.notified();
        let one = {
            let notify = notify.clone();
            thread::spawn(move || notify.notify_one())
        };
        let all = {
            let notify = notify.clone();
            thread::spawn(move || notify.notify_waiters())
        };
        block_on(wait);
        one.join().unwrap();
        all.join().unwrap();
        // It was told by one of the two. If that was all, the other has left its permit; if it was the other, nothing is left.
        has_permit(&notify);
        assert!(!has_permit(&notify));
    });
}
