//! Requirement 16: wakers of other executors, registered in join handles. One that panics must not take a context down.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Waker};

use crate::support::{CountWakes, Gate, PanickingWaker, Watchdog, Witness, started, stop};

/// 16: a joiner's waker that panics is reported, and neither its context nor the next task suffers.
#[test]
fn a_panicking_joiner_at_home() {
    let _watchdog = Watchdog::new("a_panicking_joiner_at_home");
    context::block_on(async {
        let waker = Waker::from(Arc::new(PanickingWaker));
        let mut task = context::spawn(async { context::yield_now().await });
        assert!(
            Pin::new(&mut task)
                .poll(&mut TaskContext::from_waker(&waker))
                .is_pending()
        );
        for _ in 0..3 {
            context::yield_now().await;
        }
        assert!(task.is_finished());
        assert_eq!(context::spawn(async { 1 }).await.unwrap(), 1);
    })
    .unwrap();
}

/// 16: the same for a remote handle.
#[test]
fn a_panicking_joiner_elsewhere() {
    let _watchdog = Watchdog::new("a_panicking_joiner_elsewhere");
    let mut context = started();
    let witness = Witness::new();
    let gate = Gate::default();
    let inner = gate.clone();
    let mut task = context
        .handle()
        .submit_named(witness.name(), async move { inner.wait().await })
        .unwrap();
    let waker = Waker::from(Arc::new(PanickingWaker));
    assert!(
        Pin::new(&mut task)
            .poll(&mut TaskContext::from_waker(&waker))
            .is_pending()
    );
    gate.open();
    crate::support::until(|| task.is_finished());
    context
        .handle()
        .submit(async {})
        .unwrap()
        .join_blocking()
        .unwrap();
    assert_eq!(context.handle().metrics().tasks_live, 0);
    drop(task);
    assert_eq!(witness.holders(), 0);
    stop(&mut context);
}

/// 16: the same for the handle of a task whose context is dropped without ever having run.
#[test]
fn a_panicking_joiner_of_a_task_that_never_ran() {
    let context = context::Context::new();
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let mut task = context.handle().submit(async {}).unwrap();
            let waker = Waker::from(Arc::new(PanickingWaker));
            let _ = Pin::new(&mut task).poll(&mut TaskContext::from_waker(&waker));
            task
        })
        .collect();
    drop(context);
    for task in tasks {
        assert!(task.join_blocking().unwrap_err().is_cancelled());
    }
}

/// 16: a replaced joiner is not woken; the last one registered is, once.
#[test]
fn the_last_joiner_is_woken() {
    for remote in [false, true] {
        let (old, new) = (Arc::<CountWakes>::default(), Arc::<CountWakes>::default());
        context::block_on(async {
            let gate = Gate::default();
            let inner = gate.clone();
            let mut local = Some(context::spawn(async move { inner.wait().await }));
            let mut shared = remote.then(|| local.take().unwrap().into_remote());
            for waker in [&old, &new, &new] {
                let waker = Waker::from(waker.clone());
                let mut cx = TaskContext::from_waker(&waker);
                if let Some(task) = &mut local {
                    assert!(Pin::new(task).poll(&mut cx).is_pending());
                }
                if let Some(task) = &mut shared {
                    assert!(Pin::new(task).poll(&mut cx).is_pending());
                }
            }
            gate.open();
            for _ in 0..3 {
                context::yield_now().await;
            }
        })
        .unwrap();
        assert_eq!((old.count(), new.count()), (0, 1));
    }
}
