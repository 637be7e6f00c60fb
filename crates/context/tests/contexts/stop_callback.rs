//! Requirement 9: the stop callback: on the worker thread, once for each run, after the last task and outside the context.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use context::{Context, ContextBuilder, Stop};

use crate::support::{DropGuard, Drops, stop};

type Calls = Arc<Mutex<Vec<(ThreadId, usize, bool)>>>;

/// A context whose callback records its thread, how many futures had been dropped by then, and whether a context was
/// current.
fn recording(drops: &Drops) -> (Context, Calls) {
    let calls = Calls::default();
    let (record, drops) = (calls.clone(), drops.clone());
    let context = ContextBuilder::new()
        .on_stop(move || {
            record.lock().unwrap().push((
                thread::current().id(),
                drops.count(),
                context::in_context(),
            ));
        })
        .build();
    (context, calls)
}

async fn hold(guard: DropGuard) {
    let _guard = guard;
    std::future::pending::<()>().await;
}

/// 9: for a started context.
#[test]
fn after_a_started_run() {
    let drops = Drops::default();
    let (mut context, calls) = recording(&drops);
    context.start().unwrap();
    let home = context
        .handle()
        .submit(async { thread::current().id() })
        .unwrap();
    for _ in 0..5 {
        context
            .handle()
            .submit(hold(drops.guard()))
            .unwrap()
            .detach();
    }
    let home = home.join_blocking().unwrap();
    assert!(calls.lock().unwrap().is_empty());
    stop(&mut context);
    assert_eq!(*calls.lock().unwrap(), [(home, 5, false)]);
    context.start().unwrap();
    stop(&mut context);
    assert_eq!(calls.lock().unwrap().len(), 2);
}

/// 9: for `run` and `block_on` on the caller's thread, however they end.
#[test]
fn after_a_run_here() {
    let drops = Drops::default();
    let (mut context, calls) = recording(&drops);
    context.run().unwrap();
    context
        .block_on(async {
            context::spawn(hold(drops.guard())).detach();
            context::yield_now().await;
        })
        .unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        context.block_on(async { panic!("the callback is called all the same") })
    }));
    assert!(panicked.is_err());
    context.notify_stop(Stop::Abort);
    assert!(context.run().is_err());
    let here = thread::current().id();
    let expected = [
        (here, 0, false),
        (here, 1, false),
        (here, 1, false),
        (here, 1, false),
    ];
    assert_eq!(*calls.lock().unwrap(), expected);
    drop(context);
    assert_eq!(
        calls.lock().unwrap().len(),
        4,
        "a drop without a run is no end of one"
    );
}

/// 9: a callback that panics is reported; the run's result stands.
#[test]
fn a_panicking_callback() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let mut context = ContextBuilder::new()
        .on_stop(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            panic!("in the callback");
        })
        .build();
    assert_eq!(context.block_on(async { 5 }).unwrap(), 5);
    context.start().unwrap();
    stop(&mut context);
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

/// 9, 10: the thread is unbound in the callback, so it may run another context.
#[test]
fn a_callback_may_run_a_context() {
    let got = Arc::new(Mutex::new(None));
    let record = got.clone();
    let mut context = ContextBuilder::new()
        .on_stop(move || *record.lock().unwrap() = context::block_on(async { 5 }).ok())
        .build();
    context.run().unwrap();
    assert_eq!(*got.lock().unwrap(), Some(5));
}
