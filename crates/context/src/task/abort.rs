//! The handle that only asks a task to end.

use std::fmt;

use super::header::TaskPtr;
use super::{TaskId, waker};

/// Asks a task to end, from any thread; see [`JoinHandle::abort`](super::JoinHandle::abort).
pub struct AbortHandle {
    task: TaskPtr,
}

// SAFETY: it reaches its task through its flags on the home thread and the shared word elsewhere, as a waker does.
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}

impl AbortHandle {
    /// # Safety
    ///
    /// The caller holds the task.
    pub(super) unsafe fn new(task: TaskPtr) -> Self {
        // SAFETY: by contract.
        unsafe { waker::retain(task) };
        Self { task }
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        // SAFETY: the handle counts a reference.
        TaskId(unsafe { self.task.header() }.origin.id)
    }

    /// Asks the task to end; see [`JoinHandle::abort`](super::JoinHandle::abort).
    pub fn abort(&self) {
        // SAFETY: the handle counts a reference.
        unsafe { waker::abort(self.task) };
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        // SAFETY: this handle counts a reference.
        unsafe { Self::new(self.task) }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        // SAFETY: the handle owns a reference.
        unsafe { waker::release(self.task) };
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AbortHandle").field(&self.id()).finish()
    }
}
