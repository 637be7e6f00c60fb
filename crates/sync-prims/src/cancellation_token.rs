//! [`CancellationToken`]: a request to stop, handed down a tree.
//!
//! What a token is made of, its states and its races are on the page of the module `node`. This file has what users see.

mod futures;
mod guard;
mod node;

#[cfg(all(test, loom))]
mod loom_tests;

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::panic::{RefUnwindSafe, UnwindSafe};

pub use futures::{Cancelled, OwnedCancelled, RunUntilCancelled, RunUntilCancelledOwned};
pub use guard::{DropGuard, DropGuardRef};
use node::Node;

/// A request to stop, that any number of tasks and threads can wait for and look at, and that reaches all children.
///
/// [`cancel`](CancellationToken::cancel) cancels a token and all its descendants, for good; a child that is cancelled does
/// not cancel its parent. Clones are the same token. A child of a cancelled token is cancelled from the beginning.
///
/// Nothing is stopped by force: whoever does the work looks at [`is_cancelled`](CancellationToken::is_cancelled) (one load),
/// waits for [`cancelled`](CancellationToken::cancelled) beside what else it waits for, or runs its future with
/// [`run_until_cancelled`](CancellationToken::run_until_cancelled).
///
/// What was written before the `cancel` that took effect is visible to whoever finds the token cancelled. And whoever finds
/// a token cancelled finds all its descendants cancelled.
///
/// ```
/// use sync_prims::{CancellationToken, blocking::block_on};
///
/// let server = CancellationToken::new();
/// let connection = server.child_token();
/// std::thread::scope(|threads| {
///     threads.spawn(|| {
///         let served = block_on(connection.run_until_cancelled(std::future::pending::<()>()));
///         assert_eq!(served, None);
///     });
///     server.cancel();
/// });
/// assert!(connection.is_cancelled());
/// ```
///
/// # Cost
///
/// A token is one allocation. The tokens of a tree share one lock, which is held while a child is made, dropped or cancelled,
/// and never while a task is woken. A token whose clones are all dropped goes, even if it has children: they become children
/// of its parent, one by one under that lock. To cancel does so much under the lock as there are descendants. Trees may be
/// deep: nothing recurses.
pub struct CancellationToken {
    node: Arc<Node>,
}

impl CancellationToken {
    /// A token without a parent.
    pub fn new() -> CancellationToken {
        CancellationToken { node: Node::root() }
    }

    /// A token that is cancelled with this one, or alone.
    pub fn child_token(&self) -> CancellationToken {
        CancellationToken {
            node: self.node.child(),
        }
    }

    /// Cancels this token and all its descendants; wakes who waits for one of them, children before their parents.
    ///
    /// When it returns, all of them are cancelled, whoever did it, but those whom another thread's `cancel` found may not be
    /// woken yet. If a waker panics, the rest is woken while the panic unwinds.
    #[inline]
    pub fn cancel(&self) {
        self.node.cancel();
    }

    /// Whether it is cancelled.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Waits until it is cancelled.
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled::new(self)
    }

    /// As [`cancelled`](CancellationToken::cancelled), for a future that keeps the token.
    #[inline]
    pub fn cancelled_owned(self) -> OwnedCancelled {
        OwnedCancelled::new(self)
    }

    /// Sleeps until it is cancelled, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn cancelled_blocking(&self) {
        crate::blocking::block_on(self.cancelled());
    }

    /// Runs a future until it is ready or the token is cancelled: `None` in the latter case.
    ///
    /// Each poll looks at the token first; when that is cancelled, the future is not polled but dropped, before `None` is
    /// returned. Dropping the whole drops the future.
    #[inline]
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> RunUntilCancelled<'_, F> {
        RunUntilCancelled::new(self, future)
    }

    /// As [`run_until_cancelled`](CancellationToken::run_until_cancelled), for a future that keeps the token.
    #[inline]
    pub fn run_until_cancelled_owned<F: Future>(self, future: F) -> RunUntilCancelledOwned<F> {
        RunUntilCancelledOwned::new(self, future)
    }

    /// Cancels the token when the guard is dropped, on unwinding from a panic too.
    pub fn drop_guard(self) -> DropGuard {
        DropGuard::new(self)
    }

    /// As [`drop_guard`](CancellationToken::drop_guard), for a guard that borrows the token.
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef::new(self)
    }

    #[inline]
    fn node(&self) -> &Node {
        &self.node
    }
}

impl Clone for CancellationToken {
    /// The same token once more.
    fn clone(&self) -> CancellationToken {
        CancellationToken {
            node: self.node.clone(),
        }
    }
}

impl Default for CancellationToken {
    fn default() -> CancellationToken {
        CancellationToken::new()
    }
}

// A waker that panics leaves the tree as if it had not.
impl UnwindSafe for CancellationToken {}
impl RefUnwindSafe for CancellationToken {}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}
