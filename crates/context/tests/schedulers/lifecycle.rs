//! Requirements 1 and 5: a scheduler's contexts start, stop and start again together.

use std::time::Duration;

use context::{ContextBuilder, RunError, Scheduler, Stop};

use crate::support::{Gate, Watchdog};

/// 1: start twice is an error, the names are numbered, and each context is a thread of its own.
#[test]
fn start_and_names() {
    let mut scheduler = Scheduler::builder()
        .contexts(3)
        .each(ContextBuilder::new().name("row"))
        .build();
    scheduler.start().unwrap();
    assert!(matches!(scheduler.start().unwrap_err(), RunError::Running));
    let threads: Vec<_> = scheduler
        .contexts()
        .iter()
        .map(|context| {
            context
                .submit(async {
                    let thread = std::thread::current();
                    (thread.name().map(String::from), thread.id())
                })
                .unwrap()
                .join_blocking()
                .unwrap()
        })
        .collect();
    let names: Vec<_> = threads
        .iter()
        .map(|(name, _)| name.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["row-0", "row-1", "row-2"]);
    assert!(threads[0].1 != threads[1].1 && threads[1].1 != threads[2].1);
    scheduler.notify_stop(Stop::Abort);
    scheduler.join().unwrap();
    scheduler.join().unwrap();
}

/// 5: a drain waits for all contexts' tasks, and at its deadline aborts them.
#[test]
fn drain_with_and_without_a_deadline() {
    let _watchdog = Watchdog::new("drain_with_and_without_a_deadline");
    let mut scheduler = Scheduler::new(2);
    scheduler.start().unwrap();
    let gate = Gate::default();
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            let gate = gate.clone();
            scheduler
                .handle()
                .submit(async move {
                    gate.wait().await;
                    n
                })
                .unwrap()
        })
        .collect();
    scheduler.notify_stop(Stop::Drain { deadline: None });
    gate.open();
    scheduler.join().unwrap();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.join_blocking().unwrap(), n);
    }

    scheduler.start().unwrap();
    let (begins, begun) = std::sync::mpsc::channel();
    let stuck = scheduler
        .handle()
        .submit(async move {
            begins.send(()).unwrap();
            std::future::pending::<()>().await;
        })
        .unwrap();
    begun.recv().unwrap();
    scheduler.notify_stop(Stop::Drain {
        deadline: Some(Duration::from_millis(5)),
    });
    assert!(matches!(
        scheduler.run().unwrap_err(),
        RunError::Stopped { live: 1 }
    ));
    assert!(stuck.join_blocking().unwrap_err().is_cancelled());
}

/// 5: a stop that is asked for before the run, as by a signal that comes early, is not forgotten, and ends one run.
#[test]
fn stopped_before_the_run() {
    let _watchdog = Watchdog::new("stopped_before_the_run");
    let mut scheduler = Scheduler::new(2);
    let stuck = scheduler
        .handle()
        .submit(std::future::pending::<()>())
        .unwrap();
    scheduler.handle().notify_stop(Stop::Abort);
    assert!(matches!(scheduler.run(), Err(RunError::Stopped { .. })));
    assert!(stuck.join_blocking().unwrap_err().is_cancelled());
    scheduler.run().unwrap();
}

/// 1, 5: dropping a scheduler in each state aborts what there is; every handle resolves.
#[test]
fn drop_in_each_state() {
    let _watchdog = Watchdog::new("drop_in_each_state");
    for state in 0..4 {
        let mut scheduler = Scheduler::new(2);
        if state >= 1 {
            scheduler.start().unwrap();
        }
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                scheduler
                    .handle()
                    .submit(std::future::pending::<()>())
                    .unwrap()
            })
            .collect();
        if state == 2 {
            scheduler.notify_stop(Stop::Abort);
        }
        if state == 3 {
            scheduler.notify_stop(Stop::Abort);
            scheduler.join().unwrap();
        }
        drop(scheduler);
        for task in tasks {
            assert!(task.join_blocking().unwrap_err().is_cancelled());
        }
    }
}

/// 5: an abort from a task of the scheduler itself.
#[test]
fn a_task_stops_its_scheduler() {
    let mut scheduler = Scheduler::new(2);
    let handle = scheduler.handle();
    let inner = handle.clone();
    handle
        .submit(async move {
            inner.notify_stop(Stop::Abort);
            std::future::pending::<()>().await;
        })
        .unwrap()
        .detach();
    assert!(matches!(scheduler.run(), Err(RunError::Stopped { .. })));
    assert_eq!(
        scheduler
            .contexts()
            .iter()
            .map(|context| context.metrics().tasks_live)
            .sum::<u64>(),
        0
    );
}
