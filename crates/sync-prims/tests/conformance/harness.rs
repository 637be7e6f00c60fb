//! Waits on a subject, polled by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::subject::{Lets, Subject};
use crate::support::Hand;

/// A wait that keeps its subject.
pub(crate) type Wait = Hand<Pin<Box<dyn Future<Output = ()> + Send>>>;

/// A wait that was not polled yet.
pub(crate) fn wait<S: Subject>(subject: &Arc<S>) -> Wait {
    Hand::new(future(subject))
}

/// The same, without a hand to poll it.
pub(crate) fn future<S: Subject>(subject: &Arc<S>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let subject = subject.clone();
    Box::pin(async move { subject.wait().await })
}

/// A wait that stands in line.
#[track_caller]
pub(crate) fn pending<S: Subject>(subject: &Arc<S>) -> Wait {
    Hand::pending(future(subject))
}

/// As many waits as the subject allows, up to `most`, in line, and the subject.
pub(crate) fn blocked<S: Subject>(most: usize) -> (Arc<S>, Vec<Option<Wait>>) {
    let count = most.min(S::MOST_WAITERS);
    let subject = Arc::new(S::blocked(count));
    let waits = (0..count).map(|_| Some(pending(&subject))).collect();
    (subject, waits)
}

/// Notifies until all who are left are through, and checks that they come through in order, each woken once.
pub(crate) fn finish<S, F>(subject: &S, waits: &mut [Option<Hand<F>>])
where
    S: Subject,
    F: Future<Output = ()>,
{
    let mut left = waits.iter_mut().filter_map(Option::as_mut).peekable();
    if S::LETS == Lets::All && left.peek().is_some() {
        subject.notify_one();
    }
    for wait in left {
        if S::LETS == Lets::One {
            subject.notify_one();
        }
        assert_eq!(wait.wakes(), 1, "the next in line is woken, once");
        assert!(wait.poll().is_ready(), "whoever was notified is through");
        assert_eq!(wait.wakes(), 1, "and not woken any more");
    }
}
