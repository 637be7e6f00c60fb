//! What other threads hold of a context.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::blocking::BlockingTask;
use crate::core::{Core, CoreRef};
use crate::guard::{Ended, WaitGuard};
use crate::inspect::TaskInfo;
use crate::metrics::Metrics;
use crate::room::{NoRoom, Ticket};
use crate::stop::Stop;
use crate::task::RemoteJoinHandle;

/// A handle to a context, for any thread. A clone refers to the same context.
///
/// ```
/// use context::{Context, Stop};
///
/// let mut worker = Context::new();
/// worker.start()?;
/// let handle = worker.handle();
/// // From any thread: the future runs on the context's.
/// let joined = handle.submit(async { 6 * 7 })?;
/// assert_eq!(joined.join_blocking()?, 42);
/// worker.notify_stop(Stop::Abort);
/// worker.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    core: CoreRef,
}

/// Why a context did not take a future, which comes back.
#[derive(thiserror::Error)]
pub enum SubmitError<F> {
    /// A bounded context has no room.
    #[error("the context has no room: wait with `BoundedHandle::submit`, or submit again later")]
    Full(F),
    /// The context's run has ended.
    #[error("the context's run has ended: start it again before submitting")]
    Ended(F),
}

impl<F> SubmitError<F> {
    /// The future.
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(future) | Self::Ended(future) => future,
        }
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Ended(_) => "Ended(..)",
        })
    }
}

impl Handle {
    pub(crate) fn from_core(core: &Core) -> Self {
        Self {
            core: CoreRef::from_ref(core),
        }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    pub(crate) fn load(&self) -> u64 {
        self.core.load()
    }

    /// The context's id, unique in the process.
    pub fn id(&self) -> u64 {
        self.core.id
    }

    /// The context's name.
    pub fn name(&self) -> &str {
        &self.core.config.name
    }

    /// Hands a future to the context, which runs it as a task on its own thread. Never waits, and never runs the future
    /// here. Works before the context is started, too.
    ///
    /// # Errors
    ///
    /// The future, if the context's run has ended, or if the context is bounded and full.
    #[track_caller]
    pub fn submit<F>(&self, future: F) -> Result<RemoteJoinHandle<F::Output>, SubmitError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.submit_at(future, None, Location::caller())
    }

    /// As [`submit`](Self::submit), with a name that the task table and reports show.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    #[track_caller]
    pub fn submit_named<F>(
        &self,
        name: impl Into<Arc<str>>,
        future: F,
    ) -> Result<RemoteJoinHandle<F::Output>, SubmitError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.submit_at(future, Some(name.into()), Location::caller())
    }

    /// Has the context make a future on its own thread, with `make`, and run it. The future need not be `Send`.
    ///
    /// # Errors
    ///
    /// `make`, if the context's run has ended, or if the context is bounded and full.
    #[track_caller]
    pub fn submit_with<M, F>(&self, make: M) -> Result<RemoteJoinHandle<F::Output>, SubmitError<M>>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let made = Made {
            make: Some(make),
            future: None,
        };
        self.submit_at(made, None, Location::caller())
            .map_err(|error| match error {
                SubmitError::Full(made) => SubmitError::Full(made.into_make()),
                SubmitError::Ended(made) => SubmitError::Ended(made.into_make()),
            })
    }

    pub(crate) fn submit_at<F>(
        &self,
        future: F,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> Result<RemoteJoinHandle<F::Output>, SubmitError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.core.room.try_take() {
            Ok(()) => self.submit_with_room(future, name, location),
            Err(NoRoom::Full) => Err(SubmitError::Full(future)),
            Err(NoRoom::Closed) => Err(SubmitError::Ended(future)),
        }
    }

    /// Hands over a future for which room was taken.
    fn submit_with_room<F>(
        &self,
        future: F,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> Result<RemoteJoinHandle<F::Output>, SubmitError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if let Some(work) = &self.core.work
            && !work.try_begin()
        {
            self.core.room.freed();
            return Err(SubmitError::Ended(future));
        }
        let task = self.core.make_submitted(future, name, location);
        self.core.hand_over(task).map_err(|future| {
            if let Some(work) = &self.core.work {
                work.end();
            }
            self.core.room.freed();
            SubmitError::Ended(future)
        })
    }

    /// The handle of a bounded context, which can wait for room; `None` if the context is unbounded.
    pub fn bounded(&self) -> Option<BoundedHandle> {
        self.core.config.capacity.map(|_| BoundedHandle {
            handle: self.clone(),
        })
    }

    /// Runs a function that blocks on the context's pool.
    pub fn spawn_blocking<F, T>(&self, work: F) -> BlockingTask<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.core.config.blocking.run(work)
    }

    /// Keeps the context from counting as idle while the guard lives.
    ///
    /// # Errors
    ///
    /// [`Ended`] if the context's run is over.
    pub fn register_wait(&self) -> Result<WaitGuard, Ended> {
        WaitGuard::new(self.core.clone())
    }

    /// Asks the context's run to stop, and wakes it if it sleeps. Returns at once.
    pub fn notify_stop(&self, stop: Stop) {
        self.core.stop.ask(stop);
        self.core.unpark();
    }

    /// The context's counters.
    pub fn metrics(&self) -> Metrics {
        self.core.snapshot()
    }

    /// The context's live tasks, oldest first. Does not wait for the context: it may be in the middle of a task, or asleep.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.core.tasks()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("id", &self.id())
            .field("name", &self.name())
            .finish()
    }
}

/// A handle to a context that was built with a [capacity](crate::ContextBuilder::capacity).
///
/// ```
/// use context::{ContextBuilder, Stop, SubmitError};
///
/// let mut worker = ContextBuilder::new().capacity(1).build();
/// let handle = worker.handle().bounded().expect("it has a capacity");
/// let first = handle.try_submit(async { 1 })?;
/// // There is room for one, and it is taken: the second comes back.
/// let refused = handle.try_submit(async { 2 });
/// assert!(matches!(refused, Err(SubmitError::Full(_))));
///
/// // Waits for room instead, which is there once the worker has begun.
/// let third = handle.submit(async { 3 });
/// worker.start()?;
/// let third = context::block_on(third)??;
/// assert_eq!((first.join_blocking()?, third.join_blocking()?), (1, 3));
/// worker.notify_stop(Stop::Abort);
/// worker.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoundedHandle {
    handle: Handle,
}

impl BoundedHandle {
    /// Hands a future to the context if it has room.
    ///
    /// # Errors
    ///
    /// As [`Handle::submit`].
    #[track_caller]
    pub fn try_submit<F>(&self, future: F) -> Result<RemoteJoinHandle<F::Output>, SubmitError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.submit_at(future, None, Location::caller())
    }

    /// Hands a future to the context as soon as it has room; waiters are served in order of arrival.
    ///
    /// Resolves to an error with the future if the context's run has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the submission did not take place, and the future is dropped with it; the next waiter
    /// takes its turn.
    #[track_caller]
    pub fn submit<F>(&self, future: F) -> Submission<F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Submission {
            handle: self.handle.clone(),
            future: Some(future),
            ticket: Ticket::default(),
            location: Location::caller(),
        }
    }
}

/// The future of [`BoundedHandle::submit`].
#[must_use = "futures do nothing unless polled"]
pub struct Submission<F> {
    handle: Handle,
    future: Option<F>,
    ticket: Ticket,
    location: &'static Location<'static>,
}

/// The future is moved, never pinned here.
impl<F> Unpin for Submission<F> {}

impl<F> Future for Submission<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Output = Result<RemoteJoinHandle<F::Output>, SubmitError<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let room = this.handle.core.room.poll_take(&mut this.ticket, cx);
        let Poll::Ready(room) = room else {
            return Poll::Pending;
        };
        let future = this
            .future
            .take()
            .expect("a submission was polled after it was ready");
        Poll::Ready(match room {
            Ok(()) => this.handle.submit_with_room(future, None, this.location),
            Err(NoRoom::Full | NoRoom::Closed) => Err(SubmitError::Ended(future)),
        })
    }
}

impl<F> Drop for Submission<F> {
    fn drop(&mut self) {
        self.handle.core.room.leave(&mut self.ticket);
    }
}

impl<F> fmt::Debug for Submission<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("context", &self.handle.id())
            .finish_non_exhaustive()
    }
}

/// A future that is made, by `make`, on the thread where it is first polled, and stays there.
struct Made<M, F> {
    make: Option<M>,
    future: Option<Pin<Box<F>>>,
}

// SAFETY: until the first poll there is only `make`, which is `Send`. The first poll happens on the home thread of a
// task, and a task is polled and dropped nowhere else from then on.
unsafe impl<M: Send, F> Send for Made<M, F> {}

impl<M, F> Unpin for Made<M, F> {}

impl<M, F> Made<M, F> {
    fn into_make(self) -> M {
        self.make.expect("given back before it was polled")
    }
}

impl<M, F> Future for Made<M, F>
where
    M: FnOnce() -> F,
    F: Future,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Some(make) = this.make.take() {
            this.future = Some(Box::pin(make()));
        }
        this.future
            .as_mut()
            .expect("polled again after a panic")
            .as_mut()
            .poll(cx)
    }
}
