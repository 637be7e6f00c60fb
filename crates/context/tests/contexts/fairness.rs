//! Requirement 12: tasks, completions, timers and other threads alternate; none starves another.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use context::{Context, ContextBuilder};

use crate::support::{Watchdog, nop, started, stop};

/// Keeps the run queue from ever being empty until told otherwise.
fn flood(stop: &Rc<Cell<bool>>) -> context::JoinHandle<()> {
    let stop = stop.clone();
    context::spawn(async move {
        while !stop.get() {
            context::yield_now().await;
        }
    })
}

/// 12: under tasks that always re-queue themselves, completions arrive, with one flooding task and with more than a batch.
#[test]
fn completions_arrive_under_a_flood_of_tasks() {
    let _watchdog = Watchdog::new("completions_arrive_under_a_flood_of_tasks");
    for tasks in [1, 1000] {
        let mut context = ContextBuilder::new().batch(64).build();
        context
            .block_on(async {
                let stop = Rc::new(Cell::new(false));
                let floods: Vec<_> = (0..tasks).map(|_| flood(&stop)).collect();
                for _ in 0..50 {
                    nop().await;
                }
                stop.set(true);
                for flood in floods {
                    flood.await.unwrap();
                }
            })
            .unwrap();
    }
}

/// 12, 18: timers fire under a flood of tasks.
#[test]
fn timers_fire_under_a_flood_of_tasks() {
    let _watchdog = Watchdog::new("timers_fire_under_a_flood_of_tasks");
    context::block_on(async {
        let stop = Rc::new(Cell::new(false));
        let flood = flood(&stop);
        for _ in 0..3 {
            context::sleep(Duration::from_millis(1)).await;
        }
        stop.set(true);
        flood.await.unwrap();
    })
    .unwrap();
}

/// 12: remote submissions and wakes arrive under a flood of tasks.
#[test]
fn other_threads_get_through_a_flood_of_tasks() {
    let _watchdog = Watchdog::new("other_threads_get_through_a_flood_of_tasks");
    let mut context = started();
    context
        .handle()
        .submit(async {
            loop {
                context::yield_now().await;
            }
        })
        .map(context::RemoteJoinHandle::<()>::detach)
        .unwrap();
    for n in 0..100 {
        let task = context.handle().submit(async move { n }).unwrap();
        assert_eq!(task.join_blocking().unwrap(), n);
    }
    stop(&mut context);
}

/// 12: under a flood of completions (more than a batch of tasks that do nothing but no-ops), plain tasks, timers and
/// other threads get their turn.
#[test]
fn everything_else_gets_through_a_flood_of_completions() {
    let _watchdog = Watchdog::new("everything_else_gets_through_a_flood_of_completions");
    let mut context = Context::new();
    let handle = context.handle();
    context
        .block_on(async {
            for _ in 0..500 {
                context::spawn(async {
                    loop {
                        nop().await;
                    }
                })
                .detach();
            }
            for _ in 0..100 {
                context::yield_now().await;
            }
            context::sleep(Duration::from_millis(1)).await;
            let thread = std::thread::spawn(move || {
                for _ in 0..20 {
                    handle.submit(async {}).unwrap().join_blocking().unwrap();
                }
            });
            while !thread.is_finished() {
                nop().await;
            }
            thread.join().unwrap();
        })
        .unwrap();
}

/// 12: a batch is bounded: no more than so many tasks run before the context looks at the rest of the world.
#[test]
fn a_batch_is_bounded() {
    let mut context = ContextBuilder::new().batch(16).build();
    context
        .block_on(async {
            let tasks: Vec<_> = (0..1000).map(|_| context::spawn(async {})).collect();
            for task in tasks {
                task.await.unwrap();
            }
        })
        .unwrap();
    assert_eq!(context.handle().metrics().largest_batch, 16);
}
