//! Requirement 5: stopping. A stop interrupts a blocking wait; a drain ends what is there, an abort drops it; every handle
//! resolves.

use std::time::Duration;

use context::{Context, RunError, Stop};

use crate::support::{Drops, Gate, Watchdog, nop, started, until};

/// 5: a context that sleeps without any deadline is interrupted, again and again.
#[test]
fn a_stop_interrupts_a_sleep() {
    let _watchdog = Watchdog::new("a_stop_interrupts_a_sleep");
    let mut context = Context::new();
    for round in 0..30 {
        context.start().unwrap();
        if round % 2 == 0 {
            let sleeps = context.handle().metrics().sleeps;
            let asleep = context.handle();
            // Either it sleeps now, or it is on its way: both must end.
            if round % 4 == 0 {
                asleep.submit(async {}).unwrap().join_blocking().unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
            assert!(asleep.metrics().sleeps >= sleeps);
        }
        context.notify_stop(if round % 3 == 0 {
            Stop::Drain { deadline: None }
        } else {
            Stop::Abort
        });
        context.join().unwrap();
    }
}

/// 5: a drain ends queued and live tasks, what they spawn and submit included.
#[test]
fn a_drain_finishes_everything() {
    let mut context = started();
    let gate = Gate::default();
    let mut tasks = Vec::new();
    for n in 0..100 {
        let gate = gate.clone();
        tasks.push(
            context
                .handle()
                .submit_with(move || async move {
                    gate.wait().await;
                    let spawned = context::spawn(async move {
                        nop().await;
                        n
                    });
                    let submitted = context::handle().submit(async move { n }).unwrap();
                    spawned.await.unwrap() + submitted.await.unwrap()
                })
                .unwrap(),
        );
    }
    context.notify_stop(Stop::Drain { deadline: None });
    let late = context.handle().submit(async { 5 });
    gate.open();
    context.join().unwrap();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.join_blocking().unwrap(), 2 * n);
    }
    // Accepted while the drain was on, so done.
    assert_eq!(late.unwrap().join_blocking().unwrap(), 5);
    assert!(context.handle().submit(async {}).is_err());
}

/// 5: at its deadline a drain becomes an abort; what is done by then is done.
#[test]
fn a_drain_aborts_at_its_deadline() {
    let _watchdog = Watchdog::new("a_drain_aborts_at_its_deadline");
    let drops = Drops::default();
    let mut context = started();
    let done = context.handle().submit(async { 5 }).unwrap();
    let guard = drops.guard();
    let stuck = context
        .handle()
        .submit(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        })
        .unwrap();
    context.notify_stop(Stop::Drain {
        deadline: Some(Duration::from_millis(5)),
    });
    assert!(matches!(context.join(), Err(RunError::Stopped { live: 1 })));
    assert_eq!(done.join_blocking().unwrap(), 5);
    assert!(stuck.join_blocking().unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
}

/// 5: a drain's deadline holds against a task that never waits.
#[test]
fn a_drain_deadline_holds_while_busy() {
    let _watchdog = Watchdog::new("a_drain_deadline_holds_while_busy");
    let mut context = started();
    let busy = context
        .handle()
        .submit(async {
            loop {
                context::yield_now().await;
            }
        })
        .unwrap();
    context.notify_stop(Stop::Drain {
        deadline: Some(Duration::ZERO),
    });
    assert!(matches!(context.join(), Err(RunError::Stopped { live: 1 })));
    let ended: Result<(), _> = busy.join_blocking();
    assert!(ended.unwrap_err().is_cancelled());
}

/// 5: an abort overrides a drain; a drain does not override an abort; a deadline beyond the clock is none.
#[test]
fn an_abort_overrides_a_drain() {
    let _watchdog = Watchdog::new("an_abort_overrides_a_drain");
    let mut context = started();
    let task = context
        .handle()
        .submit(std::future::pending::<()>())
        .unwrap();
    context.notify_stop(Stop::Drain {
        deadline: Some(Duration::MAX),
    });
    context.notify_stop(Stop::Abort);
    context.notify_stop(Stop::Drain { deadline: None });
    context.join().unwrap();
    assert!(task.join_blocking().unwrap_err().is_cancelled());
}

/// 5: whatever the moment of an abort, with submissions going on, every accepted task's handle resolves and every future is
/// dropped.
#[test]
fn nothing_is_lost_at_any_moment() {
    let _watchdog = Watchdog::new("nothing_is_lost_at_any_moment");
    let mut context = Context::new();
    for round in 0..60 {
        let drops = Drops::default();
        context.start().unwrap();
        let handle = context.handle();
        let submitting = drops.clone();
        let submitter = std::thread::spawn(move || {
            let mut tasks = Vec::new();
            let mut made = 0;
            loop {
                let guard = submitting.guard();
                made += 1;
                let submitted = handle.submit(async move {
                    let _guard = guard;
                    if made % 3 == 0 {
                        context::yield_now().await;
                    } else if made % 3 == 1 {
                        std::future::pending::<()>().await;
                    }
                });
                match submitted {
                    Ok(task) => tasks.push(task),
                    Err(error) => {
                        drop(error.into_inner());
                        return (tasks, made);
                    }
                }
                if made % 16 == 0 {
                    std::thread::yield_now();
                }
            }
        });
        until(|| context.handle().metrics().tasks_spawned > 0);
        context.notify_stop(if round % 2 == 0 {
            Stop::Abort
        } else {
            Stop::Drain {
                deadline: Some(Duration::ZERO),
            }
        });
        let _ = context.join();
        let (tasks, made) = submitter.join().unwrap();
        for task in tasks {
            match task.join_blocking() {
                Ok(()) => {}
                Err(error) => assert!(error.is_cancelled()),
            }
        }
        assert_eq!(drops.count(), made);
    }
}
