//! [`Semaphore`]: a number of permits, handed out in the order in which they were asked for.
//!
//! The word, its transitions and its races are on the page of the module `raw`.

mod error;
mod futures;
mod permit;
mod raw;

#[cfg(all(test, loom))]
mod loom_tests;

use alloc::sync::Arc;
use core::fmt;

use crate::sync::const_unless_loom;
pub use error::{AcquireError, TryAcquireError};
pub use futures::{Acquire, AcquireOwned};
pub use permit::{OwnedSemaphorePermit, SemaphorePermit};

use raw::RawSemaphore;

/// A number of permits that tasks and threads take and give back.
///
/// It is fair: permits go to those who ask in the order in which they asked, and whoever asks for many is not starved by
/// those who ask for few; they stand in line behind it, even if there is enough for them. That goes for
/// [`try_acquire`](Semaphore::try_acquire) too, which fails while somebody waits.
///
/// Permits that are taken are held by a [`SemaphorePermit`], which gives them back when it is dropped. How many are out is
/// not counted: [`add_permits`](Semaphore::add_permits) makes new ones, [`SemaphorePermit::forget`] and
/// [`forget_permits`](Semaphore::forget_permits) let them vanish. To make more than
/// [`MAX_PERMITS`](Semaphore::MAX_PERMITS) available is a panic; should permits come back that there is no room for, they are
/// lost, as a drop must not panic.
///
/// Asking for 0 permits is answered at once, whoever waits.
///
/// To acquire costs one atomic read-modify-write, and to give back another, if nobody waits.
///
/// ```
/// use sync_prims::Semaphore;
///
/// let connections = Semaphore::new(2);
/// let first = connections.try_acquire().unwrap();
/// let second = connections.try_acquire().unwrap();
/// std::thread::scope(|threads| {
///     threads.spawn(|| connections.acquire_blocking().unwrap());
///     drop(first);
/// });
/// drop(second);
/// assert_eq!(connections.available_permits(), 2);
/// ```
pub struct Semaphore {
    raw: RawSemaphore,
}

impl Semaphore {
    /// The most permits that can be available at a time.
    pub const MAX_PERMITS: usize = raw::MAX_PERMITS;

    const_unless_loom! {
        /// A semaphore with so many permits.
        ///
        /// # Panics
        ///
        /// If there are more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
        pub const fn new(permits: usize) -> Semaphore {
            assert!(
                permits <= Semaphore::MAX_PERMITS,
                "a semaphore cannot have more than `Semaphore::MAX_PERMITS` permits"
            );
            Semaphore {
                raw: RawSemaphore::new(permits),
            }
        }
    }

    /// Takes a permit if one is available and nobody waits.
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits if they are available and nobody waits.
    ///
    /// More than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are never available.
    #[inline]
    pub fn try_acquire_many(&self, permits: usize) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.raw.try_take(permits)?;
        Ok(SemaphorePermit::new(self, permits))
    }

    /// As [`try_acquire`](Semaphore::try_acquire), for a permit that keeps the semaphore alive.
    #[inline]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`try_acquire_many`](Semaphore::try_acquire_many), for a permit that keeps the semaphore alive.
    #[inline]
    pub fn try_acquire_many_owned(
        self: &Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.raw.try_take(permits)?;
        Ok(OwnedSemaphorePermit::new(self.clone(), permits))
    }

    /// Takes a permit, in turn.
    ///
    /// Dropping the future leaves the line; a permit that it had been granted already goes to the next.
    #[inline]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Takes so many permits, all at once and in turn.
    ///
    /// If there are not that many permits, it waits until there are, because some were added, or until the semaphore is
    /// closed; everybody behind it waits as well. Dropping the future leaves the line; permits that it had been granted
    /// already go to the next.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[inline]
    pub fn acquire_many(&self, permits: usize) -> Acquire<'_> {
        assert_possible(permits);
        Acquire::new(self, permits)
    }

    /// As [`acquire`](Semaphore::acquire), for a permit that keeps the semaphore alive.
    #[inline]
    pub fn acquire_owned(self: &Arc<Self>) -> AcquireOwned {
        self.acquire_many_owned(1)
    }

    /// As [`acquire_many`](Semaphore::acquire_many), for a permit that keeps the semaphore alive.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[inline]
    pub fn acquire_many_owned(self: &Arc<Self>, permits: usize) -> AcquireOwned {
        assert_possible(permits);
        AcquireOwned::new(self.clone(), permits)
    }

    /// Sleeps until there is a permit to take, on a plain thread.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_blocking(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        crate::blocking::block_on(self.acquire())
    }

    /// Sleeps until there are so many permits to take, on a plain thread.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_many_blocking(
        &self,
        permits: usize,
    ) -> Result<SemaphorePermit<'_>, AcquireError> {
        crate::blocking::block_on(self.acquire_many(permits))
    }

    /// As [`acquire_blocking`](Semaphore::acquire_blocking), for a permit that keeps the semaphore alive.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_owned_blocking(self: &Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        crate::blocking::block_on(self.acquire_owned())
    }

    /// As [`acquire_many_blocking`](Semaphore::acquire_many_blocking), for a permit that keeps the semaphore alive.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) are asked for, which can never be available.
    #[cfg(any(feature = "std", loom))]
    pub fn acquire_many_owned_blocking(
        self: &Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        crate::blocking::block_on(self.acquire_many_owned(permits))
    }

    /// How many permits are available. While somebody waits for many there may be some, and yet none to be had.
    pub fn available_permits(&self) -> usize {
        self.raw.available_permits()
    }

    /// Makes so many new permits, for those who wait and those who come.
    ///
    /// A closed semaphore takes them, and hands none out.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) would be available. Nothing has changed then, and the semaphore
    /// can be used further.
    pub fn add_permits(&self, permits: usize) {
        let added = self.raw.add(permits);
        assert!(
            added,
            "more than `Semaphore::MAX_PERMITS` permits of a semaphore would be available"
        );
    }

    /// Lets up to so many of the available permits vanish; how many did.
    pub fn forget_permits(&self, permits: usize) -> usize {
        self.raw.forget(permits)
    }

    /// Refuses permits to all who wait and all who come, for good. Permits that are out stay valid, and so do those that a
    /// waiter was granted before, polled or not.
    pub fn close(&self) {
        self.raw.close();
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.raw.is_closed()
    }
}

#[track_caller]
#[inline]
fn assert_possible(permits: usize) {
    assert!(
        permits <= Semaphore::MAX_PERMITS,
        "a semaphore never has more than `Semaphore::MAX_PERMITS` permits"
    );
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
