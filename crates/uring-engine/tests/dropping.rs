//! Dropping operations and engines at any moment leaks no descriptor and no memory.

#![cfg(not(loom))]

mod common;

use std::net::TcpListener;

use common::{alone, engine, engine_with, fd, open_descriptors, pipe, poll_once, tcp_pair};
use uring_engine::{
    BufferRing, BufferRingConfig, EngineConfig, Feature, RecvStream, Wait, Withheld, op,
};

/// What is in flight when the engine goes: reads, writes, accepts, receives, streams, timeouts, chains.
fn in_flight(engine: uring_engine::Engine, turns: usize, keep_handles: bool) {
    let (reader, writer) = pipe();
    let (client, server) = tcp_pair();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ring = BufferRing::new(&engine, BufferRingConfig::default()).unwrap();
    let mut read = engine.op(op::Read::new(fd(&reader), vec![0_u8; 1 << 16]));
    let mut write = engine.op(op::Write::new(fd(&writer), vec![1_u8; 1 << 20]));
    let mut accept = engine.op(op::Accept::new(fd(&listener)));
    let mut recv = engine.op(op::Recv::new(fd(&server), vec![0_u8; 64]));
    let mut timeout = engine.op(op::Timeout::new(std::time::Duration::from_secs(3600)));
    let mut stream = RecvStream::new(&engine, fd(&client), &ring);
    let mut chain = engine
        .chain((
            op::Read::new(fd(&server), [0_u8; 200]),
            op::Send::new(fd(&server), vec![0_u8; 10]),
        ))
        .unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(poll_once(&mut read).is_pending());
    assert!(poll_once(&mut write).is_pending());
    assert!(poll_once(&mut accept).is_pending());
    assert!(poll_once(&mut recv).is_pending());
    assert!(poll_once(&mut timeout).is_pending());
    assert!(poll_once(&mut chain).is_pending());
    assert!(stream.poll_next(&mut context).is_pending());
    for _ in 0..turns {
        engine.turn(Wait::No).unwrap();
    }
    if keep_handles {
        engine.shutdown();
        assert_eq!(engine.in_flight(), 0);
        assert_eq!(engine.stats().leaked, 0);
        drop(engine);
    } else {
        drop((read, write, accept, recv, timeout, chain, stream));
        drop(engine);
    }
}

#[test]
fn with_operations_queued_or_in_flight() {
    let _alone = alone();
    // The first engine may open descriptors that stay, such as none so far; do not count them.
    in_flight(engine(), 1, false);
    let before = open_descriptors();
    for _ in 0..20 {
        for turns in [0, 1, 2] {
            in_flight(engine(), turns, false);
            in_flight(engine(), turns, true);
        }
    }
    assert_eq!(open_descriptors(), before);
}

#[test]
fn without_the_kernel_cancelling_all_at_once() {
    let _alone = alone();
    let config = EngineConfig {
        without: Withheld::NOTHING.feature(Feature::SyncCancel),
        ..EngineConfig::default()
    };
    for turns in [0, 1, 2] {
        in_flight(engine_with(config.clone()), turns, false);
        in_flight(engine_with(config.clone()), turns, true);
    }
}

#[test]
fn every_payload_is_dropped() {
    let _alone = alone();
    struct Counted(
        op::Read<[u8; 8]>,
        #[expect(dead_code, reason = "it is counted")] std::rc::Rc<()>,
    );
    // SAFETY: the entry is the inner operation's, which lies in the value.
    unsafe impl uring_engine::Operation for Counted {
        type Output = ();
        fn entry(&mut self) -> uring_engine::io_uring::squeue::Entry {
            self.0.entry()
        }
        fn complete(self, _completion: uring_engine::Completion) {}
    }
    let count = std::rc::Rc::new(());
    for turns in [0, 1] {
        let engine = engine();
        let (reader, _writer) = pipe();
        let mut ops: Vec<_> = (0..100)
            .map(|_| engine.op(Counted(op::Read::new(fd(&reader), [0; 8]), count.clone())))
            .collect();
        for op in &mut ops {
            assert!(poll_once(op).is_pending());
        }
        for _ in 0..turns {
            engine.turn(Wait::No).unwrap();
        }
        drop(ops);
        drop(engine);
        assert_eq!(std::rc::Rc::strong_count(&count), 1);
    }
}

#[test]
fn with_work_on_the_kernels_worker_threads() {
    let _alone = alone();
    // A read that is forced onto a worker thread blocks there until it is cancelled.
    struct OnWorker(op::Read<Vec<u8>>);
    // SAFETY: the entry is the inner operation's, which lies in the value.
    unsafe impl uring_engine::Operation for OnWorker {
        type Output = <op::Read<Vec<u8>> as uring_engine::Operation>::Output;
        fn entry(&mut self) -> uring_engine::io_uring::squeue::Entry {
            self.0
                .entry()
                .flags(uring_engine::io_uring::squeue::Flags::ASYNC)
        }
        fn complete(self, completion: uring_engine::Completion) -> Self::Output {
            self.0.complete(completion)
        }
    }
    let engine = engine();
    let (reader, writer) = pipe();
    let mut reads: Vec<_> = (0..4)
        .map(|_| engine.op(OnWorker(op::Read::new(fd(&reader), vec![0_u8; 4096]))))
        .collect();
    for read in &mut reads {
        assert!(poll_once(read).is_pending());
    }
    engine.turn(Wait::No).unwrap();
    drop(reads);
    drop(engine);
    drop(writer);
}

#[test]
fn an_engine_that_sleeps_nowhere_and_does_nothing_costs_one_ring_and_one_descriptor() {
    let _alone = alone();
    let before = open_descriptors();
    let engine = engine();
    assert_eq!(open_descriptors(), before + 2);
    engine.turn(Wait::No).unwrap();
    assert_eq!(engine.stats().enters, 0);
    drop(engine);
    assert_eq!(open_descriptors(), before);
}
