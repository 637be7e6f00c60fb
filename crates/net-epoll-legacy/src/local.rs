//! Tasks that are not `Send`: they stay on the thread that made them.
//!
//! A context's own tasks may be polled, and dropped, by whichever thread is at hand. These are polled by a future,
//! [`LocalTasks::run_until`], which [`IoContext::block_on`](crate::IoContext::block_on) polls on its caller's thread.
//!
//! ```text
//!   any thread: a waker ──▶ ready: queue of tasks ──▶ run_until: up to 64 polls, on the one thread
//!                      └──▶ the waker of run_until
//! ```
//!
//! What is in the queue may only be dropped on that thread. So their end drops every task there, and waits for those that some other
//! thread is about to put into the queue: it has marked them already, and does nothing else in between.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use slab::Slab;

use crate::contained::wake;
use crate::task::{self, JoinHandle, Runnable};

/// Polls in a row before whatever else runs on the thread has its turn.
const BATCH: usize = 64;

/// Runs tasks that are not `Send`, on this thread, which may be one of a context of one thread or of several. When it is dropped, so
/// are the tasks.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// use net_epoll_legacy::{IoContext, LocalTasks};
///
/// let context = IoContext::new()?;
/// let handle = context.handle();
/// let tasks = LocalTasks::new();
/// let local = tasks.handle();
/// let count = Rc::new(Cell::new(0));
/// for _ in 0..3 {
///     let (clock, count) = (handle.clone(), count.clone());
///     local.spawn_local_named("counter", async move {
///         clock.sleep(Duration::from_millis(1)).await;
///         count.set(count.get() + 1);
///     });
/// }
/// context.block_on(tasks.run())?;
/// assert_eq!(count.get(), 3);
/// # std::io::Result::Ok(())
/// ```
#[derive(Default)]
pub struct LocalTasks {
    local: Rc<Local>,
}

/// Starts tasks of [`LocalTasks`]: for those tasks themselves. It may outlive them; then nothing can be started.
#[derive(Clone)]
pub struct LocalHandle {
    local: Weak<Local>,
}

/// What the handles share: on one thread.
#[derive(Default)]
struct Local {
    queue: Arc<Queue>,
    /// The live tasks, to get at each of them in the end.
    tasks: Rc<Books>,
    last_id: Cell<u64>,
}

type Books = RefCell<Slab<Waker>>;

/// A task's line in the books, which ends with it.
struct Line {
    books: Weak<Books>,
    key: usize,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(books) = self.books.upgrade() else {
            return;
        };
        let waker = books.borrow_mut().try_remove(self.key);
        drop(waker);
    }
}

/// What wakers get at, from any thread.
#[derive(Default)]
struct Queue(Mutex<Ready>);

#[derive(Default)]
struct Ready {
    tasks: VecDeque<Runnable>,
    /// Who polls them, while nothing is ready.
    runner: Option<Waker>,
}

impl Queue {
    fn push(&self, runnable: Runnable) {
        let runner = {
            let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            ready.tasks.push_back(runnable);
            ready.runner.take()
        };
        if let Some(waker) = runner {
            wake(waker);
        }
    }

    fn pop(&self) -> Option<Runnable> {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ready.tasks.pop_front()
    }

    /// Has the runner be woken when something is ready: at once if it is.
    fn wake_when_ready(&self, runner: &Waker) {
        let waker = runner.clone();
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ready = !ready.tasks.is_empty();
        let replaced = ready.runner.replace(waker);
        drop(ready);
        drop(replaced);
        if is_ready {
            runner.wake_by_ref();
        }
    }
}

impl LocalHandle {
    /// Starts a task that nobody waits for. Its first poll comes with [`LocalTasks::run`] or [`LocalTasks::run_until`].
    #[track_caller]
    pub fn spawn_local(&self, future: impl Future<Output: 'static> + 'static) {
        self.spawn_local_joined("", future).detach();
    }

    /// The same, with a name for the log.
    #[track_caller]
    pub fn spawn_local_named(&self, name: &str, future: impl Future<Output: 'static> + 'static) {
        self.spawn_local_joined(name, future).detach();
    }

    /// The same, and hands out a future of the output.
    #[track_caller]
    pub fn spawn_local_joined<F>(&self, name: &str, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: 'static> + 'static,
    {
        let spawned_at = Location::caller();
        let local = self.local.upgrade();
        let (queue, line, id) = match &local {
            Some(local) => (local.queue.clone(), local.enroll(), local.next_id()),
            None => (Arc::default(), Line::nowhere(), 0),
        };
        let (key, schedule) = (line.key, move |runnable| queue.push(runnable));
        let (runnable, handle) = task::new_local(schedule, line, id, name, spawned_at, future);
        if let Some(local) = local {
            if let Some(place) = local.tasks.borrow_mut().get_mut(key) {
                *place = runnable.waker();
            }
            local.queue.push(runnable);
        }
        handle
    }
}

impl Line {
    fn nowhere() -> Self {
        let (books, key) = (Weak::new(), usize::MAX);
        Self { books, key }
    }
}

impl Local {
    /// Writes a new task into the books. Its waker follows when there is one.
    fn enroll(&self) -> Line {
        let key = self.tasks.borrow_mut().insert(Waker::noop().clone());
        let books = Rc::downgrade(&self.tasks);
        Line { books, key }
    }

    fn next_id(&self) -> u64 {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }
}

impl LocalTasks {
    /// Without a task.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle, to start tasks with.
    #[must_use]
    pub fn handle(&self) -> LocalHandle {
        let local = Rc::downgrade(&self.local);
        LocalHandle { local }
    }

    /// Runs the tasks until none is left, those that they spawn included.
    ///
    /// Cancel-safe: dropping the future leaves the tasks where they are.
    pub async fn run(&self) {
        let is_done = poll_fn(|_| match self.local.tasks.borrow().is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        self.run_until(is_done).await;
    }

    /// Runs the tasks until a future is ready, and returns its output.
    ///
    /// Cancel-safe if the future is: the tasks stay where they are.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            for _ in 0..BATCH {
                let Some(runnable) = self.local.queue.pop() else {
                    break;
                };
                runnable.run();
            }
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            self.local.queue.wake_when_ready(cx.waker());
            Poll::Pending
        })
        .await
    }

    /// Live tasks.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.local.tasks.borrow().len()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        loop {
            let wakers: Vec<_> = {
                let tasks = self.tasks.borrow();
                tasks.iter().map(|(_, waker)| waker.clone()).collect()
            };
            wakers.into_iter().for_each(Waker::wake);
            while let Some(runnable) = self.queue.pop() {
                drop(runnable);
            }
            if self.tasks.borrow().is_empty() {
                return;
            }
            // Another thread is waking one of them.
            std::thread::yield_now();
        }
    }
}

impl fmt::Debug for LocalTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTasks")
            .field("tasks", &self.tasks())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LocalHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalHandle").finish_non_exhaustive()
    }
}
