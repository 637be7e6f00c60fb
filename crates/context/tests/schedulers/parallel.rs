//! Requirement 17: map and reduce over a scheduler's contexts.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use context::{Scheduler, Stop, parallel_map, parallel_reduce};

use crate::support::{Drops, Watchdog};

fn started(contexts: usize) -> Scheduler {
    let mut scheduler = Scheduler::new(contexts);
    scheduler.start().unwrap();
    scheduler
}

/// 17: results in the order of the items, for counts around the number of contexts, on all contexts.
#[test]
fn map_keeps_the_order() {
    let scheduler = started(3);
    for count in [0, 1, 2, 3, 4, 10, 1000] {
        let handle = scheduler.handle();
        let results = context::block_on(async move {
            parallel_map(&handle, 0..count, |n| async move {
                if n % 3 == 0 {
                    context::yield_now().await;
                }
                (n * 2, std::thread::current().id())
            })
            .await
        })
        .unwrap();
        let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
        assert!(
            results
                .iter()
                .map(|(n, _)| *n)
                .eq((0..count).map(|n| n * 2))
        );
        let threads: HashSet<_> = results.iter().map(|(_, thread)| thread).collect();
        assert_eq!(threads.len(), (count as usize).min(3));
    }
}

/// 17: an item whose function or future panics fails alone.
#[test]
fn a_panic_is_its_items_own() {
    let scheduler = started(2);
    let handle = scheduler.handle();
    let results = context::block_on(async move {
        parallel_map(&handle, 0..10_u32, |n| {
            assert_ne!(n, 2, "in the function");
            async move {
                context::yield_now().await;
                assert_ne!(n, 7, "in the future");
                n
            }
        })
        .await
    })
    .unwrap();
    for (n, result) in results.into_iter().enumerate() {
        match result {
            Ok(got) => assert_eq!(got as usize, n),
            Err(error) => assert!(error.is_panic() && (n == 2 || n == 7)),
        }
    }
}

/// 17: one result for each item, also where a context takes no work.
#[test]
fn a_stopped_scheduler_fails_each_item() {
    let mut scheduler = started(3);
    scheduler.notify_stop(Stop::Abort);
    scheduler.join().unwrap();
    for count in [0, 1, 2, 10] {
        let handle = scheduler.handle();
        let results = context::block_on(async move {
            parallel_map(&handle, 0..count, |n| async move { n }).await
        })
        .unwrap();
        assert_eq!(results.len(), count);
        assert!(
            results
                .iter()
                .all(|result| result.as_ref().unwrap_err().is_cancelled())
        );
        let handle = scheduler.handle();
        let total = context::block_on(async move {
            parallel_reduce(&handle, 0..count, |n| async move { n }, |a, b| a + b).await
        })
        .unwrap();
        match total {
            Ok(total) => assert_eq!((total, count), (None, 0)),
            Err(error) => assert!(error.is_cancelled()),
        }
    }
}

/// 17: dropping the future aborts what has not finished.
#[test]
fn dropping_the_map_aborts_its_items() {
    let _watchdog = Watchdog::new("dropping_the_map_aborts_its_items");
    let mut scheduler = started(2);
    let drops = Drops::default();
    let begun = Arc::new(AtomicUsize::new(0));
    let (handle, drops_inside, counted) = (scheduler.handle(), drops.clone(), begun.clone());
    context::block_on(async move {
        let map = context::spawn(async move {
            parallel_map(&handle, 0..20, move |_| {
                let guard = drops_inside.guard();
                let counted = counted.clone();
                async move {
                    let _guard = guard;
                    counted.fetch_add(1, Ordering::SeqCst);
                    std::future::pending::<()>().await;
                }
            })
            .await
        });
        while begun.load(Ordering::SeqCst) < 20 {
            context::yield_now().await;
        }
        map.abort();
        assert!(map.await.unwrap_err().is_cancelled());
    })
    .unwrap();
    // No item is left that would keep the run from ending.
    scheduler.run().unwrap();
    assert_eq!(drops.count(), 20);
}

/// 17: reduce combines in order, so any associative function will do.
#[test]
fn reduce_keeps_the_order() {
    let scheduler = started(3);
    for count in [0, 1, 2, 3, 4, 10, 1000_u32] {
        let handle = scheduler.handle();
        let text = context::block_on(async move {
            parallel_reduce(
                &handle,
                0..count,
                |n| async move { n.to_string() },
                |a, b| format!("{a},{b}"),
            )
            .await
        })
        .unwrap()
        .unwrap();
        let expected: Vec<_> = (0..count).map(|n| n.to_string()).collect();
        assert_eq!(text.unwrap_or_default(), expected.join(","));
    }
}

/// 17: the first failure in the order of the items is the result of a reduction, and a panic in the combination is one.
#[test]
fn reduce_fails_with_the_first_failure() {
    let scheduler = started(2);
    let handle = scheduler.handle();
    let error = context::block_on(async move {
        parallel_reduce(
            &handle,
            0..10_u32,
            |n| async move {
                assert!(n != 3 && n != 8, "item {n}");
                n
            },
            |a, b| a + b,
        )
        .await
        .unwrap_err()
    })
    .unwrap();
    assert!(error.to_string().contains("item 3"), "{error}");
    let handle = scheduler.handle();
    let error = context::block_on(async move {
        parallel_reduce(
            &handle,
            0..10,
            |n: i32| async move { n },
            |_, _| panic!("combining"),
        )
        .await
        .unwrap_err()
    })
    .unwrap();
    assert!(error.is_panic());
}
