//! Tasks over the contexts of a scheduler, and the sizes of the grids.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use corio::{Scheduler, yield_now};

/// Tasks that are spread over the contexts of a scheduler.
pub(crate) struct Tasks {
    scheduler: Scheduler,
    submitted: usize,
    ended: Arc<AtomicUsize>,
}

impl Tasks {
    pub(crate) fn over(contexts: usize) -> Tasks {
        Tasks {
            scheduler: Scheduler::new(contexts),
            submitted: 0,
            ended: Arc::default(),
        }
    }

    /// Adds one, on the next context.
    pub(crate) fn add(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.submitted += 1;
        let ended = self.ended.clone();
        let counted = async move {
            task.await;
            ended.fetch_add(1, Ordering::Relaxed);
        };
        self.scheduler.handle().submit(counted).unwrap().detach();
    }

    /// Adds `count` of them.
    pub(crate) fn add_each<F>(&mut self, count: usize, task: impl Fn(usize) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        (0..count).for_each(|number| self.add(task(number)));
    }

    /// Runs all to their ends; fails if one panics.
    pub(crate) fn run(mut self) {
        self.scheduler.run().unwrap();
        assert_eq!(self.ended.load(Ordering::Relaxed), self.submitted);
    }
}

/// One context, and one for each processor, two at least.
pub(crate) fn context_counts() -> [usize; 2] {
    let processors = thread::available_parallelism().map_or(2, usize::from);
    [1, processors.max(2)]
}

/// Runs a test for each size of the grid: contexts, setters, waiters.
pub(crate) fn grid(test: impl Fn(Tasks, usize, usize)) {
    let [one, all] = context_counts();
    for contexts in [one, all] {
        for setters in [1, 100] {
            for waiters in [1, 100, 10_000] {
                test(Tasks::over(contexts), setters, waiters);
            }
        }
    }
    test(Tasks::over(all), 100, 100_000);
}

/// A counter that counts wrong if two count at the same time.
#[derive(Default)]
pub(crate) struct Unguarded(UnsafeCell<usize>);

// SAFETY: every access is made with a lock held, or after all is over; that is what the tests are about.
unsafe impl Sync for Unguarded {}

impl Unguarded {
    pub(crate) fn get(&self) -> usize {
        // SAFETY: as above.
        unsafe { self.0.get().read_volatile() }
    }

    /// Adds one, and lets others run between the look and the step.
    pub(crate) async fn count(&self) {
        let before = self.get();
        yield_now().await;
        // SAFETY: as above.
        unsafe { self.0.get().write_volatile(before + 1) }
    }
}
