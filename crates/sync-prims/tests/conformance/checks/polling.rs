//! Polls: before their time, with other wakers, too many, too few.

use std::sync::Arc;

use crate::harness::{blocked, finish, future, pending, wait};
use crate::subject::{Lets, Subject};
use crate::support::allocator::allocations;
use crate::support::{Hand, Wakes, poll_with};

/// A future may be moved until it is polled.
pub(crate) fn moved_before_the_first_poll<S: Subject>() {
    let subject = S::blocked(2.min(S::MOST_WAITERS));
    let mut futures = vec![subject.wait(), subject.wait()];
    futures.swap(0, 1);
    futures.truncate(S::MOST_WAITERS);
    let mut waits: Vec<_> = futures.into_iter().map(Hand::pending).collect();
    for wait in &mut waits {
        subject.notify_one();
        assert!(wait.poll().is_ready());
    }
}

/// A wait that is polled with another waker wakes that one, and keeps nothing of the one before.
pub(crate) fn another_waker<S: Subject>() {
    let subject = Arc::new(S::blocked(1));
    let mut wait = future(&subject);
    let wakes: [Arc<Wakes>; 3] = std::array::from_fn(|_| Wakes::new());
    for wakes in &wakes {
        assert!(poll_with(wait.as_mut(), &wakes.waker()).is_pending());
    }
    assert_eq!(wakes.each_ref().map(Wakes::wakers), [0, 0, 1]);
    subject.notify_one();
    assert_eq!(wakes.each_ref().map(|wakes| wakes.count()), [0, 0, 1]);
    assert!(poll_with(wait.as_mut(), &wakes[0].waker()).is_ready());
    assert_eq!(wakes.each_ref().map(Wakes::wakers), [0, 0, 0]);
}

/// A waker that borrows its task, and is cloned to one that owns it: another one may stand at the same address later.
pub(crate) fn another_waker_that_looks_the_same<S: Subject>() {
    let subject = Arc::new(S::blocked(1));
    let mut wait = future(&subject);
    let (before, after) = (Wakes::new(), Wakes::new());
    let mut task = before.clone();
    assert!(poll_with(wait.as_mut(), &Wakes::borrowing_waker(&task)).is_pending());
    task.clone_from(&after);
    assert!(poll_with(wait.as_mut(), &Wakes::borrowing_waker(&task)).is_pending());
    subject.notify_one();
    assert_eq!((before.count(), after.count()), (0, 1));
    assert!(poll_with(wait.as_mut(), &after.waker()).is_ready());
}

/// Polls that nobody asked for change nothing: one place in line, one notification taken.
pub(crate) fn the_same_waker<S: Subject>() {
    let (subject, mut waits) = blocked::<S>(3);
    for _ in 0..10 {
        for wait in waits.iter_mut().flatten() {
            assert!(wait.poll().is_pending());
        }
    }
    finish(&*subject, &mut waits);
}

/// Tens of thousands of polls, with the same waker and with others, need no memory and leave one place in line.
pub(crate) fn many_polls_without_growth<S: Subject>() {
    let (subject, mut waits) = blocked::<S>(2);
    let first = waits[0].as_mut().expect("a subject has a waiter");
    assert_eq!(allocations(|| drop(Wakes::new())), 1, "the counter counts");
    let same = allocations(|| {
        for _ in 0..20_000 {
            assert!(first.poll().is_pending());
        }
    });
    assert_eq!(same, 0);
    let others: [Arc<Wakes>; 2] = std::array::from_fn(|_| Wakes::new());
    let wakers = others.each_ref().map(Wakes::waker);
    let changing = allocations(|| {
        for poll in 0..20_000 {
            assert!(first.poll_with(&wakers[poll % 2]).is_pending());
        }
    });
    assert_eq!(changing, 0);
    drop(wakers);
    assert!(first.poll().is_pending());
    assert_eq!(others.each_ref().map(Wakes::wakers), [0, 0]);
    finish(&*subject, &mut waits);
}

/// One who is notified and does not look holds up only those who wait for what was handed to it.
pub(crate) fn a_notified_waiter_that_is_never_polled<S: Subject>() {
    let (subject, mut waits) = blocked::<S>(3);
    if waits.len() < 3 {
        return;
    }
    let mut waits = waits.drain(..).flatten();
    let (Some(first), Some(mut second)) = (waits.next(), waits.next()) else {
        unreachable!("there are three");
    };
    subject.notify_one();
    assert_eq!(first.wakes(), 1);
    subject.notify_one();
    if S::HANDS_OVER {
        assert_eq!(second.wakes(), 0);
        assert!(second.poll().is_pending());
        drop(first);
    }
    assert_eq!(second.wakes(), 1);
    assert!(second.poll().is_ready());
}

/// Whoever comes after all were told, while they are being woken included, is not concerned; or passes at once.
pub(crate) fn latecomers<S: Subject>() {
    if !S::TELLS_ALL {
        return;
    }
    let (subject, mut waits) = blocked::<S>(40);
    subject.notify_all(waits.len());
    let mut late = wait(&subject);
    assert_eq!(late.poll().is_ready(), S::STAYS_OPEN);
    for wait in waits.iter_mut().flatten() {
        assert!(wait.poll().is_ready());
    }
    assert_eq!(late.wakes(), 0);
    if S::LETS == Lets::All && S::STAYS_OPEN {
        assert!(wait(&subject).poll().is_ready());
    } else {
        drop(late);
        assert!(pending(&subject).poll().is_pending());
    }
}
