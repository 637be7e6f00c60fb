//! Requirement 19: a context's metrics, exact where they count, live while the context runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use context::{Context, ContextBuilder};

use crate::support::{Gate, Watchdog, nop, started, stop, tiny_ring, until};

/// 19: tasks, polls, batches, submissions.
#[test]
fn tasks_are_counted_exactly() {
    let mut context = Context::new();
    let handle = context.handle();
    for _ in 0..10 {
        handle.submit(async {}).unwrap().detach();
    }
    context
        .block_on(async {
            let tasks: Vec<_> = (0..100)
                .map(|_| context::spawn(async { context::yield_now().await }))
                .collect();
            // What the batch under way has taken is counted when it ends.
            assert!(context::handle().metrics().queue_depth >= 100);
            for task in tasks {
                task.await.unwrap();
            }
        })
        .unwrap();
    let metrics = handle.metrics();
    assert_eq!(metrics.tasks_spawned, 111);
    assert_eq!(metrics.tasks_finished, 111);
    assert_eq!((metrics.tasks_live, metrics.queue_depth), (0, 0));
    assert_eq!(metrics.inbox_received, 10);
    // 10 once, 100 twice, and the main task: first, and once more for each wait that was not ready.
    assert!((212..=311).contains(&metrics.polls), "{metrics:?}");
    assert!(metrics.batches >= 1 && metrics.largest_batch <= 256);
    assert!(metrics.busy > Duration::ZERO);
}

/// 19: live tasks and guards, as another thread sees them while the context waits.
#[test]
fn gauges_are_live() {
    let mut context = started();
    let gate = Gate::default();
    for _ in 0..5 {
        let gate = gate.clone();
        context
            .handle()
            .submit(async move { gate.wait().await })
            .unwrap()
            .detach();
    }
    until(|| gate.waiting() == 5);
    assert_eq!(context.handle().metrics().tasks_live, 5);
    let guard = context.handle().register_wait().unwrap();
    assert_eq!(context.handle().metrics().wait_guards, 1);
    drop(guard);
    assert_eq!(context.handle().metrics().wait_guards, 0);
    gate.open();
    until(|| context.handle().metrics().tasks_live == 0);
    stop(&mut context);
}

/// 19: metrics can be read at any moment, from any thread, and what they say is possible.
#[test]
fn metrics_are_read_while_tasks_come_and_go() {
    let mut context = started();
    let task = context
        .handle()
        .submit_with(|| async {
            for _ in 0..5000 {
                let tasks: Vec<_> = (0..10).map(|_| context::spawn(async {})).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            }
        })
        .unwrap();
    while !task.is_finished() {
        let metrics = context.handle().metrics();
        // Never what a count below zero would look like.
        assert!(
            metrics.queue_depth <= 50_000 && metrics.tasks_live <= 50_000,
            "{metrics:?}"
        );
        assert_eq!(
            metrics.tasks_live,
            metrics.tasks_spawned - metrics.tasks_finished
        );
        let tasks = context.handle().tasks();
        assert!(tasks.len() <= 11, "{tasks:?}");
    }
    stop(&mut context);
}

/// 19: what the ring does: entries, submissions, completions.
#[test]
fn the_ring_is_counted() {
    let mut context = Context::new();
    context
        .block_on(async {
            for _ in 0..100 {
                nop().await;
            }
        })
        .unwrap();
    let metrics = context.handle().metrics();
    assert!(
        metrics.submitted >= 100 && metrics.completed >= 100,
        "{metrics:?}"
    );
    assert!(
        metrics.enters >= 100,
        "each no-op waited for the one before: {metrics:?}"
    );
    assert_eq!(metrics.in_flight, 0);
}

/// 19: a context that never sleeps shows what its ring does, too.
#[test]
fn a_busy_context_shows_its_ring() {
    let _watchdog = Watchdog::new("a_busy_context_shows_its_ring");
    let mut context = started();
    let done = Arc::new(AtomicBool::new(false));
    let flooding = done.clone();
    let flood = context
        .handle()
        .submit(async move {
            while !flooding.load(Ordering::Relaxed) {
                context::yield_now().await;
            }
        })
        .unwrap();
    // From here on the run queue is never empty.
    let work = context
        .handle()
        .submit_with(|| async {
            for _ in 0..1000 {
                nop().await;
            }
        })
        .unwrap();
    work.join_blocking().unwrap();
    until(|| {
        let metrics = context.handle().metrics();
        metrics.completed >= 1000 && metrics.submitted >= 1000 && metrics.enters >= 10
    });
    until(|| context.handle().metrics().busy > Duration::ZERO);
    done.store(true, Ordering::Relaxed);
    flood.join_blocking().unwrap();
    stop(&mut context);
}

/// 19: abandoned operations are counted as cancelled or completed.
#[test]
fn cancellations_are_counted() {
    let mut context = ContextBuilder::new().engine(tiny_ring(4)).build();
    context
        .block_on(async {
            for _ in 0..20 {
                let abandoned = context::spawn(nop());
                context::yield_now().await;
                abandoned.abort();
                let _ = abandoned.await;
            }
            for _ in 0..20 {
                nop().await;
            }
        })
        .unwrap();
    let metrics = context.handle().metrics();
    assert!(metrics.cancels_won + metrics.cancels_lost <= 20);
    assert_eq!(metrics.in_flight, 0);
}

/// 19: timers, sleeps, idle time.
#[test]
fn sleeps_and_timers_are_counted() {
    let mut context = Context::new();
    context
        .block_on(async {
            for _ in 0..3 {
                context::sleep(Duration::from_millis(1)).await;
            }
        })
        .unwrap();
    let metrics = context.handle().metrics();
    assert_eq!(metrics.timers_fired, 3);
    assert!(metrics.sleeps >= 3 && metrics.idle > Duration::ZERO);
}
