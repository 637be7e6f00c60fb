//! Requirements 10 and 16: handles and wakers that outlive their context's run, and the context itself.

use std::sync::mpsc;
use std::thread;

use context::{Context, Stop};

use crate::support::{Witness, own_waker, poll_once, started, stop};

/// 10: a local join handle kept past the end yields what became of its task: output, panic, or cancellation.
#[test]
fn a_join_handle_outlives_its_run() {
    let mut context = Context::new();
    let (mut done, mut cancelled, mut panicked, dropped) = context
        .block_on(async {
            let done = context::spawn(async { 5 });
            let cancelled = context::spawn(std::future::pending::<()>());
            let panicked = context::spawn(async { panic!("kept") });
            let dropped = context::spawn(async { String::from("never taken") });
            for _ in 0..2 {
                context::yield_now().await;
            }
            (done, cancelled, panicked, dropped)
        })
        .unwrap();
    drop(context);
    assert!(done.is_finished() && cancelled.is_finished());
    cancelled.abort();
    let late = cancelled.abort_handle();
    assert!(matches!(
        poll_once(&mut done),
        std::task::Poll::Ready(Ok(5))
    ));
    let std::task::Poll::Ready(Err(error)) = poll_once(&mut cancelled) else {
        panic!("a task of an ended run has ended");
    };
    assert!(error.is_cancelled());
    let std::task::Poll::Ready(Err(error)) = poll_once(&mut panicked) else {
        panic!("a task of an ended run has ended");
    };
    assert!(error.is_panic());
    drop(dropped);
    late.abort();
    thread::spawn(move || late.abort()).join().unwrap();
}

/// 10: a local handle that is turned into a remote one after the end can be joined anywhere.
#[test]
fn a_join_handle_becomes_remote_after_the_end() {
    let (done, cancelled) = context::block_on(async {
        let done = context::spawn(async { 5 });
        context::yield_now().await;
        (done, context::spawn(std::future::pending::<()>()))
    })
    .unwrap();
    let (done, cancelled) = (done.into_remote(), cancelled.into_remote());
    thread::spawn(move || {
        assert_eq!(done.join_blocking().unwrap(), 5);
        assert!(cancelled.join_blocking().unwrap_err().is_cancelled());
    })
    .join()
    .unwrap();
}

/// 16: wakers kept past the end of run and context, woken, cloned and dropped on any thread, free their task with the
/// last.
#[test]
fn wakers_outlive_their_context() {
    for drop_context_first in [true, false] {
        let witness = Witness::new();
        let context = started();
        let (sender, wakers) = mpsc::channel();
        context
            .handle()
            .submit_named(witness.name(), async move {
                for _ in 0..4 {
                    sender.send(own_waker().await).unwrap();
                }
                std::future::pending::<()>().await;
            })
            .unwrap()
            .detach();
        let wakers: Vec<_> = wakers.iter().take(4).collect();
        let mut context = Some(context);
        stop(context.as_mut().unwrap());
        if drop_context_first {
            context = None;
        }
        let threads: Vec<_> = wakers
            .into_iter()
            .map(|waker| {
                thread::spawn(move || {
                    let clone = waker.clone();
                    waker.wake_by_ref();
                    waker.wake();
                    clone.wake();
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(witness.holders(), 0);
        drop(context);
    }
}

/// 1, 16: a waker of an earlier run wakes nothing in a later one, on whatever thread that runs.
#[test]
fn wakers_of_an_earlier_run_are_harmless() {
    let witness = Witness::new();
    let mut context = Context::new();
    let waker = context
        .block_on(async {
            let (sender, receiver) = mpsc::channel();
            context::spawn_named(witness.name(), async move {
                sender.send(own_waker().await).unwrap();
            })
            .await
            .unwrap();
            receiver.recv().unwrap()
        })
        .unwrap();
    assert_eq!(witness.holders(), 1);
    // A later run on this thread, where the waker is at home again, and one elsewhere.
    context
        .block_on(async {
            let clone = waker.clone();
            waker.wake_by_ref();
            context::yield_now().await;
            clone.wake();
        })
        .unwrap();
    context.start().unwrap();
    waker.wake_by_ref();
    context
        .handle()
        .submit(async move { waker.wake() })
        .unwrap()
        .join_blocking()
        .unwrap();
    assert_eq!(witness.holders(), 0);
    stop(&mut context);
}

/// 16: remote handles of a context that ended, or never ran, resolve, before and after it is dropped.
#[test]
fn remote_handles_always_resolve() {
    let mut context = started();
    let waiting = context
        .handle()
        .submit(std::future::pending::<()>())
        .unwrap();
    let polled = context
        .handle()
        .submit(std::future::pending::<()>())
        .unwrap();
    let waiter = thread::spawn(move || polled.join_blocking());
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
    assert!(waiter.join().unwrap().unwrap_err().is_cancelled());
    drop(context);
    assert!(waiting.join_blocking().unwrap_err().is_cancelled());

    let never_run = Context::new();
    let task = never_run.handle().submit(async {}).unwrap();
    let polled = never_run.handle().submit(async {}).unwrap();
    let abort = task.abort_handle();
    let waiter = thread::spawn(move || polled.join_blocking());
    drop(never_run);
    assert!(waiter.join().unwrap().unwrap_err().is_cancelled());
    abort.abort();
    assert!(task.join_blocking().unwrap_err().is_cancelled());
    abort.abort();
}
