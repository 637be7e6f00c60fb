//! Requirement 1: the lifecycle is explicit and can be gone through again; Drop does what is left of it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use context::{Context, ContextBuilder, RunError, Stop};

use crate::support::{self, Drops, Watchdog, nop, started};

/// 1: build, submit, start, stop, join, start again (another thread), run, `block_on`, and all of it again.
#[test]
fn every_step_can_be_repeated() {
    let mut context = Context::builder().name("again").build();
    let handle = context.handle();
    let mut first = Some(handle.submit(async { thread::current().id() }).unwrap());
    let mut threads = Vec::new();
    for round in 0..5 {
        assert!(!context.is_started());
        context.start().unwrap();
        assert!(context.is_started());
        if let Some(first) = first.take() {
            threads.push(first.join_blocking().unwrap());
        }
        let task = handle.submit(async { thread::current().id() }).unwrap();
        threads.push(task.join_blocking().unwrap());
        context.notify_stop(if round % 2 == 0 {
            Stop::Abort
        } else {
            Stop::Drain { deadline: None }
        });
        context.join().unwrap();
        context.run().unwrap();
        let here = context
            .block_on(async {
                nop().await;
                thread::current().id()
            })
            .unwrap();
        assert_eq!(here, thread::current().id());
    }
    assert_eq!(threads.len(), 6);
    assert_eq!(threads[0], threads[1]);
    assert!(threads.iter().all(|id| *id != thread::current().id()));
    assert_eq!(handle.metrics().tasks_live, 0);
}

/// 1: a context moves to another thread between runs.
#[test]
fn a_context_moves_between_threads() {
    let mut context = Context::new();
    for round in 0..4 {
        let (back, got) = thread::spawn(move || {
            let got = context
                .block_on(async move { context::spawn(async move { round }).await.unwrap() });
            (context, got.unwrap())
        })
        .join()
        .unwrap();
        context = back;
        assert_eq!(got, round);
        assert_eq!(context.block_on(async { 1 }).unwrap(), 1);
    }
}

/// 1: `run` does what was submitted before, and what that makes, and returns.
#[test]
fn run_ends_when_the_work_is_done() {
    let mut context = Context::new();
    let handle = context.handle();
    let task = handle
        .submit_with(|| async {
            let inner = context::spawn(async {
                context::yield_now().await;
                context::handle()
                    .submit(async { 7 })
                    .unwrap()
                    .await
                    .unwrap()
            });
            inner.await.unwrap()
        })
        .unwrap();
    context.run().unwrap();
    assert_eq!(task.join_blocking().unwrap(), 7);
}

/// 1: the thread's name is the context's.
#[test]
fn names() {
    let mut context = ContextBuilder::new().name("sparrow").build();
    assert_eq!(
        (context.name(), context.handle().name()),
        ("sparrow", "sparrow")
    );
    context.start().unwrap();
    let name = context
        .handle()
        .submit(async { thread::current().name().map(String::from) })
        .unwrap();
    assert_eq!(name.join_blocking().unwrap().as_deref(), Some("sparrow"));
}

/// 1, 5: Drop in each state, with tasks queued, waiting, and in the kernel: all futures are dropped, once, and `drop` returns
/// after that.
#[test]
fn drop_in_each_state() {
    let _watchdog = Watchdog::new("drop_in_each_state");
    for state in 0..5 {
        let drops = Drops::default();
        let mut context = Context::new();
        if state == 1 || state == 2 {
            context.start().unwrap();
        }
        for _ in 0..10 {
            let guard = drops.guard();
            context
                .handle()
                .submit(async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                })
                .unwrap()
                .detach();
            let guard = drops.guard();
            context
                .handle()
                .submit_with(move || async move {
                    let _guard = guard;
                    loop {
                        nop().await;
                    }
                })
                .unwrap()
                .detach();
        }
        match state {
            2 => context.notify_stop(Stop::Drain { deadline: None }),
            3 => {
                context.notify_stop(Stop::Abort);
                assert!(context.run().is_err());
            }
            4 => drop(context.block_on(async { context::yield_now().await })),
            _ => {}
        }
        drop(context);
        assert_eq!(drops.count(), 20, "state {state}");
    }
}

/// 1: the future of `block_on` may borrow, is dropped before `block_on` returns, and its panic goes on in the caller.
#[test]
fn block_on_borrows_and_unwinds() {
    let mut context = Context::new();
    let mut text = String::from("a");
    let borrowed = &mut text;
    let length = context
        .block_on(async {
            context::yield_now().await;
            borrowed.push('b');
            borrowed.len()
        })
        .unwrap();
    assert_eq!((length, text.as_str()), (2, "ab"));

    let drops = Drops::default();
    let guard = drops.guard();
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        context.block_on(async move {
            let _guard = guard;
            context::yield_now().await;
            panic!("out of block_on");
        })
    }));
    assert_eq!(
        unwound.unwrap_err().downcast_ref::<&str>(),
        Some(&"out of block_on")
    );
    assert_eq!(drops.count(), 1);
    assert!(!context::in_context());
    assert_eq!(context.block_on(async { 1 }).unwrap(), 1);
}

/// 1: a handle keeps what it refers to, not the run: it outlives the context and refuses politely.
#[test]
fn a_handle_outlives_its_context() {
    let context = started();
    let handle = context.handle();
    drop(context);
    assert!(handle.submit(async {}).is_err());
    assert!(handle.register_wait().is_err());
    handle.notify_stop(Stop::Abort);
    assert!(handle.tasks().is_empty());
    assert_eq!(handle.metrics().tasks_live, 0);
}

/// 1: binding to CPUs ends with the run.
#[test]
fn the_callers_cpus_are_given_back() {
    let before = context::available_cpus().unwrap();
    let mut context = Context::builder().cpus([before[0]]).build();
    let inside = context
        .block_on(async { context::available_cpus().unwrap() })
        .unwrap();
    assert_eq!(inside, [before[0]]);
    assert_eq!(context::available_cpus().unwrap(), before);
}

#[test]
fn a_run_is_within_what_was_put_around_it() {
    thread_local! { static WITHIN: Cell<bool> = const { Cell::new(false) } }
    struct Looks;
    impl Drop for Looks {
        fn drop(&mut self) {
            assert!(WITHIN.get());
        }
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let builder = Context::builder().around({
        let runs = runs.clone();
        move |run| {
            WITHIN.set(true);
            run();
            // A second call runs nothing.
            run();
            WITHIN.set(false);
            runs.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut context = builder.build();
    let within = context.block_on(async {
        let looks = Looks;
        context::spawn(async move {
            let _looks = looks;
            std::future::pending::<()>().await;
        })
        .detach();
        context::yield_now().await;
        WITHIN.get()
    });
    assert!(within.unwrap());
    assert!(!WITHIN.get());
    context.start().unwrap();
    let there = context.handle().submit(async { WITHIN.get() }).unwrap();
    assert!(there.join_blocking().unwrap());
    support::stop(&mut context);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[test]
fn a_function_around_a_run_has_to_run_it() {
    let mut context = Context::builder().around(|_run| {}).build();
    assert!(matches!(context.run(), Err(RunError::NotRun)));
    assert!(matches!(context.block_on(async {}), Err(RunError::NotRun)));
    assert!(matches!(context.start(), Err(RunError::NotRun)));
}
