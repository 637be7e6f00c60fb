//! The context: tasks that are ready, the loop that runs them, and how that ends.
//!
//! ```text
//! spawn ──▶ first poll, on the caller's stack ──▶ suspended ◀─────────────┐
//!                                                  │ woken                │
//!                                                  ▼                      │
//!           queue of ready tasks ──▶ loop: up to 64 polls ──▶ suspended ──┘
//!                    ▲                        │
//!                    └── wakers ◀── one epoll_wait: descriptors, timers
//! ```
//!
//! Several threads may run the same loop: they share the queue, the epoll instance and the timers; `sleepers.rs` has how they wake one
//! another.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Instant;

use slab::Slab;

use crate::reactor::Reactor;
use crate::task::Runnable;

mod handle;
mod run;

pub use handle::Handle;

/// Polls in a row before the descriptors are looked at again.
const BATCH: usize = 64;

/// Tasks that start other tasks on one stack; further ones start from the queue.
const DEEPEST: usize = 32;

/// A runtime: tasks, descriptors and timers on one epoll instance, run by one thread or several.
///
/// Make one, spawn tasks, then [`run`](Self::run) it: that returns when all tasks have ended. Tasks that are left when
/// it is dropped are dropped, and their connections closed.
///
/// # Examples
///
/// ```
/// use net_epoll_legacy::{Acceptor, Connection, IoContext};
///
/// let context = IoContext::new()?;
/// let handle = context.handle();
/// context.block_on(async move {
///     let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await?;
///     let address = acceptor.local_addr()?;
///     handle.spawn_named("greeter", async move {
///         let (connection, _peer) = acceptor.accept().await.expect("a connection");
///         connection.send_all(b"hello").await.expect("somebody listens");
///     });
///     let connection = Connection::connect(&handle, address).await?;
///     let mut buffer = [0; 16];
///     let count = connection.receive(&mut buffer).await?;
///     assert_eq!(&buffer[..count], b"hello");
///     std::io::Result::Ok(())
/// })??;
/// # std::io::Result::Ok(())
/// ```
pub struct IoContext {
    shared: Arc<Shared>,
}

/// What the threads of a context share.
pub(crate) struct Shared {
    reactor: Arc<Reactor>,
    ready: Mutex<VecDeque<Runnable>>,
    /// The live tasks: how to get at each of them when the context is aborted.
    tasks: Mutex<Slab<Waker>>,
    next_id: AtomicU64,
    stage: AtomicU8,
    /// When a graceful stop becomes an abort.
    last_moment: Mutex<Option<Instant>>,
    threads: usize,
    /// Who runs it.
    runner: Mutex<Option<ThreadId>>,
    /// Who is to be told of an abort beside the loop.
    on_abort: Mutex<Option<Waker>>,
    /// First polls on one another's stack.
    depth: AtomicUsize,
}

/// What a context does; only ever goes up.
mod stage {
    pub(super) const RUNNING: u8 = 0;
    /// No new connections; ends with its last task.
    pub(super) const STOPPING: u8 = 1;
    pub(super) const ABORTED: u8 = 2;
}

impl IoContext {
    /// A context that one thread runs: the one that calls [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like: it needs two descriptors.
    pub fn new() -> io::Result<Self> {
        Self::multi_threaded(1)
    }

    /// A context that `threads` threads run, the caller of [`run`](Self::run) among them.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); `InvalidInput` if there are to be no threads.
    pub fn multi_threaded(threads: usize) -> io::Result<Self> {
        if threads == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a context needs a thread: ask for 1 or more",
            ));
        }
        Ok(Self {
            shared: Arc::new(Shared {
                reactor: Arc::new(Reactor::new()?),
                ready: Mutex::default(),
                tasks: Mutex::default(),
                next_id: AtomicU64::new(1),
                stage: AtomicU8::new(stage::RUNNING),
                last_moment: Mutex::default(),
                threads,
                runner: Mutex::default(),
                on_abort: Mutex::default(),
                depth: AtomicUsize::new(0),
            }),
        })
    }

    /// A handle, for tasks and other threads.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.shared)
    }

    /// Runs all tasks to their end, those that they spawn included. Returns early when the context is aborted, and then has
    /// dropped what was left.
    ///
    /// It may be called again, with new tasks.
    ///
    /// # Errors
    ///
    /// What the kernel says of waiting; or of starting a thread.
    pub fn run(&self) -> io::Result<()> {
        self.shared.run()
    }

    /// Runs until a future is ready, and returns its output. Other tasks run meanwhile; those that are left stay, for
    /// another call.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the context is aborted before the future is ready.
    pub fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        self.shared.block_on(future)
    }

    /// As [`Handle::spawn`].
    #[track_caller]
    pub fn spawn(&self, future: impl Future<Output: Send + 'static> + Send + 'static) {
        self.handle().spawn(future);
    }

    /// As [`Handle::spawn_named`].
    #[track_caller]
    pub fn spawn_named(
        &self,
        name: &str,
        future: impl Future<Output: Send + 'static> + Send + 'static,
    ) {
        self.handle().spawn_named(name, future);
    }

    /// As [`Handle::request_abort`].
    pub fn request_abort(&self) {
        self.shared.enter(stage::ABORTED);
    }

    /// Live tasks.
    pub fn tasks(&self) -> usize {
        lock(&self.shared.tasks).len()
    }

    /// Descriptors that are watched: connections, acceptors, sockets.
    pub fn descriptors(&self) -> usize {
        self.shared.reactor.watched()
    }
}

impl Drop for IoContext {
    fn drop(&mut self) {
        self.request_abort();
        self.shared.drop_tasks();
    }
}

impl Shared {
    /// Writes a new task into the books: its number and its key.
    fn enroll(&self) -> (u64, usize) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        // Its waker follows when there is one.
        (id, lock(&self.tasks).insert(Waker::noop().clone()))
    }

    /// Strikes a task out.
    pub(crate) fn forget(&self, key: usize) {
        let mut tasks = lock(&self.tasks);
        let waker = tasks.try_remove(key);
        let is_last = tasks.is_empty();
        drop(tasks);
        drop(waker);
        if is_last {
            self.reactor.wake_sleeper();
        }
    }

    /// Polls a new task for the first time, if it may be done here.
    fn start(&self, key: usize, runnable: Runnable) {
        let waker = runnable.waker();
        if let Some(place) = lock(&self.tasks).get_mut(key) {
            *place = waker.clone();
        }
        if self.is_aborted() {
            return drop(runnable);
        }
        let depth = self.depth.fetch_add(1, Ordering::Relaxed);
        if depth < DEEPEST && self.is_mine() {
            runnable.run();
        } else {
            self.schedule(runnable);
        }
        self.depth.fetch_sub(1, Ordering::Relaxed);
        if self.is_aborted() {
            self.drop_late(&waker);
        }
    }

    /// Drops a task that was started while the context was aborted, unless that is done: whoever dropped the others need not have
    /// seen it. Only this one, as its starter may hold locks that others take when they are dropped.
    fn drop_late(&self, waker: &Waker) {
        waker.wake_by_ref();
        let late = {
            let mut ready = lock(&self.ready);
            let at = ready
                .iter()
                .position(|runnable| runnable.waker().will_wake(waker));
            at.and_then(|at| ready.remove(at))
        };
        drop(late);
    }

    /// Whether this thread may poll.
    fn is_mine(&self) -> bool {
        let runner = *lock(&self.runner);
        self.threads > 1 || runner.is_none_or(|runner| runner == thread::current().id())
    }

    /// Queues a task that was woken.
    #[inline]
    pub(crate) fn schedule(&self, runnable: Runnable) {
        lock(&self.ready).push_back(runnable);
        self.reactor.wake_sleeper();
    }

    /// Takes the task that is the longest in the queue. If that leaves others, they are for whoever sleeps: two that were queued one
    /// after the other may have woken one thread only.
    #[inline]
    fn next_ready(&self) -> Option<Runnable> {
        let mut ready = lock(&self.ready);
        let runnable = ready.pop_front();
        let leaves_others = !ready.is_empty();
        drop(ready);
        if leaves_others {
            self.reactor.wake_sleeper();
        }
        runnable
    }

    /// Goes on to a later stage, if it is one.
    fn enter(&self, stage: u8) {
        if self.stage.fetch_max(stage, Ordering::SeqCst) >= stage {
            return;
        }
        self.reactor.stop_accepting();
        self.reactor.wake_sleeper();
        if stage == stage::ABORTED {
            let waker = lock(&self.on_abort).take();
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn stage(&self) -> u8 {
        self.stage.load(Ordering::SeqCst)
    }

    fn is_aborted(&self) -> bool {
        self.stage() == stage::ABORTED
    }

    /// Drops every task: nobody runs them any more. What their destructors spawn goes too.
    fn drop_tasks(&self) {
        loop {
            let wakers: Vec<_> = lock(&self.tasks)
                .iter()
                .map(|(_, waker)| waker.clone())
                .collect();
            for waker in wakers {
                waker.wake();
            }
            let ready = std::mem::take(&mut *lock(&self.ready));
            if ready.is_empty() {
                return;
            }
            for runnable in ready {
                drop(runnable);
            }
        }
    }
}

/// Nothing of this crate panics while it holds one of these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for IoContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoContext")
            .field("threads", &self.shared.threads)
            .field("tasks", &self.tasks())
            .field("descriptors", &self.descriptors())
            .finish_non_exhaustive()
    }
}
