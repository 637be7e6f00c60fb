//! The acceptance grid of scheduler and context: 1 to 10,000 tasks, 1 to 1,000 submitters before the start, no-ops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use context::Scheduler;

use crate::support::nop;

/// Grid: 1 to 10,000 tasks, on one context and on several, submitted before and after the start.
#[test]
fn tasks() {
    for contexts in [1, 3] {
        for count in [1, 10, 100, 1000, 10_000] {
            for start_first in [false, true] {
                let mut scheduler = Scheduler::new(contexts);
                if start_first {
                    scheduler.start().unwrap();
                }
                let ran = Arc::new(AtomicUsize::new(0));
                for _ in 0..count {
                    let ran = ran.clone();
                    scheduler
                        .handle()
                        .submit(async move {
                            context::yield_now().await;
                            ran.fetch_add(1, Ordering::Relaxed);
                        })
                        .unwrap()
                        .detach();
                }
                scheduler.run().unwrap();
                assert_eq!(ran.load(Ordering::Relaxed), count);
            }
        }
    }
}

/// Grid: 1 to 1,000 threads submit before the start.
#[test]
fn submitters_before_the_start() {
    for submitters in [1, 10, 100, 1000] {
        let mut scheduler = Scheduler::new(2);
        let ran = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..submitters {
                let (handle, ran) = (scheduler.handle(), ran.clone());
                scope.spawn(move || {
                    for _ in 0..3 {
                        let ran = ran.clone();
                        handle
                            .submit(async move {
                                ran.fetch_add(1, Ordering::Relaxed);
                            })
                            .unwrap()
                            .detach();
                    }
                });
            }
        });
        assert_eq!(ran.load(Ordering::Relaxed), 0);
        scheduler.run().unwrap();
        assert_eq!(ran.load(Ordering::Relaxed), 3 * submitters);
    }
}

/// Grid: pairs of a task and a no-op, 1 to 10,000.
#[test]
fn no_ops() {
    for count in [1, 100, 1000, 10_000] {
        let mut scheduler = Scheduler::new(2);
        for _ in 0..count {
            scheduler.handle().submit_with(nop).unwrap().detach();
        }
        scheduler.run().unwrap();
        let completed: u64 = scheduler
            .contexts()
            .iter()
            .map(|context| context.metrics().completed)
            .sum();
        assert!(completed >= count, "{completed}");
    }
}
