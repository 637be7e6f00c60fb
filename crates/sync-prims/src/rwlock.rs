//! [`RwLock`]: a value that many may read, or one may write.
//!
//! The word, its transitions and its races are on the page of the module `raw`, which has the algorithm without the data. The
//! guards and the futures around it are generic over how the lock is held and how it is reached: see `mode`.

mod acquire;
mod guard;
mod mapped;
mod mode;
mod raw;
mod upgrade;

#[cfg(all(test, loom))]
mod loom_tests;

use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::fmt;

use crate::sync::const_unless_loom;
pub use acquire::{
    Acquire, Read, ReadOwned, UpgradableRead, UpgradableReadOwned, Write, WriteOwned,
};
pub use guard::{
    Guard, OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard,
    RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
};
pub use mapped::{
    MappedGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, OwnedMappedRwLockReadGuard,
    OwnedMappedRwLockWriteGuard,
};
pub use mode::{Exclusive, Shared, Upgradable};
pub use upgrade::Upgrade;

use mode::{Handle, Mode};
use raw::RawRwLock;

/// A value that many tasks and threads may read at a time, or one may write, across `await`s if it has to.
///
/// Free, it costs one atomic read-modify-write to lock, whichever way, and one to unlock. A wait costs no allocation.
///
/// ```
/// use sync_prims::{RwLock, blocking::block_on};
///
/// let numbers = RwLock::new(vec![1]);
/// block_on(async {
///     numbers.write().await.push(2);
///     let (one, other) = (numbers.read().await, numbers.read().await);
///     assert_eq!(one.len() + other.len(), 4);
/// });
/// ```
///
/// # Who is next
///
/// First come, first served: whoever wants to write is not passed by readers who come later, and readers are not passed by
/// writers who come later. When a writer unlocks, the readers in line up to the next writer enter together. The lock goes
/// from hand to hand: while somebody waits no `try_` form succeeds.
///
/// Reading again while one reads already may therefore wait forever: for a writer in line, which waits for the first
/// reading to end. Likewise locking in any way again what one has locked to write.
///
/// # Upgradable reading
///
/// One at a time may read [upgradably](RwLock::upgradable_read), besides any number of plain readers. It can
/// [become the writer](RwLockUpgradableReadGuard::upgrade) without anybody else writing in between, so what it read still
/// holds.
///
/// # A waiter that was let in and is not polled
///
/// Whoever is told that it is next has the lock, and keeps others waiting until its future is polled or dropped. So poll a
/// lock's future or drop it; do not keep it aside.
///
/// # Panics and forgotten guards
///
/// A panic while the lock is held unlocks it, as any drop of the guard does; the value is not marked (there is no poisoning),
/// and the next one sees what was left. A guard that is forgotten leaves the lock held for good. When the count of readers has
/// no room for one more (an eighth of the address space), the next waits for all of them to leave.
pub struct RwLock<T: ?Sized> {
    raw: RawRwLock,
    value: UnsafeCell<T>,
}

// SAFETY: the value goes with it, and nothing else of it is tied to a thread.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: readers share the value between threads, and whoever writes may move it to its own.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    const_unless_loom! {
        /// A lock that nobody holds.
        pub const fn new(value: T) -> RwLock<T> {
            RwLock {
                raw: RawRwLock::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks it to read if that can be done at once, and nobody waits.
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        try_acquire(self)
    }

    /// Locks it to read, in turn.
    ///
    /// Dropping the future leaves the line. If it had been let in already, the lock goes to the next.
    #[inline]
    pub fn read(&self) -> Read<'_, T> {
        Acquire::new(self)
    }

    /// Locks it to read if that can be done at once and nobody waits, with a guard of which there is one at a time and
    /// which can be upgraded.
    #[inline]
    pub fn try_upgradable_read(&self) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        try_acquire(self)
    }

    /// Locks it to read, in turn, with a guard of which there is one at a time and which can be
    /// [upgraded](RwLockUpgradableReadGuard::upgrade).
    ///
    /// Dropping the future leaves the line. If it had been let in already, the lock goes to the next.
    #[inline]
    pub fn upgradable_read(&self) -> UpgradableRead<'_, T> {
        Acquire::new(self)
    }

    /// Locks it to write if nobody has it, and nobody waits.
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        try_acquire(self)
    }

    /// Locks it to write, in turn.
    ///
    /// Dropping the future leaves the line. If it had been let in already, the lock goes to the next.
    #[inline]
    pub fn write(&self) -> Write<'_, T> {
        Acquire::new(self)
    }

    /// As [`try_read`](RwLock::try_read), with a guard that keeps the lock alive.
    #[inline]
    pub fn try_read_owned(self: &Arc<Self>) -> Option<OwnedRwLockReadGuard<T>> {
        try_acquire(self.clone())
    }

    /// As [`read`](RwLock::read), with a future and a guard that keep the lock alive.
    #[inline]
    pub fn read_owned(self: &Arc<Self>) -> ReadOwned<T> {
        Acquire::new(self.clone())
    }

    /// As [`try_upgradable_read`](RwLock::try_upgradable_read), with a guard that keeps the lock alive.
    #[inline]
    pub fn try_upgradable_read_owned(
        self: &Arc<Self>,
    ) -> Option<OwnedRwLockUpgradableReadGuard<T>> {
        try_acquire(self.clone())
    }

    /// As [`upgradable_read`](RwLock::upgradable_read), with a future and a guard that keep the lock alive.
    #[inline]
    pub fn upgradable_read_owned(self: &Arc<Self>) -> UpgradableReadOwned<T> {
        Acquire::new(self.clone())
    }

    /// As [`try_write`](RwLock::try_write), with a guard that keeps the lock alive.
    #[inline]
    pub fn try_write_owned(self: &Arc<Self>) -> Option<OwnedRwLockWriteGuard<T>> {
        try_acquire(self.clone())
    }

    /// As [`write`](RwLock::write), with a future and a guard that keep the lock alive.
    #[inline]
    pub fn write_owned(self: &Arc<Self>) -> WriteOwned<T> {
        Acquire::new(self.clone())
    }

    /// The value, without locking: whoever borrows the lock mutably is alone with it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// On plain threads, which sleep as long as it takes.
#[cfg(any(feature = "std", loom))]
impl<T: ?Sized> RwLock<T> {
    /// As [`read`](RwLock::read), on a plain thread.
    pub fn read_blocking(&self) -> RwLockReadGuard<'_, T> {
        crate::blocking::block_on(self.read())
    }

    /// As [`upgradable_read`](RwLock::upgradable_read), on a plain thread.
    pub fn upgradable_read_blocking(&self) -> RwLockUpgradableReadGuard<'_, T> {
        crate::blocking::block_on(self.upgradable_read())
    }

    /// As [`write`](RwLock::write), on a plain thread.
    pub fn write_blocking(&self) -> RwLockWriteGuard<'_, T> {
        crate::blocking::block_on(self.write())
    }

    /// As [`read_owned`](RwLock::read_owned), on a plain thread.
    pub fn read_owned_blocking(self: &Arc<Self>) -> OwnedRwLockReadGuard<T> {
        crate::blocking::block_on(self.read_owned())
    }

    /// As [`upgradable_read_owned`](RwLock::upgradable_read_owned), on a plain thread.
    pub fn upgradable_read_owned_blocking(self: &Arc<Self>) -> OwnedRwLockUpgradableReadGuard<T> {
        crate::blocking::block_on(self.upgradable_read_owned())
    }

    /// As [`write_owned`](RwLock::write_owned), on a plain thread.
    pub fn write_owned_blocking(self: &Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        crate::blocking::block_on(self.write_owned())
    }
}

#[inline]
fn try_acquire<H: Handle, M: Mode>(handle: H) -> Option<Guard<H, M>> {
    if !handle.raw().try_acquire(M::REQUEST) {
        return None;
    }
    // SAFETY: the line above says that the lock is now ours.
    Some(unsafe { Guard::from_locked(handle) })
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

/// Shows the value if it can be read at once; reads it while it does.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Some(guard) => shown.field("value", &&*guard),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}
