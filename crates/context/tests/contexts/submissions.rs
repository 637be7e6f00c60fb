//! Requirements 2 and 3: submission from any thread, in any number, without a bound, in order, and never on the submitter.

use std::sync::{Arc, Mutex};
use std::thread;

use context::Context;

use crate::support::started;

/// 3: 100,000 submissions before the start work on one context, in the order of submission.
#[test]
fn a_hundred_thousand_before_the_start() {
    let mut context = Context::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    let handle = context.handle();
    for n in 0..100_000 {
        let order = order.clone();
        handle
            .submit(async move { order.lock().unwrap().push(n) })
            .unwrap()
            .detach();
    }
    context.run().unwrap();
    assert!(order.lock().unwrap().iter().copied().eq(0..100_000));
    assert_eq!(handle.metrics().inbox_received, 100_000);
}

/// 2: a submission never runs on the submitter, not even on the context's own thread.
#[test]
fn a_submission_does_not_run_inside_submit() {
    context::block_on(async {
        let ran = Arc::new(Mutex::new(false));
        let inner = ran.clone();
        let task = context::handle()
            .submit(async move { *inner.lock().unwrap() = true })
            .unwrap();
        assert!(!*ran.lock().unwrap());
        task.await.unwrap();
        assert!(*ran.lock().unwrap());
    })
    .unwrap();
}

/// 2: 10 threads submit at once, each in its own order; all run on the one thread.
#[test]
fn each_submitters_order_is_kept() {
    let context = started();
    let seen = Arc::new(Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for submitter in 0..10 {
            let (handle, seen) = (context.handle(), seen.clone());
            scope.spawn(move || {
                let mut last = None;
                for n in 0..2000 {
                    let seen = seen.clone();
                    last = Some(
                        handle
                            .submit(async move {
                                seen.lock()
                                    .unwrap()
                                    .push((submitter, n, thread::current().id()));
                            })
                            .unwrap(),
                    );
                }
                last.unwrap().join_blocking().unwrap();
            });
        }
    });
    let seen = seen.lock().unwrap();
    for submitter in 0..10 {
        let order = seen.iter().filter(|entry| entry.0 == submitter);
        assert!(order.map(|entry| entry.1).eq(0..2000));
    }
    assert!(seen.iter().all(|entry| entry.2 == seen[0].2));
}

/// 2: `submit_with` makes a future that is not `Send`, on the context's thread, at its first poll.
#[test]
fn submit_with_makes_the_future_there() {
    let context = started();
    let here = thread::current().id();
    let task = context
        .handle()
        .submit_with(move || {
            let local = std::rc::Rc::new(thread::current().id());
            async move {
                context::yield_now().await;
                *local
            }
        })
        .unwrap();
    assert_ne!(task.join_blocking().unwrap(), here);
    let task = context
        .handle()
        .submit_with(|| -> std::future::Ready<()> { panic!("while it is made") })
        .unwrap();
    assert!(task.join_blocking().unwrap_err().is_panic());
}
