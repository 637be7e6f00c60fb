//! What a wait needs of the allocator: nothing.

use std::pin::pin;

use crate::subject::Subject;
use crate::support::allocator::allocations;
use crate::support::{Wakes, poll_with};

/// Neither a wait to its end, nor its wake, nor one that is given up takes memory.
pub(crate) fn nothing_is_allocated<S: Subject>() {
    assert_eq!(allocations(|| drop(Wakes::new())), 1, "the counter counts");
    let waiters = 2.min(S::MOST_WAITERS);
    let subject = S::blocked(waiters);
    let wakes = Wakes::new();
    let wait_and_wake = || {
        let waker = wakes.waker();
        let mut first = pin!(subject.wait());
        assert!(poll_with(first.as_mut(), &waker).is_pending());
        if waiters == 2 {
            let mut given_up = pin!(subject.wait());
            assert!(poll_with(given_up.as_mut(), &waker).is_pending());
        }
        assert!(poll_with(first.as_mut(), &wakes.waker()).is_pending());
        subject.notify_one();
        assert!(poll_with(first.as_mut(), &waker).is_ready());
    };
    assert_eq!(allocations(wait_and_wake), 0);
    assert_eq!(wakes.count(), 1);
}
