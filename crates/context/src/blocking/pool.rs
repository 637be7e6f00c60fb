//! The threads of a blocking pool, their queue, and how they end.
//!
//! All state is under one lock. A thread that ends because it was idle leaves its handle to the next one that does,
//! or to the shutdown, to be joined: so each thread is joined, and when `shutdown` returns none is left.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::task::{BlockingError, BlockingTask, Job, job};

/// How a [`BlockingPool`] is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockingConfig {
    /// The most threads at any time, at least 1. Closures beyond wait in the queue, which has no bound. Default: 64.
    pub max_threads: usize,
    /// How long a thread waits for work before it ends. Default: 10 s.
    pub keep_alive: Duration,
    /// What the threads are called, followed by a number. Linux shows 15 bytes. Default: `corio-block-`.
    pub thread_name: String,
}

impl Default for BlockingConfig {
    fn default() -> BlockingConfig {
        BlockingConfig {
            max_threads: 64,
            keep_alive: Duration::from_secs(10),
            thread_name: String::from("corio-block-"),
        }
    }
}

/// Threads for closures that block. Clones share one pool.
///
/// A pool without work has no threads, once they were idle for [`BlockingConfig::keep_alive`]; idle threads sleep.
/// Dropping the last clone is [`shutdown`](BlockingPool::shutdown).
///
/// ```
/// let pool = context::BlockingPool::default();
/// let task = pool.run(|| std::fs::read_to_string("/proc/self/comm"));
/// pool.shutdown();
/// assert!(task.is_finished());
/// ```
#[derive(Clone, Debug, Default)]
pub struct BlockingPool {
    owner: Arc<Owner>,
}

/// Shuts the pool down with its last handle. The threads hold [`Shared`] only.
#[derive(Debug, Default)]
struct Owner {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    config: BlockingConfig,
    state: Mutex<State>,
    /// Signalled for a job, and to all when the pool stops.
    work: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// Threads that wait for a job, those included that were signalled and have not woken yet: their jobs are still
    /// in the queue.
    idle: usize,
    threads: HashMap<usize, JoinHandle<()>>,
    /// The thread that ended last by itself, to be joined.
    ended: Option<JoinHandle<()>>,
    last_number: usize,
    stopping: bool,
}

impl BlockingPool {
    /// A pool without threads.
    ///
    /// # Panics
    ///
    /// If `max_threads` is zero.
    pub fn new(config: BlockingConfig) -> BlockingPool {
        assert!(
            config.max_threads > 0,
            "a blocking pool needs at least one thread"
        );
        let shared = Arc::new(Shared {
            config,
            ..Shared::default()
        });
        BlockingPool {
            owner: Arc::new(Owner { shared }),
        }
    }

    /// Runs `closure` on a thread of the pool; the future gives its output. It runs whether or not the future is
    /// polled or dropped.
    ///
    /// # Errors
    ///
    /// The future fails with [`BlockingError::Panicked`] if the closure panics; with [`BlockingError::ShutDown`] if
    /// the pool was or is shut down before it runs; with [`BlockingError::Spawn`] if there is no thread and none can
    /// be started.
    pub fn run<T, F>(&self, closure: F) -> BlockingTask<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (job, task) = job(closure);
        if let Err((job, error)) = self.owner.shared.submit(job) {
            job.refuse(error);
        }
        task
    }

    /// Takes no further closures, runs all that are queued, and joins all threads. Called from a thread of the pool,
    /// it does not wait for that one, which ends when the queue is empty. Of several callers the first one joins.
    pub fn shutdown(&self) {
        self.owner.shared.shutdown();
    }

    /// Takes no further closures, drops all that are queued (their futures fail with [`BlockingError::ShutDown`]),
    /// waits for those that run, and joins all threads. Otherwise as [`shutdown`](BlockingPool::shutdown).
    pub fn shutdown_now(&self) {
        let queued = {
            let mut state = self.owner.shared.lock();
            state.stopping = true;
            std::mem::take(&mut state.queue)
        };
        for job in queued {
            job.refuse(BlockingError::ShutDown);
        }
        self.owner.shared.shutdown();
    }

    /// How many threads there are, at work or idle.
    pub fn threads(&self) -> usize {
        self.owner.shared.lock().threads.len()
    }

    /// How many of the threads are idle.
    pub fn idle_threads(&self) -> usize {
        self.owner.shared.lock().idle
    }

    /// How many closures wait for a thread.
    pub fn queued(&self) -> usize {
        self.owner.shared.lock().queue.len()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.shutdown();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No job runs under this lock, so that it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(self: &Arc<Shared>, job: Job) -> Result<(), (Job, BlockingError)> {
        let mut state = self.lock();
        if state.stopping {
            return Err((job, BlockingError::ShutDown));
        }
        state.queue.push_back(job);
        if state.queue.len() > state.idle && state.threads.len() < self.config.max_threads {
            // Under the lock: a thread that ends at once finds its own handle.
            if let Err(error) = self.spawn(&mut state)
                && state.threads.is_empty()
                && let Some(job) = state.queue.pop_back()
            {
                return Err((job, BlockingError::Spawn(error)));
            }
        }
        let any_idle = state.idle > 0;
        drop(state);
        if any_idle {
            self.work.notify_one();
        }
        Ok(())
    }

    fn spawn(self: &Arc<Shared>, state: &mut State) -> std::io::Result<()> {
        state.last_number += 1;
        let number = state.last_number;
        let shared = Arc::clone(self);
        let handle = thread::Builder::new()
            .name(format!("{}{number}", self.config.thread_name))
            .spawn(move || shared.serve(number))?;
        state.threads.insert(number, handle);
        Ok(())
    }

    /// What each thread does.
    fn serve(&self, number: usize) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                job.run();
                state = self.lock();
                continue;
            }
            if state.stopping {
                return;
            }
            state.idle += 1;
            let waited = self
                .work
                .wait_timeout_while(state, self.config.keep_alive, |state| {
                    state.queue.is_empty() && !state.stopping
                });
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() && !state.stopping {
                return leave(state, number);
            }
        }
    }

    fn shutdown(&self) {
        let (threads, ended) = {
            let mut state = self.lock();
            state.stopping = true;
            let threads = std::mem::take(&mut state.threads);
            (threads, state.ended.take())
        };
        self.work.notify_all();
        let here = thread::current().id();
        for handle in threads.into_values().chain(ended) {
            if handle.thread().id() != here {
                // Jobs do not panic, so that threads do not either.
                let _ = handle.join();
            }
        }
    }
}

/// The end of an idle thread: it leaves its own handle, and joins the one that was left before.
fn leave(mut state: MutexGuard<'_, State>, number: usize) {
    let own = state.threads.remove(&number);
    let before = std::mem::replace(&mut state.ended, own);
    drop(state);
    if let Some(handle) = before {
        let _ = handle.join();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Shared")
            .field("config", &self.config)
            .field("threads", &state.threads.len())
            .field("idle", &state.idle)
            .field("queued", &state.queue.len())
            .field("stopping", &state.stopping)
            .finish()
    }
}
