//! The first things a context must do.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use context::{Context, Scheduler, Stop};

#[test]
fn block_on_returns_the_output() {
    assert_eq!(context::block_on(async { 3 }).unwrap(), 3);
}

#[test]
fn spawn_and_join() {
    let out = context::block_on(async {
        let shared = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let shared = shared.clone();
                context::spawn(async move {
                    context::yield_now().await;
                    shared.set(shared.get() + n);
                    n
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        assert_eq!(shared.get(), 45);
        sum
    });
    assert_eq!(out.unwrap(), 45);
}

#[test]
fn remote_submission_and_stop() {
    let mut context = Context::new();
    context.start().unwrap();
    let handle = context.handle();
    let task = handle.submit(async { 5 }).unwrap();
    assert_eq!(task.join_blocking().unwrap(), 5);
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
}

#[test]
fn scheduler_runs_until_done() {
    let mut scheduler = Scheduler::new(2);
    let handle = scheduler.handle();
    let inner = handle.clone();
    handle
        .submit(async move {
            context::sleep(Duration::from_millis(5)).await;
            inner
                .submit(async { context::yield_now().await })
                .unwrap()
                .await
                .unwrap();
        })
        .unwrap()
        .detach();
    scheduler.run().unwrap();
    assert!(handle.submit(async {}).is_err());
}

#[test]
fn panic_in_task_is_a_join_error() {
    let error =
        context::block_on(async { context::spawn(async { panic!("boom") }).await.unwrap_err() });
    assert!(error.unwrap().is_panic());
}
