//! Many no-ops: in batches, in sequence, and on behalf of other threads.

#![cfg(not(loom))]

mod common;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{block_on, engine};
use uring_engine::{Engine, Op, Wait, op};

/// Resolves when all do.
async fn all(mut ops: Vec<Op<op::Nop>>) {
    for op in &mut ops {
        // Start them all before waiting for the first.
        std::future::poll_fn(|context| {
            assert!(Pin::new(&mut *op).poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    for op in ops {
        op.await.unwrap();
    }
}

fn batch(engine: &Engine, size: usize) {
    block_on(
        engine,
        all((0..size).map(|_| engine.op(op::Nop::new())).collect()),
    );
    assert_eq!((engine.in_flight(), engine.queued()), (0, 0));
}

#[test]
fn batches_of_no_ops() {
    let engine = engine();
    for size in [1, 100, 10_000] {
        let before = engine.stats();
        batch(&engine, size);
        let after = engine.stats();
        assert_eq!(after.completed - before.completed, size as u64);
        assert_eq!(after.submitted - before.submitted, size as u64);
    }
}

#[test]
fn no_ops_one_after_the_other() {
    let engine = engine();
    block_on(&engine, async {
        for _ in 0..20_480 {
            engine.op(op::Nop::new()).await.unwrap();
        }
    });
    assert_eq!(engine.stats().completed, 20_480);
    assert_eq!(engine.stats().stale, 0);
}

/// Other threads send numbers and unpark; the engine's thread runs a no-op for each.
fn on_behalf_of(threads: usize, each: usize) {
    let engine = engine();
    let (sender, inbox) = mpsc::channel::<usize>();
    let handles: Vec<_> = (0..threads)
        .map(|thread| {
            let (sender, unparker) = (sender.clone(), engine.unparker());
            std::thread::spawn(move || {
                for at in 0..each {
                    sender.send(thread * each + at).unwrap();
                    unparker.unpark();
                }
            })
        })
        .collect();
    drop(sender);
    let mut seen = vec![false; threads * each];
    let mut left = seen.len();
    let mut context = Context::from_waker(Waker::noop());
    let mut running: Vec<Op<op::Nop>> = Vec::new();
    while left > 0 || !running.is_empty() {
        let arrived = running.len();
        running.extend(inbox.try_iter().map(|number| {
            assert!(
                !std::mem::replace(&mut seen[number], true),
                "received twice"
            );
            left -= 1;
            engine.op(op::Nop::new())
        }));
        running.retain_mut(|op| Pin::new(op).poll(&mut context).is_pending());
        if running.len() > arrived || engine.has_work() {
            engine.turn(Wait::No).unwrap();
        } else if engine.park_begin() {
            match inbox.try_recv() {
                Ok(number) => {
                    assert!(
                        !std::mem::replace(&mut seen[number], true),
                        "received twice"
                    );
                    left -= 1;
                    running.push(engine.op(op::Nop::new()));
                }
                Err(_) if left > 0 || !running.is_empty() => {
                    let turn = engine
                        .turn(Wait::Until(Some(Duration::from_secs(20))))
                        .unwrap();
                    assert!(!turn.timed_out, "a wake-up was lost");
                }
                Err(_) => {}
            }
            engine.park_end();
        }
    }
    for handle in handles {
        handle.join().unwrap();
    }
    assert!(seen.into_iter().all(|seen| seen));
}

#[test]
fn one_thread_hands_work_over() {
    on_behalf_of(1, 10_000);
}

#[test]
fn ten_threads_hand_work_over() {
    on_behalf_of(10, 1_000);
}

#[test]
fn a_hundred_threads_hand_work_over() {
    on_behalf_of(100, 100);
}

#[test]
fn pairs_of_work_and_no_op() {
    for pairs in [1, 100, 1_000, 10_000] {
        let engine = engine();
        let done = std::cell::Cell::new(0);
        block_on(&engine, async {
            for at in 0..pairs {
                let no_op = pin!(engine.op(op::Nop::new()));
                done.set(done.get() + 1);
                no_op.await.unwrap();
                assert_eq!(done.get(), at + 1);
            }
        });
    }
}

#[test]
fn submitting_before_and_after_the_first_wait() {
    let engine = engine();
    let mut early = pin!(engine.op(op::Nop::new()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(early.as_mut().poll(&mut context).is_pending());
    block_on(&engine, engine.op(op::Nop::new())).unwrap();
    assert!(early.as_mut().poll(&mut context).is_ready());
}

#[test]
fn a_burst_of_unparks_during_one_sleep_is_one_wake_up() {
    let engine = engine();
    let unparker = engine.unparker();
    assert!(engine.park_begin());
    for _ in 0..1_000 {
        unparker.unpark();
    }
    engine.turn(Wait::Until(None)).unwrap();
    engine.park_end();
    assert_eq!(engine.stats().unparks, 1);
    assert!(!engine.has_work());
}
