//! What holds permits that were taken, and gives them back.

use alloc::sync::Arc;
use core::mem;
use core::ptr;

use super::Semaphore;

/// Permits of a [`Semaphore`], which go back to it on drop.
#[must_use = "the permits go back at once if they are not kept"]
#[derive(Debug)]
pub struct SemaphorePermit<'s> {
    semaphore: &'s Semaphore,
    permits: usize,
}

/// As [`SemaphorePermit`], and keeps the semaphore alive.
#[must_use = "the permits go back at once if they are not kept"]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl<'s> SemaphorePermit<'s> {
    #[inline]
    pub(super) fn new(semaphore: &'s Semaphore, permits: usize) -> SemaphorePermit<'s> {
        SemaphorePermit { semaphore, permits }
    }

    /// How many permits it holds.
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// Lets the permits vanish: they do not go back.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes over the permits of another.
    ///
    /// # Panics
    ///
    /// If the other's are from another semaphore; they go back there.
    #[track_caller]
    pub fn merge(&mut self, other: SemaphorePermit<'_>) {
        assert!(
            ptr::eq(self.semaphore, other.semaphore),
            "permits of two semaphores cannot be merged"
        );
        self.permits = merged(self.permits, other.permits);
        mem::forget(other);
    }

    /// Takes so many permits out; `None`, and nothing is done, if it does not hold that many.
    #[must_use = "the permits go back at once if they are not kept"]
    pub fn split(&mut self, permits: usize) -> Option<SemaphorePermit<'s>> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(SemaphorePermit::new(self.semaphore, permits))
    }
}

impl Drop for SemaphorePermit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.raw.release(self.permits);
    }
}

impl OwnedSemaphorePermit {
    #[inline]
    pub(super) fn new(semaphore: Arc<Semaphore>, permits: usize) -> OwnedSemaphorePermit {
        OwnedSemaphorePermit { semaphore, permits }
    }

    /// The semaphore that the permits are from.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// How many permits it holds.
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// Lets the permits vanish: they do not go back.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes over the permits of another.
    ///
    /// # Panics
    ///
    /// If the other's are from another semaphore; they go back there.
    #[track_caller]
    pub fn merge(&mut self, mut other: OwnedSemaphorePermit) {
        assert!(
            Arc::ptr_eq(&self.semaphore, &other.semaphore),
            "permits of two semaphores cannot be merged"
        );
        self.permits = merged(self.permits, mem::take(&mut other.permits));
    }

    /// Takes so many permits out; `None`, and nothing is done, if it does not hold that many.
    #[must_use = "the permits go back at once if they are not kept"]
    pub fn split(&mut self, permits: usize) -> Option<OwnedSemaphorePermit> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(OwnedSemaphorePermit::new(self.semaphore.clone(), permits))
    }
}

impl Drop for OwnedSemaphorePermit {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.raw.release(self.permits);
    }
}

/// A semaphore takes no more than its maximum back, so nothing is lost here that would not be lost there.
fn merged(one: usize, other: usize) -> usize {
    one.saturating_add(other)
}
