//! Who is notified when, and how many can be.

use std::sync::{Arc, Mutex};
use std::thread;

use crate::harness::{Wait, blocked, finish, future, pending, wait};
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

/// All are told in one step and woken after it, some at a time. Meanwhile some of them leave, others come, and are told
/// too, before those are woken who were told first.
pub(crate) fn during_the_wakes_of_all<S: Subject>() {
    const WAITERS: usize = 100;
    // Those whose wakers do it: one is woken with the first, one later.
    const CALL_BACK: [usize; 2] = [0, 40];
    // Of those who are told but not woken yet: the last two, one in the middle.
    const LEAVE: [usize; 3] = [99, 98, 70];
    if !S::TELLS_ALL || S::MOST_WAITERS < usize::MAX {
        return;
    }
    for others_are_told in [false, true] {
        let subject = Arc::new(S::blocked(WAITERS));
        let waits = Arc::new(Mutex::new(Vec::<Option<Wait>>::new()));
        let others = Arc::new(Mutex::new(Vec::new()));
        let (weak, meanwhile) = (Arc::downgrade(&subject), (waits.clone(), others.clone()));
        let hooks = Arc::new(Hooks {
            wake: Some(Box::new(move || {
                let (subject, (waits, others)) = (weak.upgrade().unwrap(), &meanwhile);
                drop(LEAVE.map(|number| waits.lock().unwrap()[number].take()));
                // And the first of those who came since.
                let came_first = others.lock().unwrap().first_mut().and_then(Option::take);
                drop(came_first);
                let mut come: Vec<_> = (0..40).map(|_| Some(wait(&subject))).collect();
                for other in come.iter_mut().flatten() {
                    assert_eq!(other.poll().is_ready(), S::STAYS_OPEN);
                }
                let count = come.len();
                others.lock().unwrap().append(&mut come);
                if others_are_told {
                    subject.notify_all(count);
                }
            })),
            ..Hooks::default()
        });
        let waker = hooks.waker();
        let mut call_back = Vec::new();
        for number in 0..WAITERS {
            let plain = (!CALL_BACK.contains(&number)).then(|| pending(&subject));
            if plain.is_none() {
                let mut wait = future(&subject);
                assert!(poll_with(wait.as_mut(), &waker).is_pending());
                call_back.push(wait);
            }
            waits.lock().unwrap().push(plain);
        }

        subject.notify_all(WAITERS);
        for mut wait in call_back {
            assert!(poll_with(wait.as_mut(), &waker).is_ready());
        }
        let mut waits = std::mem::take(&mut *waits.lock().unwrap());
        let left = WAITERS - CALL_BACK.len() - LEAVE.len();
        assert_eq!(waits.iter().flatten().count(), left);
        for wait in waits.iter_mut().flatten() {
            assert_eq!(wait.wakes(), 1);
            assert!(wait.poll().is_ready());
        }
        if S::STAYS_OPEN {
            continue;
        }
        let mut others = std::mem::take(&mut *others.lock().unwrap());
        for other in others.iter().flatten() {
            assert_eq!(other.wakes(), usize::from(others_are_told));
        }
        if others_are_told {
            others.clear();
            others.extend((0..3).map(|_| Some(pending(&subject))));
        }
        finish(&*subject, &mut others);
    }
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
