//! The barrier over contexts: nobody begins a round before all have ended the one before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio::sync::Barrier;
use corio::yield_now;

use crate::support::{Tasks, context_counts};

#[test]
fn round_after_round() {
    for contexts in context_counts() {
        for (parties, rounds) in [(1, 100), (2, 10_000), (100, 100), (10_000, 5)] {
            let mut tasks = Tasks::over(contexts);
            let barrier = Arc::new(Barrier::new(parties));
            let arrivals = Arc::new(AtomicUsize::new(0));
            let leaders = Arc::new(AtomicUsize::new(0));
            tasks.add_each(parties, |_| {
                let (barrier, arrivals, leaders) =
                    (barrier.clone(), arrivals.clone(), leaders.clone());
                async move {
                    for round in 0..rounds {
                        let arrived = arrivals.fetch_add(1, Ordering::Relaxed);
                        assert!((round * parties..(round + 1) * parties).contains(&arrived));
                        if barrier.wait().await.is_leader() {
                            leaders.fetch_add(1, Ordering::Relaxed);
                        }
                        yield_now().await;
                    }
                }
            });
            tasks.run();
            assert_eq!(leaders.load(Ordering::Relaxed), rounds);
        }
    }
}
