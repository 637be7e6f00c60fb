//! Tasks that contend for something.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::sync::executor::{self, Threads, join_all};

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

    /// Times the tasks until the first of them has had `iterations` turns: to the end, all contend. Whoever serves one task
    /// before the others would else be timed with fewer and fewer of them.
    ///
    /// `work` makes a task, which says how many turns it had. The time is scaled to `iterations` turns of each.
    pub(super) fn time<W, F>(self, iterations: u64, work: W) -> Duration
    where
        W: Fn(u64, Turns) -> F + Send + Sync + 'static,
        F: Future<Output = u64> + Send + 'static,
    {
        executor::run(self.threads, async move {
            self.contend(iterations / 8 + 1, &work).await;
            let begin = Instant::now();
            let had = self.contend(iterations, &work).await;
            let wanted = self.tasks * iterations;
            begin.elapsed().mul_f64(wanted as f64 / had as f64)
        })
    }

    async fn contend<W, F>(self, iterations: u64, work: &W) -> u64
    where
        W: Fn(u64, Turns) -> F,
        F: Future<Output = u64> + Send + 'static,
    {
        let over = Arc::new(AtomicBool::new(false));
        let turns = |task| {
            let over = Arc::clone(&over);
            work(
                task,
                Turns {
                    had: 0,
                    iterations,
                    over,
                },
            )
        };
        join_all((0..self.tasks).map(turns)).await.into_iter().sum()
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
