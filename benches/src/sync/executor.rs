//! The executor that all subjects run on: tokio's, on one thread or on two.
//!
//! Every task runs without tokio's cooperative budget. Only tokio's own primitives draw on it, so it would make them yield
//! where the others go on, for the price of an executor's round that has nothing to do with the primitive.
//!
//! The two workers are pinned, each to a core of its own. Left to itself, the kernel moves a thread that was just woken
//! next to the one that woke it, and a case would time where the kernel put the threads.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// How many threads there are for the tasks of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// tokio's current-thread runtime.
    One,
    /// tokio's multi-thread runtime with two workers.
    Two,
}

/// Times `iterations` in each of so many tasks, after a warm-up.
///
/// `work` makes a task from its number and the number of its iterations.
pub(super) fn time_tasks<W, F>(threads: Threads, tasks: u64, iterations: u64, work: W) -> Duration
where
    W: Fn(u64, u64) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    run(threads, async move {
        join(tasks, iterations / 8 + 1, &work).await;
        let begin = Instant::now();
        join(tasks, iterations, &work).await;
        begin.elapsed()
    })
}

async fn join<W, F>(tasks: u64, iterations: u64, work: &W)
where
    W: Fn(u64, u64) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    join_all((0..tasks).map(|task| work(task, iterations))).await;
}

/// Spawns all and waits for all; their outputs.
pub(super) async fn join_all<F>(tasks: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let handles: Vec<_> = tasks.map(spawn).collect();
    let mut outputs = Vec::with_capacity(handles.len());
    for handle in handles {
        outputs.push(handle.await.expect("the cases do not panic"));
    }
    outputs
}

/// Builds the executor, runs `future` on it as a task, and takes it down.
pub(crate) fn run<F>(threads: Threads, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = match threads {
        Threads::One => Builder::new_current_thread().build(),
        Threads::Two => two_workers(),
    }
    .expect("tokio starts without privileges");
    runtime
        .block_on(async { spawn(future).await })
        .expect("the cases do not panic")
}

fn two_workers() -> std::io::Result<Runtime> {
    let allowed = sched_getaffinity(None)?;
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|core| allowed.is_set(*core))
        .collect();
    let next = AtomicUsize::new(0);
    Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(move || {
            let place = next.fetch_add(1, Ordering::Relaxed) % cores.len();
            let mut set = CpuSet::new();
            set.set(cores[place]);
            // A core that went away meanwhile leaves the thread where it is.
            let _ = sched_setaffinity(None, &set);
        })
        .build()
}

/// Spawns a task without a budget.
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(tokio::task::unconstrained(future))
}

/// Lets the other tasks run: the task goes to the end of its queue at once, and not by way of the poller, as with tokio's.
#[derive(Default)]
pub(super) struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
