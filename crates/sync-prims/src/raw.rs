//! The parts that queues of waiters are made of, for those who build on them: a list, its nodes, a lock to keep it under.
//!
//! [`WaitQueue`](crate::WaitQueue) is the safe building block and enough for most. These are for a primitive that decides
//! under one lock about its own state and its waiters together, as a channel does. The order of things for a wait:
//!
//! 1. Clone the task's waker: foreign code, so without the lock.
//! 2. Take the [`Lock`], look whether there is a need to wait, and [`link`](WaitList::link) the [`Waiter`].
//! 3. On later polls, [`take_notified`](Waiter::take_notified) first, then [`has_stored`](Waiter::has_stored): neither
//!    needs the lock.
//! 4. On drop, take the lock unless the waiter is idle or notified, and [`unlink`](WaitList::unlink) it.
//!
//! And for a notification: change the state under the lock, take wakers with [`notify_first`](WaitList::notify_first),
//! release the lock, wake.

pub use crate::queue::{Token, WaitList, Waiter, WakeBatch};
pub use crate::sync::{Lock, LockGuard};
