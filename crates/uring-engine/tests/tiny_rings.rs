//! Rings of 1, 2 and 4 entries: a full queue is back-pressure, never an error, and order is kept.

#![cfg(not(loom))]

mod common;

use std::io::Read as _;

use common::{block_on, engine_with, fd, pipe, poll_once, settle};
use uring_engine::{EngineConfig, op};

fn config(entries: u32) -> EngineConfig {
    EngineConfig {
        entries,
        cq_entries: Some(entries),
        ..EngineConfig::default()
    }
}

#[test]
fn more_no_ops_than_entries() {
    for entries in [1, 2, 4] {
        let engine = engine_with(config(entries));
        assert_eq!(engine.report().sq_entries, entries);
        let mut ops: Vec<_> = (0..1_000).map(|_| engine.op(op::Nop::new())).collect();
        for op in &mut ops {
            assert!(poll_once(op).is_pending());
        }
        settle(&engine);
        for op in &mut ops {
            assert!(poll_once(op).is_ready());
        }
        let stats = engine.stats();
        assert_eq!(stats.completed, 1_000);
        assert!(stats.queue_full > 0);
    }
}

#[test]
fn writes_to_a_pipe_keep_their_order() {
    for entries in [1, 2, 4] {
        let engine = engine_with(config(entries));
        let (mut reader, writer) = pipe();
        let mut ops: Vec<_> = (0..=255_u8)
            .map(|byte| engine.op(op::Write::new(fd(&writer), [byte])))
            .collect();
        for op in &mut ops {
            assert!(poll_once(op).is_pending());
        }
        settle(&engine);
        let mut bytes = [0; 256];
        reader.read_exact(&mut bytes).unwrap();
        assert!(
            bytes
                .iter()
                .enumerate()
                .all(|(at, &byte)| at == usize::from(byte))
        );
    }
}

#[test]
fn a_chain_longer_than_the_ring_is_an_error_that_returns_it() {
    let engine = engine_with(config(2));
    let nop = op::Nop::new;
    let error = engine.chain((nop(), nop(), nop())).unwrap_err();
    assert_eq!((error.length, error.capacity), (3, 2));
    assert!(error.to_string().contains("entries"));
    let (first, second, _) = error.operations;
    let chain = engine.chain((first, second)).unwrap();
    let (first, second) = block_on(&engine, chain);
    first.unwrap();
    second.unwrap();
}

#[test]
fn chains_are_not_split_by_a_full_queue() {
    for entries in [2, 4] {
        let engine = engine_with(config(entries));
        for filling in 0..=entries {
            let (mut reader, writer) = pipe();
            let mut before: Vec<_> = (0..filling).map(|_| engine.op(op::Nop::new())).collect();
            for op in &mut before {
                assert!(poll_once(op).is_pending());
            }
            // The first one fails; were the chain split, the second would run.
            let bad = op::Read::new(uring_engine::Target::Fd(-1), vec![0_u8; 1]);
            let chain = engine
                .chain((bad, op::Write::new(fd(&writer), *b"x")))
                .unwrap();
            let ((bad, _), (unreached, _)) = block_on(&engine, chain);
            assert_eq!(bad.unwrap_err().raw_os_error(), Some(libc::EBADF));
            assert_eq!(unreached.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
            drop(writer);
            assert_eq!(reader.read(&mut [0; 1]).unwrap(), 0);
        }
    }
}
