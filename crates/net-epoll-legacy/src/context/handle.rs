//! What tasks and other threads have of a context.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{Shared, lock, stage};
use crate::reactor::Reactor;
use crate::task::{self, Entry, JoinHandle};
use crate::time::Sleep;

/// A handle of an [`IoContext`](crate::IoContext), for other threads and for its tasks. It may outlive the context; then nothing
/// can be started.
///
/// # Examples
///
/// ```
/// use net_epoll_legacy::IoContext;
/// use std::time::Duration;
///
/// let context = IoContext::new()?;
/// let (one, other) = (context.handle(), context.handle());
/// // Another thread hands work in, which the context does.
/// let given = std::thread::spawn(move || one.spawn_joined("answer", async { 6 * 7 }));
/// let answer = given.join().expect("nothing panics there");
/// assert_eq!(context.block_on(answer)?.expect("nor there"), 42);
/// // A task asks for the end, and has a second for what it still wants to say.
/// context.spawn(async move { other.stop_within(Duration::from_secs(1)) });
/// context.run()?;
/// assert!(context.handle().is_stopping());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Weak<Shared>,
    reactor: Arc<Reactor>,
}

impl Handle {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::downgrade(shared),
            reactor: shared.reactor.clone(),
        }
    }

    /// Starts a task that nobody waits for: its first poll happens here and now, up to the first suspension; after that the
    /// context's loop goes on with it. It frees itself when it ends. A panic inside ends the task alone, and the log says so.
    ///
    /// From a thread that does not run a context of one thread, the first poll is that context's too. On a context that was
    /// aborted the future is dropped.
    #[track_caller]
    pub fn spawn(&self, future: impl Future<Output: Send + 'static> + Send + 'static) {
        self.spawn_joined("", future).detach();
    }

    /// The same, with a name for the log.
    #[track_caller]
    pub fn spawn_named(
        &self,
        name: &str,
        future: impl Future<Output: Send + 'static> + Send + 'static,
    ) {
        self.spawn_joined(name, future).detach();
    }

    /// The same, and hands out a future of the output.
    #[track_caller]
    pub fn spawn_joined<F>(&self, name: &str, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let spawned_at = Location::caller();
        let shared = self.shared.upgrade();
        let entry = Entry::new(&self.shared, shared.as_deref().map(Shared::enroll));
        let key = entry.key;
        let (runnable, handle) = task::new(&self.shared, entry, name, spawned_at, future);
        if let Some(shared) = shared {
            shared.start(key, runnable);
        }
        handle
    }

    /// Ends the context now: the loop returns, and every task is dropped where it stands, so that its connections close.
    /// Safe from any thread, and from a task.
    pub fn request_abort(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.enter(stage::ABORTED);
        }
    }

    /// Ends the context gracefully: every `accept` fails with [`Stopping`](crate::Stopping), and the loop returns when the
    /// tasks have ended; those that are left after `grace` are dropped. Of several calls the earliest end counts.
    pub fn stop_within(&self, grace: Duration) {
        if let Some(shared) = self.shared.upgrade() {
            if let Some(at) = Instant::now().checked_add(grace) {
                let mut last_moment = lock(&shared.last_moment);
                *last_moment = Some(last_moment.map_or(at, |earlier| earlier.min(at)));
            }
            shared.enter(stage::STOPPING);
            // Whoever sleeps is to sleep no longer than that.
            shared.reactor.wake_sleeper();
        }
    }

    /// Whether a stop or an abort was asked for, or the context is gone.
    pub fn is_stopping(&self) -> bool {
        let stage = self.shared.upgrade().map(|shared| shared.stage());
        stage != Some(stage::RUNNING)
    }

    /// Waits. Cancel-safe: dropping it forgets the timer.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.reactor.clone(), duration)
    }

    pub(crate) fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("is_stopping", &self.is_stopping())
            .finish_non_exhaustive()
    }
}
