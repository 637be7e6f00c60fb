//! What the kernel may answer when it is short of something, by injection.

#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::time::Duration;

use common::{engine_with, poll_once, settle};
use uring_engine::{EngineConfig, EnterCall, EnterFault, TurnError, Wait, op};

thread_local! {
    static FAULT: Cell<EnterFault> = const { Cell::new(EnterFault::None) };
    static TIMES: Cell<u32> = const { Cell::new(0) };
}

fn inject(fault: EnterFault, times: u32) {
    FAULT.set(fault);
    TIMES.set(times);
}

fn fault(_call: EnterCall) -> EnterFault {
    if TIMES.get() == 0 {
        return EnterFault::None;
    }
    TIMES.set(TIMES.get() - 1);
    FAULT.get()
}

fn config(entries: u32) -> EngineConfig {
    EngineConfig {
        entries,
        enter_fault: Some(fault),
        ..EngineConfig::default()
    }
}

#[test]
fn refusals_are_retried_and_nothing_is_lost() {
    for errno in [libc::EAGAIN, libc::EBUSY] {
        for entries in [1, 2, 4, 64] {
            let engine = engine_with(config(entries));
            inject(EnterFault::Errno(errno), 10);
            let mut ops: Vec<_> = (0..100).map(|_| engine.op(op::Nop::new())).collect();
            for op in &mut ops {
                assert!(poll_once(op).is_pending());
            }
            settle(&engine);
            assert!(ops.iter_mut().all(|op| poll_once(op).is_ready()));
            let stats = engine.stats();
            assert_eq!(stats.refused, 10);
            assert_eq!(stats.submitted, 100);
            assert!(entries == 64 || stats.backlogged > 0);
        }
    }
}

#[test]
fn a_partial_submission_goes_on() {
    let engine = engine_with(config(8));
    inject(EnterFault::SubmitAtMost(1), u32::MAX);
    let mut ops: Vec<_> = (0..100).map(|_| engine.op(op::Nop::new())).collect();
    for op in &mut ops {
        assert!(poll_once(op).is_pending());
    }
    settle(&engine);
    inject(EnterFault::None, 0);
    assert!(ops.iter_mut().all(|op| poll_once(op).is_ready()));
    let stats = engine.stats();
    assert!(stats.partial_submits > 0);
    assert_eq!(stats.submitted, 100);
}

#[test]
fn an_interrupted_enter_is_no_error() {
    let engine = engine_with(config(8));
    let mut op = engine.op(op::Nop::new());
    assert!(poll_once(&mut op).is_pending());
    inject(EnterFault::Errno(libc::EINTR), 1);
    let turn = engine.turn(Wait::Until(None)).unwrap();
    assert!(turn.interrupted);
    assert_eq!(engine.stats().interrupted, 1);
    settle(&engine);
    assert!(poll_once(&mut op).is_ready());
}

#[test]
fn a_failing_enter_still_collects() {
    let engine = engine_with(config(8));
    let mut early = engine.op(op::Nop::new());
    assert!(poll_once(&mut early).is_pending());
    // Submits by way of a full queue, so that a completion waits in the ring before the failing turn.
    let mut more: Vec<_> = (0..8).map(|_| engine.op(op::Nop::new())).collect();
    for op in &mut more {
        assert!(poll_once(op).is_pending());
    }
    assert!(engine.has_work());
    inject(EnterFault::Errno(libc::EFAULT), 1);
    let error = engine.turn(Wait::No).unwrap_err();
    assert!(matches!(error, TurnError::Enter { .. }), "{error}");
    assert!(poll_once(&mut early).is_ready());
    settle(&engine);

    inject(EnterFault::Errno(libc::EBADR), 1);
    let mut op = engine.op(op::Nop::new());
    assert!(poll_once(&mut op).is_pending());
    assert!(matches!(
        engine.turn(Wait::Until(Some(Duration::from_secs(1)))),
        Err(TurnError::CompletionsLost)
    ));
    settle(&engine);
}
