//! A completion queue that overflows: what did not fit is kept by the kernel, fetched, and counted.

#![cfg(not(loom))]

mod common;

use common::{engine_with, poll_once};
use uring_engine::{EngineConfig, Feature, Wait, Withheld, op};

fn overflow(without: Withheld) {
    let engine = engine_with(EngineConfig {
        entries: 4,
        cq_entries: Some(4),
        without,
        ..EngineConfig::default()
    });
    for round in 0..10 {
        let mut ops: Vec<_> = (0..200).map(|_| engine.op(op::Nop::new())).collect();
        for op in &mut ops {
            assert!(poll_once(op).is_pending());
        }
        let turn = engine.turn(Wait::Until(None)).unwrap();
        assert!(turn.completed > 4, "one turn fetches what overflowed");
        while engine.in_flight() > 0 {
            engine.turn(Wait::Until(None)).unwrap();
        }
        assert!(
            ops.iter_mut().all(|op| poll_once(op).is_ready()),
            "round {round}"
        );
    }
    let stats = engine.stats();
    assert!(stats.overflows > 0);
    assert_eq!(stats.completed, 2_000);
    assert_eq!(stats.stale, 0);
}

#[test]
fn nothing_is_lost_when_the_completion_queue_overflows() {
    overflow(Withheld::NOTHING);
}

#[test]
fn nor_on_a_ring_without_deferred_completions() {
    overflow(Withheld::NOTHING.feature(Feature::DeferTaskrun));
}
