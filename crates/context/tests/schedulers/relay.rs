//! Requirement 3 and the grid: relays of tasks over the contexts of a scheduler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use context::{Scheduler, SchedulerHandle};

/// 7, grid: 50 relays of 1,000 hops each, each hop on the next context.
#[test]
fn relays_over_all_contexts() {
    fn hop(scheduler: SchedulerHandle, at: usize, left: usize, hops: Arc<AtomicUsize>) {
        let context = scheduler.contexts()[at % scheduler.contexts().len()].clone();
        context
            .submit(async move {
                hops.fetch_add(1, Ordering::Relaxed);
                if left > 1 {
                    hop(scheduler, at + 1, left - 1, hops);
                }
            })
            .unwrap()
            .detach();
    }
    let mut scheduler = Scheduler::new(2);
    let hops = Arc::new(AtomicUsize::new(0));
    for at in 0..50 {
        hop(scheduler.handle(), at, 1000, hops.clone());
    }
    scheduler.run().unwrap();
    assert_eq!(hops.load(Ordering::Relaxed), 50_000);
}
