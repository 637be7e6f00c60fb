//! Requirement 6: a wait guard keeps a context from counting as idle, balances itself, and is not the queue length.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use context::{Context, RunError, Stop};

use crate::support::{Watchdog, started};

/// 6: `run` waits for the guard, and for what its holder submits.
#[test]
fn run_waits_for_a_guard() {
    let _watchdog = Watchdog::new("run_waits_for_a_guard");
    for _ in 0..100 {
        let mut context = Context::new();
        let handle = context.handle();
        let guard = handle.register_wait().unwrap();
        let ran = Arc::new(AtomicBool::new(false));
        let inner = ran.clone();
        let thread = thread::spawn(move || {
            handle
                .submit(async move { inner.store(true, Ordering::Relaxed) })
                .unwrap()
                .detach();
            drop(guard);
        });
        context.run().unwrap();
        assert!(ran.load(Ordering::Relaxed));
        thread.join().unwrap();
    }
}

/// 6: guards are counted by themselves; queue and tasks are other numbers.
#[test]
fn guards_are_a_metric_of_their_own() {
    let context = started();
    let handle = context.handle();
    let guards: Vec<_> = (0..5).map(|_| handle.register_wait().unwrap()).collect();
    let metrics = handle.metrics();
    assert_eq!(
        (metrics.wait_guards, metrics.queue_depth, metrics.tasks_live),
        (5, 0, 0)
    );
    drop(guards);
    assert_eq!(handle.metrics().wait_guards, 0);
}

/// 5, 6: a guard does not hold up an abort, and holds up a drain until its deadline.
#[test]
fn guards_and_stops() {
    let _watchdog = Watchdog::new("guards_and_stops");
    let mut context = started();
    let guard = context.handle().register_wait().unwrap();
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
    drop(guard);

    context.start().unwrap();
    let guard = context.handle().register_wait().unwrap();
    context.notify_stop(Stop::Drain {
        deadline: Some(Duration::from_millis(1)),
    });
    assert!(matches!(context.join(), Err(RunError::Stopped { live: 0 })));
    drop(guard);

    context.start().unwrap();
    let guard = context.handle().register_wait().unwrap();
    context.notify_stop(Stop::Drain { deadline: None });
    let dropper = thread::spawn(move || drop(guard));
    context.join().unwrap();
    dropper.join().unwrap();
}

/// 6: a guard that outlives its run counts in the next, and one that outlives its context harms nobody.
#[test]
fn a_guard_outlives_its_run() {
    let _watchdog = Watchdog::new("a_guard_outlives_its_run");
    let mut context = started();
    let guard = context.handle().register_wait().unwrap();
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
    assert!(
        context.handle().register_wait().is_err(),
        "between two runs"
    );
    let dropper = thread::spawn(move || {
        thread::yield_now();
        drop(guard);
    });
    context.run().unwrap();
    dropper.join().unwrap();
    context.start().unwrap();
    let guard = context.handle().register_wait().unwrap();
    drop(context);
    drop(guard);
}

/// 6: guards that are asked for and given up all the time by other threads while `run` looks for its end.
#[test]
fn guards_race_with_the_end() {
    let _watchdog = Watchdog::new("guards_race_with_the_end");
    for _ in 0..200 {
        let mut context = Context::new();
        let handle = context.handle();
        let thread = thread::spawn(move || {
            let mut granted = 0;
            while let Ok(guard) = handle.register_wait() {
                granted += 1;
                drop(guard);
                if granted == 10_000 {
                    break;
                }
            }
            handle
        });
        context.run().unwrap();
        let handle = thread.join().unwrap();
        assert_eq!(handle.metrics().wait_guards, 0);
    }
}
