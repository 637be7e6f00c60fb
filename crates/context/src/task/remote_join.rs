//! The handle that waits for a task's output on any thread.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::abort::AbortHandle;
use super::error::JoinError;
use super::header::{Header, TaskPtr};
use super::{TaskId, waker};

/// Waits, on any thread, for the output of a task.
///
/// Dropping the handle detaches the task, which runs on; its panic is then reported to standard error.
///
/// # Cancel safety
///
/// A future over `&mut RemoteJoinHandle` can be dropped and made again at any time without losing the output.
#[must_use = "a dropped handle detaches its task; use `detach` to say so"]
pub struct RemoteJoinHandle<T> {
    task: Option<TaskPtr>,
    output: PhantomData<T>,
}

// SAFETY: the handle reaches its task through the shared word, the inbox and the atomic joiner only, and the output
// through the shared word's hand-over; it takes or drops a `T`, which is `Send`.
unsafe impl<T: Send> Send for RemoteJoinHandle<T> {}
// SAFETY: by `&self` it only reads the shared word and the origin, and asks for an abort.
unsafe impl<T: Send> Sync for RemoteJoinHandle<T> {}

impl<T> Unpin for RemoteJoinHandle<T> {}

impl<T> RemoteJoinHandle<T> {
    /// A handle to `task`, whose shared word counts a reference and has `INTEREST` set for it, and whose output is a `T`.
    pub(crate) fn new(task: TaskPtr) -> Self {
        Self {
            task: Some(task),
            output: PhantomData,
        }
    }

    fn header(&self) -> &Header {
        let task = self
            .task
            .expect("the handle has already yielded its output");
        // SAFETY: a handle that has not yielded keeps its task.
        unsafe { task.header() }
    }

    /// The task's id.
    ///
    /// # Panics
    ///
    /// If the handle has yielded its output.
    pub fn id(&self) -> TaskId {
        TaskId(self.header().origin.id)
    }

    /// The task's name, if it was given one.
    ///
    /// # Panics
    ///
    /// If the handle has yielded its output.
    pub fn name(&self) -> Option<&str> {
        self.header().origin.name().map(|name| &**name)
    }

    /// True once the task has ended in any way.
    pub fn is_finished(&self) -> bool {
        self.task.is_none() || self.header().shared.is_complete()
    }

    /// Asks the task to end; see [`JoinHandle::abort`](super::JoinHandle::abort).
    pub fn abort(&self) {
        if let Some(task) = self.task {
            // SAFETY: the handle keeps its task.
            unsafe { waker::abort(task) };
        }
    }

    /// A handle that can only abort.
    ///
    /// # Panics
    ///
    /// If the handle has yielded its output.
    pub fn abort_handle(&self) -> AbortHandle {
        let task = self
            .task
            .expect("the handle has already yielded its output");
        // SAFETY: the handle keeps its task.
        unsafe { AbortHandle::new(task) }
    }

    /// Lets the task run on by itself.
    pub fn detach(self) {}

    /// Blocks this thread until the task has ended.
    ///
    /// # Errors
    ///
    /// As the handle's own output: the task panicked or was cancelled.
    ///
    /// # Panics
    ///
    /// On a context's own thread, which would stop every task on it: await the handle there.
    pub fn join_blocking(self) -> Result<T, JoinError> {
        assert!(
            !crate::current::is_bound(),
            "join_blocking would stop every task on this context: await the handle instead"
        );
        crate::thread_park::block_on(self)
    }
}

impl<T> Future for RemoteJoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self
            .task
            .expect("a join handle was polled after it yielded its output");
        // SAFETY: the handle keeps its task.
        let header = unsafe { task.header() };
        if !header.shared.is_complete() {
            header.remote_joiner.register(cx.waker());
            // Again: completion may have looked for a joiner before this one was registered.
            if !header.shared.is_complete() {
                return Poll::Pending;
            }
            // A joiner that nobody will take any more could keep its task, and that one this.
            drop(header.remote_joiner.take());
        }
        // SAFETY: the task is complete, `INTEREST` made this handle the owner of the output, and `T` is its type.
        let output = unsafe { super::take_output(task) };
        self.task = None;
        // SAFETY: the handle gives up its hold.
        unsafe { release_remote(task) };
        Poll::Ready(output)
    }
}

impl<T> Drop for RemoteJoinHandle<T> {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        // SAFETY: the handle keeps its task until the release, and owns the output once the task is complete.
        unsafe {
            let header = task.header();
            // Two tasks that awaited each other would keep each other.
            drop(header.remote_joiner.take());
            if header.shared.forgo() {
                (header.vtable.drop_output)(task);
            }
            release_remote(task);
        }
    }
}

/// Gives up a remote handle's reference.
///
/// A remote handle's reference is always counted in the shared word, so it is given up there even on the home thread.
///
/// # Safety
///
/// The caller owns the reference.
unsafe fn release_remote(task: TaskPtr) {
    // SAFETY: by contract.
    if unsafe { task.header() }.shared.release() {
        // SAFETY: the shared word says that this was the last reference.
        unsafe { super::free(task) };
    }
}

impl<T> fmt::Debug for RemoteJoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJoinHandle")
            .field("task", &self.task.map(|_| self.id()))
            .field("finished", &self.is_finished())
            .finish()
    }
}
