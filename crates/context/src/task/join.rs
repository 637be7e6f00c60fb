//! Handles that wait for a task's output, and what a task can end with instead of one.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use super::header::{COMPLETE, HANDLE, MERGED, TaskPtr};
use super::{TaskId, waker};

/// Why a task has no output.
///
/// One word wide, so that the usual outcome, an output, is cheap to hand over.
#[derive(thiserror::Error)]
#[error("task {} {}", .0.id, .0.cause)]
pub struct JoinError(Box<Failure>);

struct Failure {
    id: u64,
    cause: Cause,
}

enum Cause {
    Cancelled,
    /// Behind a lock because a payload need not be `Sync`, and an error should be.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("was cancelled before it finished"),
            Self::Panicked(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                write!(f, "panicked: {}", panic_message(&**payload))
            }
        }
    }
}

/// The text of a panic's payload.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(the payload is not text)")
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl JoinError {
    #[cold]
    pub(crate) fn cancelled(id: u64) -> Self {
        let cause = Cause::Cancelled;
        Self(Box::new(Failure { id, cause }))
    }

    #[cold]
    pub(crate) fn panicked(id: u64, payload: Box<dyn Any + Send>) -> Self {
        let cause = Cause::Panicked(Mutex::new(payload));
        Self(Box::new(Failure { id, cause }))
    }

    pub(crate) fn task_id(&self) -> u64 {
        self.0.id
    }

    /// The task that ended.
    pub fn id(&self) -> TaskId {
        TaskId(self.0.id)
    }

    /// True if the task was aborted, or its context stopped, before it finished.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled)
    }

    /// True if the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked(_))
    }

    /// The payload of the task's panic, or the error itself if it did not panic.
    ///
    /// # Errors
    ///
    /// The error, unchanged, when the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        let Failure { id, cause } = *self.0;
        match cause {
            Cause::Panicked(payload) => {
                Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
            Cause::Cancelled => Err(Self::cancelled(id)),
        }
    }

    /// Goes on with the task's panic on this thread.
    ///
    /// # Panics
    ///
    /// Always: with the task's own payload if it panicked, with this error's text if it was cancelled.
    pub fn resume(self) -> ! {
        match self.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) => panic!("{error}"),
        }
    }
}

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

    fn header(&self) -> &super::header::Header {
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

    fn header(&self) -> &super::header::Header {
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

    /// Asks the task to end; see [`JoinHandle::abort`].
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

/// Asks a task to end, from any thread; see [`JoinHandle::abort`].
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
    unsafe fn new(task: TaskPtr) -> Self {
        // SAFETY: by contract.
        unsafe { waker::retain(task) };
        Self { task }
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        // SAFETY: the handle counts a reference.
        TaskId(unsafe { self.task.header() }.origin.id)
    }

    /// Asks the task to end; see [`JoinHandle::abort`].
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
