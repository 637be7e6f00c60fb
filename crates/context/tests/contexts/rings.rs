//! Requirements 13 and 14: full queues, overflowing queues and failing `enter` calls under a context with many tasks.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use context::ContextBuilder;
use uring_engine::{EngineConfig, EnterCall, EnterFault};

use crate::support::{Watchdog, nop, poll_once, tiny_ring};

fn many_no_ops(engine: EngineConfig, tasks: u32, each: u32) {
    let mut context = ContextBuilder::new().engine(engine).build();
    let done = context
        .block_on(async {
            let done = Rc::new(Cell::new(0));
            let tasks: Vec<_> = (0..tasks)
                .map(|_| {
                    let done = done.clone();
                    context::spawn(async move {
                        for _ in 0..each {
                            nop().await;
                            done.set(done.get() + 1);
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            done.get()
        })
        .unwrap();
    assert_eq!(done, tasks * each);
    assert_eq!(context.handle().metrics().in_flight, 0);
}

/// 13: rings with 1, 2 and 4 entries under 300 tasks: a full queue is back-pressure.
#[test]
fn tiny_rings() {
    let _watchdog = Watchdog::new("tiny_rings");
    for entries in [1, 2, 4] {
        many_no_ops(tiny_ring(entries), 300, 20);
    }
}

/// 13: tasks that are aborted while their operations wait behind a full queue.
#[test]
fn aborts_behind_a_full_queue() {
    let _watchdog = Watchdog::new("aborts_behind_a_full_queue");
    let mut context = ContextBuilder::new().engine(tiny_ring(2)).build();
    context
        .block_on(async {
            let tasks: Vec<_> = (0..500).map(|_| context::spawn(nop())).collect();
            context::yield_now().await;
            for task in tasks.iter().step_by(2) {
                task.abort();
            }
            for task in tasks {
                let _ = task.await;
            }
            nop().await;
            // The run ends with as many again in flight.
            for _ in 0..500 {
                context::spawn(nop()).detach();
            }
            context::yield_now().await;
        })
        .unwrap();
    assert_eq!(context.handle().metrics().tasks_live, 0);
}

/// 14: an operation that is made and never awaited submits nothing.
#[test]
fn an_operation_nobody_awaits_is_not_submitted() {
    let mut context = ContextBuilder::new().build();
    let submitted = context
        .block_on(async {
            nop().await;
            let engine = context::driver().engine().clone();
            let before = engine.stats().submitted;
            for _ in 0..100 {
                drop(engine.op(uring_engine::op::Nop::new()));
            }
            nop().await;
            engine.stats().submitted - before
        })
        .unwrap();
    assert_eq!(submitted, 1);
}

/// 13: an operation that was polled once and dropped leaves the ring usable.
#[test]
fn an_abandoned_operation_is_collected() {
    let mut context = ContextBuilder::new().engine(tiny_ring(1)).build();
    context
        .block_on(async {
            let engine = context::driver().engine().clone();
            for _ in 0..100 {
                let mut op = engine.op(uring_engine::op::Nop::new());
                let _ = poll_once(&mut op);
            }
            nop().await;
        })
        .unwrap();
}

/// A fault for every third `enter`, of each kind in turn.
fn every_third(_: EnterCall) -> EnterFault {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    if !call.is_multiple_of(3) {
        return EnterFault::None;
    }
    match call / 3 % 4 {
        0 => EnterFault::Errno(libc::EINTR),
        1 => EnterFault::Errno(libc::EAGAIN),
        2 => EnterFault::Errno(libc::EBUSY),
        _ => EnterFault::SubmitAtMost(1),
    }
}

/// 13: interrupted, refused and partial submissions lose nothing.
#[test]
fn failing_enters() {
    let _watchdog = Watchdog::new("failing_enters");
    for entries in [2, 256] {
        let mut engine = tiny_ring(entries);
        engine.enter_fault = Some(every_third);
        many_no_ops(engine, 200, 10);
    }
}

fn broken_after_a_while(_: EnterCall) -> EnterFault {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed) < 20 {
        EnterFault::None
    } else {
        EnterFault::Errno(libc::ENOMEM)
    }
}

/// 5, 13: a ring that fails for good ends the run with an error; every task is dropped, every handle resolves.
#[test]
fn a_ring_that_breaks() {
    let _watchdog = Watchdog::new("a_ring_that_breaks");
    let mut engine = tiny_ring(4);
    engine.enter_fault = Some(broken_after_a_while);
    let mut context = ContextBuilder::new().engine(engine).build();
    context.start().unwrap();
    let tasks: Vec<_> = (0..10)
        .filter_map(|_| {
            let submitted = context.handle().submit_with(|| async {
                loop {
                    nop().await;
                }
            });
            submitted.ok()
        })
        .collect();
    for task in tasks {
        let ended: Result<(), _> = task.join_blocking();
        assert!(ended.is_err());
    }
    assert!(matches!(context.join(), Err(context::RunError::Driver(_))));
    assert!(context.handle().submit(async {}).is_err());
}
