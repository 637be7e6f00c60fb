//! Requirement 16: the destructors of futures and outputs are foreign code. They may panic, spawn, submit, wake and
//! abort, at any moment, the end of the run included.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use context::{Context, Stop};

use crate::support::{Drops, OnDrop, Watchdog, Witness, own_waker, started, stop};

/// Panics when dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a destructor panics");
    }
}

/// 16: a future whose destructor panics, at its end, when aborted, and at the end of the run.
#[test]
fn a_future_whose_destructor_panics() {
    let mut context = Context::new();
    let (at_end, aborted, left) = context
        .block_on(async {
            let bomb = Bomb;
            let at_end = context::spawn(std::future::poll_fn(move |_| {
                let _ = &bomb;
                std::task::Poll::Ready(5)
            }));
            let bomb = Bomb;
            let aborted = context::spawn(async move {
                let _bomb = bomb;
                std::future::pending::<()>().await;
            });
            let bomb = Bomb;
            let left = context::spawn(async move {
                let _bomb = bomb;
                std::future::pending::<()>().await;
            });
            context::yield_now().await;
            aborted.abort();
            (at_end.await, aborted.await, left)
        })
        .unwrap();
    assert!(at_end.unwrap_err().is_panic());
    assert!(aborted.unwrap_err().is_panic());
    assert!(left.is_finished());
    assert_eq!(context.block_on(async { 1 }).unwrap(), 1);
}

/// 16: an output whose destructor panics, in each place where an output that nobody takes is dropped.
#[test]
fn an_output_whose_destructor_panics() {
    let mut context = Context::new();
    context
        .block_on(async {
            // Detached: dropped when the task ends.
            context::spawn(async { Bomb }).detach();
            // The handle is dropped after the end.
            let kept = context::spawn(async { Bomb });
            let remote = context::spawn(async { Bomb }).into_remote();
            for _ in 0..3 {
                context::yield_now().await;
            }
            drop(kept);
            std::thread::spawn(move || drop(remote)).join().unwrap();
        })
        .unwrap();
    assert_eq!(context.handle().metrics().tasks_live, 0);
}

/// 16: a future that returns an output and whose own destructor then panics, while the output's destructor panics too.
#[test]
fn destructors_that_panic_one_after_the_other() {
    let _watchdog = Watchdog::new("destructors_that_panic_one_after_the_other");
    let mut context = Context::new();
    let error = context
        .block_on(async {
            let bomb = Bomb;
            let task = context::spawn(std::future::poll_fn(move |_| {
                let _ = &bomb;
                std::task::Poll::Ready(Bomb)
            }));
            task.await.err().unwrap()
        })
        .unwrap();
    assert!(error.is_panic());
    assert_eq!(context.handle().metrics().tasks_live, 0);
}

/// 16: a panic whose payload panics when it is dropped.
#[test]
fn a_payload_whose_destructor_panics() {
    let _watchdog = Watchdog::new("a_payload_whose_destructor_panics");
    let mut context = Context::new();
    context
        .block_on(async {
            context::spawn(async { std::panic::panic_any(Bomb) }).detach();
            let kept = context::spawn(async { std::panic::panic_any(Bomb) });
            for _ in 0..3 {
                context::yield_now().await;
            }
            drop(kept);
        })
        .unwrap();
    assert_eq!(context.handle().metrics().tasks_live, 0);
    assert_eq!(context.block_on(async { 1 }).unwrap(), 1);
}

/// 5, 16: destructors that spawn, submit, wake and abort while the run is torn down: nothing hangs, nothing leaks, all
/// that they made is dropped too, on the same thread.
#[test]
fn destructors_that_make_work_during_teardown() {
    let drops = Drops::default();
    let refused = Arc::new(AtomicUsize::new(0));
    let witness = Witness::new();
    let mut context = started();
    let handle = context.handle();
    for _ in 0..50 {
        let (drops, handle, refused) = (drops.clone(), handle.clone(), refused.clone());
        let name = witness.name();
        context
            .handle()
            .submit_with(move || {
                let (drops, name) = (drops.clone(), name.clone());
                async move {
                    let waker = own_waker().await;
                    let neighbour = context::spawn(std::future::pending::<()>());
                    let _on_drop = OnDrop::new(move || {
                        waker.wake_by_ref();
                        let guard = drops.guard();
                        let inner = (drops.clone(), name.clone());
                        context::spawn_named(name.clone(), async move {
                            let _guard = guard;
                            let nested = OnDrop::new(move || {
                                let guard = inner.0.guard();
                                context::spawn_named(inner.1, async move {
                                    let _guard = guard;
                                })
                                .detach();
                            });
                            std::future::pending::<()>().await;
                            drop(nested);
                        })
                        .detach();
                        let guard = drops.guard();
                        match handle.submit(async move { drop(guard) }) {
                            Ok(task) => task.detach(),
                            Err(error) => {
                                refused.fetch_add(1, Ordering::Relaxed);
                                drop(error.into_inner());
                            }
                        }
                        neighbour.abort();
                    });
                    std::future::pending::<()>().await;
                }
            })
            .unwrap()
            .detach();
    }
    handle.submit(async {}).unwrap().join_blocking().unwrap();
    stop(&mut context);
    assert_eq!(handle.metrics().tasks_live, 0);
    assert_eq!(witness.holders(), 0);
    // Spawned and submitted. What the spawned ones would have spawned in turn was never polled into being.
    assert_eq!(drops.count(), 100);
    let first = drops.threads()[0];
    assert!(drops.threads().iter().all(|thread| *thread == first));
}

/// 16: a task that holds its own handle, and one that holds its own waker, are freed at their end.
#[test]
fn a_task_that_holds_itself() {
    let witness = Witness::new();
    let mut context = Context::new();
    context
        .block_on(async {
            let slot = Rc::new(RefCell::new(None));
            let inner = slot.clone();
            let task = context::spawn_named(witness.name(), async move {
                let _waker = own_waker().await;
                context::yield_now().await;
                drop(inner);
            });
            *slot.borrow_mut() = Some(task);
            drop(slot);
            let slot = Arc::new(std::sync::Mutex::new(None));
            let inner = slot.clone();
            let task = context::handle()
                .submit_named(witness.name(), async move {
                    let _waker = own_waker().await;
                    std::future::pending::<()>().await;
                    drop(inner);
                })
                .unwrap();
            *slot.lock().unwrap() = Some(task);
            drop(slot);
            for _ in 0..4 {
                context::yield_now().await;
            }
        })
        .unwrap();
    assert_eq!(witness.holders(), 0);
}

/// 2, 5: what was submitted to a context that never runs is dropped with it, destructors that submit again included.
#[test]
fn a_context_that_never_ran_drops_its_tasks() {
    let drops = Drops::default();
    let context = Context::new();
    let mut tasks = Vec::new();
    for _ in 0..100 {
        let (again, drops, guard) = (context.handle(), drops.clone(), drops.guard());
        let on_drop = OnDrop::new(move || {
            drop(guard);
            let guard = drops.guard();
            assert!(again.submit(async move { drop(guard) }).is_err());
        });
        tasks.push(
            context
                .handle()
                .submit(async move { drop(on_drop) })
                .unwrap(),
        );
    }
    context.notify_stop(Stop::Abort);
    drop(context);
    assert_eq!(drops.count(), 200);
    for task in tasks {
        assert!(task.join_blocking().unwrap_err().is_cancelled());
    }
}
