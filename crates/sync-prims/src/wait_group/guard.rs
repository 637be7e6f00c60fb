//! [`WaitGroupGuard`]: done on every way out.

use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use super::WaitGroup;

/// One at work in a [`WaitGroup`], who is done when it is dropped: at the end of the scope, at an early return, on unwinding
/// from a panic, and when the future that holds it is dropped. A clone is one more.
///
/// `G` is what leads to the group: `&WaitGroup`, an [`Arc`] ([`OwnedWaitGroupGuard`]), or another pointer. It is made by
/// [`WaitGroup::enter`] or [`WaitGroupGuard::enter`], which add one, or by [`WaitGroup::guard`] or [`WaitGroupGuard::new`]
/// for one that was added already.
///
/// ```
/// use std::sync::Arc;
///
/// use sync_prims::WaitGroup;
///
/// let work = Arc::new(WaitGroup::new());
/// let at_work = work.enter_owned();
/// for _ in 0..3 {
///     let at_work = at_work.clone();
///     std::thread::spawn(move || {
///         let _at_work = at_work;
///         // Whatever happens here, it is done then.
///     });
/// }
/// drop(at_work);
/// work.wait_blocking();
/// ```
#[must_use = "it is done when the guard is dropped, which is at once if it has no name"]
pub struct WaitGroupGuard<G: Deref<Target = WaitGroup>> {
    group: G,
    armed: bool,
}

/// A [`WaitGroupGuard`] that keeps its group alive.
pub type OwnedWaitGroupGuard = WaitGroupGuard<Arc<WaitGroup>>;

impl<G: Deref<Target = WaitGroup>> WaitGroupGuard<G> {
    /// A guard for one that was added already.
    pub const fn new(group: G) -> WaitGroupGuard<G> {
        WaitGroupGuard { group, armed: true }
    }

    /// One more at work.
    ///
    /// # Panics
    ///
    /// If they would be more than [`WaitGroup::MAX`].
    pub fn enter(group: G) -> WaitGroupGuard<G> {
        group.add(1);
        WaitGroupGuard::new(group)
    }

    /// The group in which it is at work.
    pub fn group(&self) -> &WaitGroup {
        &self.group
    }

    /// Drops the guard without being done: somebody else will call [`done`](WaitGroup::done).
    pub fn disarm(mut self) {
        self.armed = false;
    }
}

impl<G: Deref<Target = WaitGroup> + Clone> Clone for WaitGroupGuard<G> {
    fn clone(&self) -> WaitGroupGuard<G> {
        WaitGroupGuard::enter(self.group.clone())
    }
}

impl<G: Deref<Target = WaitGroup>> Drop for WaitGroupGuard<G> {
    fn drop(&mut self) {
        if self.armed {
            self.group.done();
        }
    }
}

impl<G: Deref<Target = WaitGroup>> fmt::Debug for WaitGroupGuard<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroupGuard")
            .field("group", &*self.group)
            .finish()
    }
}

impl WaitGroup {
    /// One more at work, until the guard is dropped.
    ///
    /// # Panics
    ///
    /// If they would be more than [`WaitGroup::MAX`].
    pub fn enter(&self) -> WaitGroupGuard<&WaitGroup> {
        WaitGroupGuard::enter(self)
    }

    /// The same, and the guard keeps the group alive.
    pub fn enter_owned(self: &Arc<WaitGroup>) -> OwnedWaitGroupGuard {
        WaitGroupGuard::enter(self.clone())
    }

    /// A guard for one that was added already: calls [`done`](WaitGroup::done) when it is dropped.
    pub const fn guard(&self) -> WaitGroupGuard<&WaitGroup> {
        WaitGroupGuard::new(self)
    }

    /// The same, and it keeps the group alive.
    pub fn guard_owned(self: &Arc<WaitGroup>) -> OwnedWaitGroupGuard {
        WaitGroupGuard::new(self.clone())
    }
}
