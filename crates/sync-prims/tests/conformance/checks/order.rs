//! Who is notified when, and how many can be.

use std::sync::{Arc, Mutex};
use std::thread;

use crate::harness::{blocked, future};
use crate::subject::{Lets, Subject};
use crate::support::{Hooks, poll_with};

/// The order of the first polls is the order of the wakes, whatever was polled in between.
pub(crate) fn first_come_first_served<S: Subject>() {
    const WAITERS: usize = 100;
    let count = WAITERS.min(S::MOST_WAITERS);
    let subject = Arc::new(S::blocked(count));
    let woken = Arc::new(Mutex::new(Vec::new()));
    let mut waits: Vec<_> = (0..count)
        .map(|number| {
            let woken = woken.clone();
            let hooks = Arc::new(Hooks {
                wake: Some(Box::new(move || woken.lock().unwrap().push(number))),
                ..Hooks::default()
            });
            (future(&subject), hooks.waker())
        })
        .collect();
    // Made in one order, polled in another.
    waits.reverse();
    for (wait, waker) in &mut waits {
        assert!(poll_with(wait.as_mut(), waker).is_pending());
    }
    for (wait, waker) in waits.iter_mut().step_by(3) {
        assert!(poll_with(wait.as_mut(), waker).is_pending());
    }
    if S::LETS == Lets::All {
        subject.notify_one();
    }
    for (wait, waker) in &mut waits {
        if S::LETS == Lets::One {
            subject.notify_one();
        }
        assert!(poll_with(wait.as_mut(), waker).is_ready());
    }
    let expected: Vec<_> = (0..count).rev().collect();
    assert_eq!(*woken.lock().unwrap(), expected);
}

/// Very many are woken, on a stack that has room for a few calls.
pub(crate) fn a_hundred_thousand<S: Subject>() {
    const WAITERS: usize = 100_000;
    const STACK: usize = if cfg!(debug_assertions) { 96 } else { 48 } * 1024;
    let (subject, waits) = blocked::<S>(WAITERS);
    thread::scope(|threads| {
        let body = || {
            let mut waits = waits;
            if S::TELLS_ALL {
                subject.notify_all(waits.len());
                assert!(waits.iter().flatten().all(|wait| wait.wakes() == 1));
            }
            for wait in waits.iter_mut().flatten() {
                if !S::TELLS_ALL {
                    subject.notify_one();
                    assert_eq!(wait.wakes(), 1);
                }
                assert!(wait.poll().is_ready());
            }
        };
        let small = thread::Builder::new().stack_size(STACK);
        small.spawn_scoped(threads, body).unwrap().join().unwrap();
    });
}
