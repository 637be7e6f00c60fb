//! What a primitive tells about itself, to be tested like the others.

use std::future::Future;

/// How many a notification lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lets {
    /// One for each, the first in line.
    One,
    /// All who wait.
    All,
}

/// A primitive in a state in which whoever comes has to wait.
pub(crate) trait Subject: Send + Sync + Sized + 'static {
    /// What a [`notify_one`](Subject::notify_one) does.
    const LETS: Lets;
    /// Whether a notification that finds nobody lets the next through that comes; otherwise it is forgotten.
    const KEEPS: bool;
    /// Whether several notifications that find nobody are one.
    const MERGES: bool = false;
    /// Whether those behind one who was notified have to wait until that one is polled or dropped, as the lock is handed
    /// over to it.
    const HANDS_OVER: bool = false;
    /// Whether [`notify_all`](Subject::notify_all) is one step, and lets all through whatever they do after.
    const TELLS_ALL: bool = true;
    /// Whether those who come after a [`notify_all`](Subject::notify_all) pass at once.
    const STAYS_OPEN: bool = Self::LETS as u8 == Lets::All as u8;
    /// How many can wait at once.
    const MOST_WAITERS: usize = usize::MAX;

    /// So that `waiters` of them have to wait.
    fn blocked(waiters: usize) -> Self;

    /// A wait. When it is through, it leaves what it got (a guard) with the subject, which is blocked as before.
    fn wait(&self) -> impl Future<Output = ()> + Send;

    /// Lets one through; or all, as [`LETS`](Subject::LETS) says. Without effect while a notified one has got the lock.
    fn notify_one(&self);

    /// Lets these through who wait.
    fn notify_all(&self, waiters: usize);

    /// Calls what does not wait: `try_` forms and `Debug`. Does not change who waits.
    fn look(&self);
}
