//! The handle that waits for a task's output on the task's own thread.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::abort::AbortHandle;
use super::error::JoinError;
use super::header::{COMPLETE, HANDLE, Header, MERGED, TaskPtr};
use super::remote_join::RemoteJoinHandle;
use super::{TaskId, waker};

/// Waits for the output of a task that was spawned on this context.
///
/// It stays on its thread, which is what makes joining cheap: no atomic operation, and the output need not be `Send`.
/// [`JoinHandle::into_remote`] makes a handle that any thread may hold.
///
/// Dropping the handle detaches the task, which runs on; its panic is then reported to standard error.
///
/// # Cancel safety
///
/// A future over `&mut JoinHandle` can be dropped and made again at any time without losing the output.
///
/// # Examples
///
/// ```
/// context::block_on(async {
///     let task = context::spawn(async { "output" });
///     assert_eq!(task.await.expect("no panic"), "output");
///
///     let task = context::spawn(async { panic!("on purpose") });
///     assert!(task.await.expect_err("a panic").is_panic());
/// })?;
/// # Ok::<(), context::RunError>(())
/// ```
#[must_use = "a dropped handle detaches its task; use `detach` to say so"]
pub struct JoinHandle<T> {
    task: Option<TaskPtr>,
    output: PhantomData<(T, *const ())>,
}

/// The handle moves no future and pins nothing.
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// A handle to `task`, whose flags have `HANDLE` set for it and whose output is a `T`.
    #[inline]
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
        self.task.is_none() || self.header().flags.has(COMPLETE)
    }

    /// Asks the task to end: its future is dropped at its next turn, and the handle yields a
    /// [cancelled](JoinError::is_cancelled) error. Nothing happens if it has ended.
    pub fn abort(&self) {
        if let Some(task) = self.task {
            // SAFETY: the handle keeps its task.
            unsafe { waker::abort(task) };
        }
    }

    /// A handle that can only abort, and that any thread may hold.
    ///
    /// # Panics
    ///
    /// If the handle has yielded its output.
    pub fn abort_handle(&self) -> AbortHandle {
        let task = self
            .task
            .expect("the handle has already yielded its output");
        // SAFETY: the handle keeps its task, which, if it ended unmerged, nobody else refers to yet.
        unsafe {
            let header = task.header();
            if header.flags.has(COMPLETE) && !header.flags.has(MERGED) {
                header.flags.insert(MERGED);
                header.shared.merge_ended();
            }
            AbortHandle::new(task)
        }
    }

    /// Lets the task run on by itself.
    pub fn detach(self) {}

    /// A handle that any thread may hold.
    ///
    /// # Panics
    ///
    /// If the handle has yielded its output.
    pub fn into_remote(mut self) -> RemoteJoinHandle<T>
    where
        T: Send,
    {
        let task = self
            .task
            .take()
            .expect("the handle has already yielded its output");
        // SAFETY: the handle keeps its task, and gives its hold to the new handle.
        unsafe {
            let header = task.header();
            header.flags.remove(HANDLE);
            let joiner = (*header.joiner.get()).take();
            header
                .shared
                .share_handle(header.flags.has(COMPLETE), header.flags.has(MERGED));
            if header.flags.has(COMPLETE) {
                header.flags.insert(MERGED);
            }
            drop(joiner);
        }
        RemoteJoinHandle::new(task)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self
            .task
            .expect("a join handle was polled after it yielded its output");
        // SAFETY: the handle keeps its task.
        let header = unsafe { task.header() };
        if !header.flags.has(COMPLETE) {
            // SAFETY: the joiner is touched by the home thread alone, which this is; the references end before foreign
            // code (`clone`, `drop`) runs.
            let same = unsafe { (*header.joiner.get()).as_ref() }
                .is_some_and(|joiner| joiner.will_wake(cx.waker()));
            if !same {
                let joiner = waker::clone_waker(cx.waker());
                // SAFETY: as above.
                let old = unsafe { (*header.joiner.get()).replace(joiner) };
                drop(old);
            }
            return Poll::Pending;
        }
        // SAFETY: the task is complete, `HANDLE` made this handle the owner of the output, and `T` is its type.
        let output = unsafe { super::take_output(task) };
        self.task = None;
        // SAFETY: the handle gives up its hold.
        unsafe { release_handle(task) };
        Poll::Ready(output)
    }
}

/// Gives up a home-thread handle's hold on a complete task.
///
/// # Safety
///
/// The task is complete, and the caller's handle is not used again.
#[inline]
unsafe fn release_handle(task: TaskPtr) {
    // SAFETY: by contract.
    let header = unsafe { task.header() };
    if !header.flags.has(MERGED) || header.shared.release() {
        // SAFETY: either nobody else has a reference (see `complete`), or the shared word says that this was the last.
        unsafe { super::free(task) };
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        // SAFETY: the handle keeps its task.
        let header = unsafe { task.header() };
        if header.flags.has(COMPLETE) {
            // SAFETY: complete, and this handle owns the output and its hold.
            unsafe {
                (header.vtable.drop_output)(task);
                release_handle(task);
            }
        } else {
            header.flags.remove(HANDLE);
            // SAFETY: touched by the home thread alone.
            let joiner = unsafe { (*header.joiner.get()).take() };
            drop(joiner);
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("task", &self.task.map(|_| self.id()))
            .field("finished", &self.is_finished())
            .finish()
    }
}
