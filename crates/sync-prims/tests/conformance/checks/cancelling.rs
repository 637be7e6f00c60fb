//! Waits that are dropped.

use std::sync::Arc;

use crate::harness::{blocked, finish, pending, wait};
use crate::subject::{Lets, Subject};

/// A wait that was never polled has no place in line.
pub(crate) fn unpolled<S: Subject>() {
    let (subject, mut waits) = blocked::<S>(2);
    drop(wait(&subject));
    drop(subject.wait());
    let never_polled = wait(&subject);
    finish(&*subject, &mut waits);
    drop(never_polled);
}

/// One who left is not notified, and does not keep the others from it.
pub(crate) fn before_the_notification<S: Subject>() {
    let (subject, mut waits) = blocked::<S>(2);
    let first = waits[0].take();
    drop(first);
    finish(&*subject, &mut waits);
}

/// What was for one who left goes to the next, or waits for the next to come, or is forgotten: as the subject says.
pub(crate) fn after_the_notification<S: Subject>() {
    let (subject, mut waits) = blocked::<S>(2);
    subject.notify_one();
    let first = waits[0].take().expect("a subject has at least one waiter");
    assert_eq!(first.wakes(), 1);
    if let Some(Some(second)) = waits.get(1) {
        assert_eq!(second.wakes(), (S::LETS == Lets::All).into());
    }
    drop(first);
    if let Some(Some(second)) = waits.get_mut(1) {
        assert_eq!(second.wakes(), 1, "the notification was passed on");
        assert!(second.poll().is_ready());
        assert_eq!(second.wakes(), 1);
        return;
    }
    assert_eq!(wait(&subject).poll().is_ready(), S::KEEPS);
}

/// A notification of all is for those who waited; nobody gets it twice, or comes by it, because others left.
pub(crate) fn after_the_notification_of_all<S: Subject>() {
    if !S::TELLS_ALL {
        return;
    }
    let (subject, mut waits) = blocked::<S>(8);
    subject.notify_all(waits.len());
    let late = (!S::STAYS_OPEN).then(|| pending(&subject));
    for left in [0, 3, 7] {
        if let Some(wait) = waits.get_mut(left) {
            wait.take();
        }
    }
    for wait in waits.iter_mut().flatten() {
        assert_eq!(wait.wakes(), 1);
        assert!(wait.poll().is_ready());
        assert_eq!(wait.wakes(), 1);
    }
    assert_eq!(late.map_or(0, |late| late.wakes()), 0);
}

/// The first, the last, any in the middle: the others keep their order.
pub(crate) fn each_of_many<S: Subject>() {
    const WAITERS: usize = 7;
    for first in 0..WAITERS {
        for second in 0..WAITERS {
            let (subject, mut waits) = blocked::<S>(WAITERS);
            for leaves in [first, second] {
                if let Some(wait) = waits.get_mut(leaves) {
                    wait.take();
                }
            }
            finish(&*subject, &mut waits);
        }
    }
}

/// When all have left, the next one waits as the first did.
pub(crate) fn all_and_begun_anew<S: Subject>() {
    let subject = Arc::new(S::blocked(1));
    for _ in 0..3 {
        drop(pending(&subject));
    }
    finish(&*subject, &mut [Some(pending(&subject))]);
}
