//! Why a semaphore gave no permit.

/// The semaphore was closed, and hands out no permits any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the semaphore was closed")]
pub struct AcquireError;

/// Why no permit could be taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TryAcquireError {
    /// The semaphore was closed, and hands out no permits any more.
    #[error("the semaphore was closed")]
    Closed,
    /// There are too few permits, or others have waited for them before: wait as well, or try later.
    #[error("the semaphore has no permits to spare; wait, or try later")]
    NoPermits,
}
