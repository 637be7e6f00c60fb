//! Requirement 1: misuse gives defined errors and leaves everything as it was.

use std::sync::{Arc, Mutex};
use std::thread;

use context::{Context, ContextBuilder, RunError, Stop};

use crate::support::{Watchdog, started, stop};

/// 1: a started context cannot be started, run or blocked on.
#[test]
fn running_twice() {
    let mut context = started();
    assert!(matches!(context.start(), Err(RunError::Running)));
    assert!(matches!(context.run(), Err(RunError::Running)));
    assert!(matches!(context.block_on(async {}), Err(RunError::Running)));
    assert_eq!(
        context
            .handle()
            .submit(async { 5 })
            .unwrap()
            .join_blocking()
            .unwrap(),
        5
    );
    stop(&mut context);
}

/// 1: no context runs inside another on the same thread.
#[test]
fn nesting() {
    context::block_on(async {
        assert!(matches!(context::block_on(async {}), Err(RunError::Nested)));
        let mut inner = Context::new();
        assert!(matches!(inner.run(), Err(RunError::Nested)));
        // On a thread of its own it may run.
        inner.start().unwrap();
        let task = inner.handle().submit(async { 5 }).unwrap();
        assert_eq!(task.await.unwrap(), 5);
        stop(&mut inner);
        assert!(context::in_context());
    })
    .unwrap();
}

/// 1: join without start, and twice, is nothing to do.
#[test]
fn joining_what_does_not_run() {
    let mut context = Context::new();
    context.join().unwrap();
    context.start().unwrap();
    stop(&mut context);
    context.join().unwrap();
}

/// 1: a context stopped before it runs says so, once.
#[test]
fn stopped_before_the_run() {
    let mut context = Context::new();
    let task = context
        .handle()
        .submit(std::future::pending::<()>())
        .unwrap();
    context.notify_stop(Stop::Abort);
    assert!(matches!(context.run(), Err(RunError::Stopped { .. })));
    assert!(task.join_blocking().unwrap_err().is_cancelled());
    context.run().unwrap();
    context.notify_stop(Stop::Abort);
    assert!(matches!(
        context.block_on(std::future::pending::<()>()),
        Err(RunError::Stopped { live: 1 })
    ));
    assert_eq!(context.block_on(async { 1 }).unwrap(), 1);
}

/// 1: a context that cannot be set up says why, keeps what was submitted, and resolves it when dropped.
#[test]
fn a_context_that_cannot_start() {
    let mut context = ContextBuilder::new().cpus([]).build();
    let task = context.handle().submit(async {}).unwrap();
    assert!(matches!(context.start(), Err(RunError::Affinity(_))));
    assert!(!context.is_started());
    assert!(matches!(context.run(), Err(RunError::Affinity(_))));
    assert!(!context::in_context());
    assert!(!task.is_finished());
    drop(context);
    assert!(task.join_blocking().unwrap_err().is_cancelled());
}

/// 1: a context that is joined or dropped by a task of its own cannot wait for itself.
#[test]
fn joining_oneself() {
    let _watchdog = Watchdog::new("joining_oneself");
    let context = Arc::new(Mutex::new(Some(started())));
    let handle = context.lock().unwrap().as_ref().unwrap().handle();
    let inside = context.clone();
    let task = handle
        .submit(async move {
            let mut own = inside.lock().unwrap().take().unwrap();
            let joined = own.join();
            assert!(matches!(joined, Err(RunError::Nested)), "{joined:?}");
            drop(own);
        })
        .unwrap();
    task.join_blocking().unwrap();
    // The drop asked for the stop; the thread ends by itself.
    while handle.submit(async {}).is_ok() {
        thread::yield_now();
    }
}
