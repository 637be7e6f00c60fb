//! Models of the races that [`wait_group`](super) names.

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::WaitGroup;
use crate::testing::poll_once;

/// A group in which so many are at work.
fn at_work(count: usize) -> WaitGroup {
    let group = WaitGroup::new();
    group.add(count);
    group
}

#[test]
fn loom_register_and_the_last_done() {
    loom::model(|| {
        let shared = Arc::new((at_work(1), loom::cell::UnsafeCell::new(0)));
        let worker = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: the waiter reads after its wait.
                shared.1.with_mut(|value| unsafe { *value = 1 });
                assert!(shared.0.done());
            })
        };
        block_on(shared.0.wait());
        // SAFETY: the other thread wrote before the wait could end.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 1);
        worker.join().unwrap();
    });
}

#[test]
fn loom_two_dones_and_a_wait() {
    loom::model(|| {
        let shared = Arc::new((at_work(2), AtomicUsize::new(0)));
        let workers: [_; 2] = core::array::from_fn(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.fetch_add(1, Ordering::Relaxed);
                shared.0.done()
            })
        });
        block_on(shared.0.wait());
        // What both did before they were done is seen.
        assert_eq!(shared.1.load(Ordering::Relaxed), 2);
        let lasts = workers.map(|worker| usize::from(worker.join().unwrap()));
        assert_eq!(lasts.iter().sum::<usize>(), 1);
    });
}

#[test]
fn loom_the_last_done_and_two_waits() {
    loom::model(|| {
        let group = Arc::new(at_work(1));
        let waiter = {
            let group = group.clone();
            thread::spawn(move || block_on(group.wait()))
        };
        let worker = {
            let group = group.clone();
            thread::spawn(move || assert!(group.done()))
        };
        block_on(group.wait());
        waiter.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn loom_the_last_done_and_add() {
    loom::model(|| {
        let group = Arc::new(at_work(1));
        let mut wait = Box::pin(group.wait());
        assert!(poll_once(wait.as_mut()).is_pending());
        let worker = {
            let group = group.clone();
            thread::spawn(move || group.done())
        };
        group.add(1);
        let zero_between = worker.join().unwrap();
        assert_eq!(poll_once(wait.as_mut()).is_ready(), zero_between);
        assert!(group.done());
        assert!(zero_between || poll_once(wait.as_mut()).is_ready());
    });
}

#[test]
fn loom_the_last_done_and_add_and_wait() {
    loom::model(|| {
        let group = Arc::new(at_work(1));
        let mut old = Box::pin(group.wait());
        assert!(poll_once(old.as_mut()).is_pending());
        let worker = {
            let group = group.clone();
            thread::spawn(move || group.done())
        };
        group.add(1);
        let mut new = Box::pin(group.wait());
        let began_at = group.count();
        assert!(poll_once(new.as_mut()).is_pending());
        let zero_between = worker.join().unwrap();
        // The one that began after the new work was added is not told of the old.
        assert!(poll_once(new.as_mut()).is_pending());
        assert!(began_at == 1 || !zero_between);
        group.done();
        assert!(poll_once(new.as_mut()).is_ready());
        assert!(poll_once(old.as_mut()).is_ready());
    });
}

#[test]
fn loom_add_and_done_and_wait() {
    loom::model(|| {
        let group = Arc::new(at_work(1));
        // Work that adds more work before it is done.
        let worker = {
            let group = group.clone();
            thread::spawn(move || {
                group.add(1);
                group.done();
                group.done()
            })
        };
        block_on(group.wait());
        assert_eq!(group.count(), 0);
        assert!(worker.join().unwrap());
    });
}

#[test]
fn loom_cancel_and_the_last_done() {
    loom::model(|| {
        let group = Arc::new(at_work(1));
        let canceller = {
            let group = group.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(group.wait());
                let _ = poll_once(wait.as_mut());
            })
        };
        let waiter = {
            let group = group.clone();
            thread::spawn(move || block_on(group.wait()))
        };
        assert!(group.done());
        canceller.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn loom_cancel_and_cancel_and_done() {
    loom::model(|| {
        let group = Arc::new(at_work(2));
        let cancellers: [_; 2] = core::array::from_fn(|_| {
            let group = group.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(group.wait());
                assert!(poll_once(wait.as_mut()).is_pending());
            })
        });
        group.done();
        for canceller in cancellers {
            canceller.join().unwrap();
        }
        // Nobody is in line: nothing but the count is left.
        assert_eq!(group.state.load(super::Ordering::Relaxed), super::ONE);
        assert!(group.done());
    });
}
