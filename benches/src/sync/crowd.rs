//! Tasks that contend for something.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::sync::executor::{self, Threads, YieldNow, join_all};

/// How many, where, and what they do once they have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowd {
    pub(super) tasks: u64,
    pub(super) threads: Threads,
    pub(super) section: Section,
}

/// What happens between acquiring and releasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// A few instructions. On one thread nobody ever waits.
    Short,
    /// Those, and a yield to the other tasks, all of which come to wait.
    Yields,
}

impl Crowd {
    pub(super) fn name(self) -> String {
        let threads = match self.threads {
            Threads::One => "1 thread",
            Threads::Two => "2 threads",
        };
        let section = match self.section {
            Section::Short => "",
            Section::Yields => " yielding",
        };
        format!("{} tasks on {threads}{section}", self.tasks)
    }

    /// Crowds of these sizes on one and on two threads, with either section.
    pub(super) fn of(tasks: &[u64]) -> impl Iterator<Item = Crowd> {
        tasks.iter().flat_map(|&tasks| {
            [Threads::One, Threads::Two]
                .into_iter()
                .flat_map(move |threads| {
                    [Section::Short, Section::Yields]
                        .into_iter()
                        .map(move |section| Crowd {
                            tasks,
                            threads,
                            section,
                        })
                })
        })
    }

    /// Times the tasks from when all of them run until the first has had `iterations` turns: all the while, all contend.
    /// Whoever serves one task before the others would else be timed with fewer and fewer of them.
    ///
    /// `work` makes a task, which says how many turns it had. The time is scaled to `iterations` turns of each.
    pub(super) fn time<W, F>(self, iterations: u64, work: W) -> Duration
    where
        W: Fn(u64, Turns) -> F + Send + Sync + 'static,
        F: Future<Output = u64> + Send + 'static,
    {
        executor::run(self.threads, async move {
            self.contend(iterations / 8 + 1, &work).await;
            self.contend(iterations, &work).await
        })
    }

    async fn contend<W, F>(self, iterations: u64, work: &W) -> Duration
    where
        W: Fn(u64, Turns) -> F,
        F: Future<Output = u64> + Send + 'static,
    {
        let over = Arc::new(AtomicBool::new(false));
        let gate = Arc::new(Gate::default());
        let task = |task| {
            let over = Arc::clone(&over);
            let turns = work(
                task,
                Turns {
                    had: 0,
                    iterations,
                    over,
                },
            );
            let gate = Arc::clone(&gate);
            async move {
                gate.pass(self).await;
                turns.await
            }
        };
        let had: u64 = join_all((0..self.tasks).map(task)).await.into_iter().sum();
        let wanted = self.tasks * iterations;
        gate.opened().elapsed().mul_f64(wanted as f64 / had as f64)
    }
}

/// Holds the tasks of a crowd back until all of them have begun, on as many threads as there are.
#[derive(Default)]
struct Gate {
    here: AtomicU64,
    first_thread: OnceLock<ThreadId>,
    second_thread: AtomicBool,
    opened: OnceLock<Instant>,
}

impl Gate {
    async fn pass(&self, crowd: Crowd) {
        self.here.fetch_add(1, Ordering::Relaxed);
        loop {
            let here = thread::current().id();
            if *self.first_thread.get_or_init(|| here) != here {
                self.second_thread.store(true, Ordering::Relaxed);
            }
            let all_threads =
                crowd.threads == Threads::One || self.second_thread.load(Ordering::Relaxed);
            if all_threads && self.here.load(Ordering::Relaxed) == crowd.tasks {
                self.opened.get_or_init(Instant::now);
                return;
            }
            YieldNow::default().await;
        }
    }

    fn opened(&self) -> Instant {
        *self.opened.get().expect("all tasks have passed")
    }
}

/// The turns of one task; they end for all tasks when they end for one.
pub(super) struct Turns {
    had: u64,
    iterations: u64,
    over: Arc<AtomicBool>,
}

impl Turns {
    pub(super) fn had(&self) -> u64 {
        self.had
    }
}

impl Iterator for Turns {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        if self.had == self.iterations {
            self.over.store(true, Ordering::Relaxed);
        }
        if self.over.load(Ordering::Relaxed) {
            return None;
        }
        self.had += 1;
        Some(self.had)
    }
}
