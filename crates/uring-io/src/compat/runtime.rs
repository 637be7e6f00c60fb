//! A runtime of tokio and a context, together.

use std::future::Future;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use ::tokio::io::Interest;
use ::tokio::io::unix::AsyncFd;
use ::tokio::runtime::Handle;
use context::{Context, ContextBuilder, JoinError, JoinHandle, Next, RunError};
use pin_project_lite::pin_project;

/// Puts a context's runs into a runtime of tokio: its tasks may use what needs one, such as `tokio::spawn`, `tokio::time` and
/// `tokio::net`, and libraries that do.
///
/// The runtime is somebody else's, and has to run on threads of its own: a multi-threaded one, or one that another thread blocks
/// on. Its sockets and timers are served there and wake the context's tasks from afar, so what matters for speed is better
/// done with the context's own.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
/// let mut context = uring_io::compat::in_tokio(context::Context::builder(), tokio.handle()).build();
/// let sum = context.block_on(async {
///     tokio::time::sleep(Duration::from_millis(1)).await;
///     context::sleep(Duration::from_millis(1)).await;
///     tokio::spawn(async { 1 + 2 }).await
/// });
/// assert_eq!(sum??, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn in_tokio(builder: ContextBuilder, runtime: &Handle) -> ContextBuilder {
    let runtime = runtime.clone();
    builder.around(move |run| {
        let _entered = runtime.enter();
        run();
    })
}

/// Runs one future, on any context, with a runtime of tokio at hand. See [`in_tokio`], which does so for whole contexts.
///
/// Dropping it drops the future, within the runtime too. It is as cancel-safe as the future is.
pub fn with_tokio<F: Future>(runtime: &Handle, future: F) -> WithTokio<F> {
    WithTokio {
        future: Some(future),
        runtime: runtime.clone(),
    }
}

pin_project! {
    /// The future of [`with_tokio`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WithTokio<F> {
        #[pin]
        future: Option<F>,
        runtime: Handle,
    }

    impl<F> PinnedDrop for WithTokio<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.runtime.enter();
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for WithTokio<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.runtime.enter();
        this.future
            .as_pin_mut()
            .expect("taken by the drop alone")
            .poll(cx)
    }
}

/// Why [`drive`] ended without an output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriveError {
    /// The context could not be set up, failed, or was stopped before the future was done.
    #[error(transparent)]
    Run(#[from] RunError),
    /// tokio does not wait for the context's descriptor.
    #[error("tokio could not take the context's descriptor: {0}")]
    Reactor(#[source] io::Error),
}

/// Runs a context inside a task of tokio's, on its thread, until `future` is done; other tasks run beside it. Tasks that the
/// context has left then are aborted.
///
/// The future of this function stays on its thread: await it in `Runtime::block_on`, in a `LocalSet` or in `spawn_local`. The runtime has
/// to have I/O and time enabled.
///
/// The context is current while its own tasks are polled. Other tasks on the thread are strangers to it, and go through its
/// [`Handle`](context::Handle).
///
/// # Cancel safety
///
/// When it is dropped, the context is taken down: its tasks are aborted, their operations cancelled and collected.
///
/// # Errors
///
/// See [`DriveError`].
///
/// # Panics
///
/// If `future` panics; outside a runtime of tokio's, and in one without I/O or time.
///
/// # Examples
///
/// ```
/// use context::Context;
/// use uring_io::net::UnixStream;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let ours = uring_io::compat::drive(Context::new(), async {
///         let (here, there) = UnixStream::pair()?;
///         here.write_all("hello").await.0?;
///         let received = there.recv().await?.expect("not the end");
///         Ok::<_, std::io::Error>(received.len())
///     });
///     let theirs = tokio::time::sleep(std::time::Duration::from_millis(1));
///     let (received, ()) = tokio::join!(ours, theirs);
///     assert_eq!(received??, 5);
///     Ok(())
/// }
/// ```
pub async fn drive<F>(context: Context, future: F) -> Result<F::Output, DriveError>
where
    F: Future + 'static,
{
    let mut driven = context.into_driven()?;
    // A number of its own, which is closed before the context is taken down.
    let descriptor = driven
        .as_fd()
        .try_clone_to_owned()
        .and_then(|owned| {
            // SAFETY: an `OwnedFd` is the same open descriptor until it is dropped.
            let registered = unsafe { AsyncFd::register_with_interest(owned, Interest::READABLE) };
            Ok(registered?)
        })
        .map_err(DriveError::Reactor)?;
    let mut main = driven.enter(|| context::spawn_named("main", future));
    loop {
        let next = driven.turn()?;
        if main.is_finished() {
            return match driven.enter(|| take(&mut main)) {
                Ok(output) => Ok(output),
                Err(error) if error.is_panic() => error.resume(),
                Err(_) => Err(RunError::Stopped { live: 1 }.into()),
            };
        }
        match next {
            Next::Work => ::tokio::task::yield_now().await,
            Next::Wait(limit) => wait(&descriptor, limit)
                .await
                .map_err(DriveError::Reactor)?,
            Next::Ended => return Err(RunError::Stopped { live: 1 }.into()),
        }
    }
}

/// Until the descriptor is readable or the time is over.
async fn wait(descriptor: &AsyncFd<OwnedFd>, limit: Option<Duration>) -> io::Result<()> {
    let readable = async {
        // Before the turn: what comes from now on is another edge.
        descriptor.readable().await?.clear_ready();
        Ok(())
    };
    match limit {
        Some(limit) => ::tokio::time::timeout(limit, readable)
            .await
            .unwrap_or(Ok(())),
        None => readable.await,
    }
}

/// The output of a task that has ended.
fn take<T>(task: &mut JoinHandle<T>) -> Result<T, JoinError> {
    match Pin::new(task).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the task has ended"),
    }
}
