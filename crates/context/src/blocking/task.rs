//! One job of a blocking pool, and the future of its output.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

/// A closure that is to run on a pool's thread. Dropped unrun, it tells its future so.
pub(super) type Job = Box<dyn Runnable>;

pub(super) trait Runnable: Send {
    /// Never panics.
    fn run(self: Box<Self>);

    /// Tells the future why it will not run. Never panics.
    fn refuse(self: Box<Self>, error: BlockingError);
}

/// The output of a closure that was given to [`BlockingPool::run`](super::BlockingPool::run).
///
/// Works under any executor. Dropping it detaches the closure, which runs all the same; its output is dropped on the
/// pool's thread.
///
/// Cancel-safe: the output stays until it was polled for.
#[must_use = "dropping it detaches the closure, and nobody learns of a panic"]
pub struct BlockingTask<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    result: Mutex<Progress<T>>,
    waker: AtomicWaker,
}

enum Progress<T> {
    Waiting,
    Finished(Result<T, BlockingError>),
    Taken,
}

/// Makes a job of a closure.
pub(super) fn job<T, F>(closure: F) -> (Job, BlockingTask<T>)
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let shared = Arc::new(Shared {
        result: Mutex::new(Progress::Waiting),
        waker: AtomicWaker::new(),
    });
    let task = BlockingTask {
        shared: Arc::clone(&shared),
    };
    (
        Box::new(Closure {
            closure: Some(closure),
            shared: Some(shared),
        }),
        task,
    )
}

/// What is queued: the closure goes before its result is published, so that nothing it holds outlives the `await`.
struct Closure<F, T> {
    closure: Option<F>,
    /// Taken when the result is published.
    shared: Option<Arc<Shared<T>>>,
}

impl<F, T> Closure<F, T> {
    fn finish(&mut self, result: Result<T, BlockingError>) {
        let Some(shared) = self.shared.take() else {
            return;
        };
        // If the task was detached, or its waker misbehaves, this runs foreign code: the thread has to survive it.
        let _ = catch_unwind(AssertUnwindSafe(move || shared.finish(result)));
    }

    fn drop_closure(&mut self) {
        let closure = self.closure.take();
        let _ = catch_unwind(AssertUnwindSafe(move || drop(closure)));
    }
}

impl<T, F> Runnable for Closure<F, T>
where
    T: Send,
    F: FnOnce() -> T + Send,
{
    fn run(mut self: Box<Self>) {
        let Some(closure) = self.closure.take() else {
            return;
        };
        let result = catch_unwind(AssertUnwindSafe(closure));
        self.finish(result.map_err(|payload| BlockingError::Panicked(PanicPayload::new(payload))));
    }

    fn refuse(mut self: Box<Self>, error: BlockingError) {
        self.drop_closure();
        self.finish(Err(error));
    }
}

impl<F, T> Drop for Closure<F, T> {
    fn drop(&mut self) {
        self.drop_closure();
        self.finish(Err(BlockingError::ShutDown));
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Progress<T>> {
        // No foreign code runs under this lock, so that it cannot be poisoned.
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, result: Result<T, BlockingError>) {
        *self.lock() = Progress::Finished(result);
        self.waker.wake();
    }

    fn take(&self) -> Option<Result<T, BlockingError>> {
        let mut progress = self.lock();
        match std::mem::replace(&mut *progress, Progress::Taken) {
            Progress::Waiting => {
                *progress = Progress::Waiting;
                None
            }
            Progress::Finished(result) => Some(result),
            Progress::Taken => {
                drop(progress);
                panic!("a blocking task was polled after it was ready")
            }
        }
    }
}

impl<T> BlockingTask<T> {
    /// Whether the output is there, or was taken.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.shared.lock(), Progress::Waiting)
    }
}

impl<T> Future for BlockingTask<T> {
    type Output = Result<T, BlockingError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.shared.take() {
            return Poll::Ready(result);
        }
        // Registered before the second look: a result that comes in between wakes.
        self.shared.waker.register(cx.waker());
        self.shared.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<T> fmt::Debug for BlockingTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingTask")
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// Why a closure gave no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockingError {
    /// It panicked.
    #[error("a blocking closure panicked: {0}")]
    Panicked(PanicPayload),
    /// The pool was shut down before it ran; it never will.
    #[error("the blocking pool was shut down before the closure ran")]
    ShutDown,
    /// The pool has no thread, and none could be started; the closure was dropped. Raise the limit of threads
    /// (`ulimit -u`, `pids.max` of the control group) or of memory.
    #[error("no thread could be started for the blocking pool: {0}")]
    Spawn(#[source] io::Error),
}

/// What a closure panicked with. The lock is never contended: it makes the payload `Sync`.
pub struct PanicPayload(Mutex<Box<dyn Any + Send>>);

impl PanicPayload {
    fn new(payload: Box<dyn Any + Send>) -> PanicPayload {
        PanicPayload(Mutex::new(payload))
    }

    /// The payload itself, as `catch_unwind` gives it.
    pub fn into_inner(self) -> Box<dyn Any + Send> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The message, if the payload is text, as that of `panic!` is.
    pub fn message(&self) -> Option<String> {
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| String::from(*text));
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for PanicPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            self.message()
                .as_deref()
                .unwrap_or("a payload that is not text"),
        )
    }
}

impl fmt::Debug for PanicPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PanicPayload")
            .field(&self.message())
            .finish()
    }
}
