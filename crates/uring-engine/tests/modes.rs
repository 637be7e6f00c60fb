//! The polling modes.

#![cfg(not(loom))]

mod common;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use common::{block_on, engine_with, fd, pipe, poll_once, settle};
use uring_engine::{EngineConfig, Feature, FixedBuffers, SqPoll, Wait, op};

#[test]
fn a_submission_thread_takes_entries() {
    for entries in [1, 4, 64] {
        let engine = engine_with(EngineConfig {
            entries,
            sqpoll: Some(SqPoll {
                idle_ms: 1,
                cpu: None,
            }),
            ..EngineConfig::default()
        });
        if !engine.report().has(Feature::SqPoll) {
            assert!(engine.report().refusal(Feature::SqPoll).is_some());
            continue;
        }
        let mut ops: Vec<_> = (0..500).map(|_| engine.op(op::Nop::new())).collect();
        for op in &mut ops {
            assert!(poll_once(op).is_pending());
        }
        settle(&engine);
        assert!(ops.iter_mut().all(|op| poll_once(op).is_ready()));
        for _ in 0..3 {
            // Long enough for the thread to fall asleep: the next submission has to wake it.
            engine
                .turn(Wait::Until(Some(Duration::from_millis(10))))
                .unwrap();
            let (reader, mut writer) = pipe();
            let mut read = engine.op(op::Read::new(fd(&reader), [0_u8; 4]));
            assert!(poll_once(&mut read).is_pending());
            engine.turn(Wait::No).unwrap();
            writer.write_all(b"poll").unwrap();
            let (count, _) = block_on(&engine, read);
            assert_eq!(count.unwrap(), 4);
        }
        let (reader, _writer) = pipe();
        let mut pending = engine.op(op::Read::new(fd(&reader), [0_u8; 4]));
        assert!(poll_once(&mut pending).is_pending());
        drop(pending);
        engine.shutdown();
    }
}

#[test]
fn a_submission_thread_on_a_processor_that_does_not_exist_is_refused_and_reported() {
    let engine = engine_with(EngineConfig {
        sqpoll: Some(SqPoll {
            idle_ms: 1,
            cpu: Some(100_000),
        }),
        ..EngineConfig::default()
    });
    let refusal = engine.report().refusal(Feature::SqPoll).unwrap();
    assert_eq!(refusal.errno, Some(libc::EINVAL));
    block_on(&engine, engine.op(op::Nop::new())).unwrap();
}

/// Whether a polled transfer worked; anything but "not to be had here" is a failure.
fn polled(result: std::io::Result<usize>) -> bool {
    match result {
        Ok(count) => {
            assert_eq!(count, 4096);
            true
        }
        Err(error) => {
            let errno = error.raw_os_error();
            assert!(
                matches!(errno, Some(libc::EOPNOTSUPP | libc::EINVAL)),
                "{error}"
            );
            false
        }
    }
}

/// Direct reads and writes on a ring that polls for completions. Where file system or device cannot poll, the kernel says
/// so in the operation's result, and nothing else goes wrong.
#[test]
fn completions_are_polled_for() {
    let engine = engine_with(EngineConfig {
        iopoll: true,
        ..EngineConfig::default()
    });
    assert!(engine.report().has(Feature::IoPoll));
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = directory.path().join("direct");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .custom_flags(libc::O_DIRECT)
        .open(path);
    // Some file systems know no direct access at all.
    if let Ok(file) = file {
        let buffers = FixedBuffers::new(&engine, 1, 4096).unwrap();
        let mut buffer = buffers.take().unwrap();
        buffer.fill(5);
        let write = engine.op(op::WriteFixed::at(fd(&file), 0, buffer));
        let (result, mut buffer) = block_on(&engine, write);
        if polled(result) {
            buffer.fill(0);
            let read = engine.op(op::ReadFixed::at(fd(&file), 0, buffer));
            let (result, buffer) = block_on(&engine, read);
            assert_eq!(polled(result), buffer.iter().all(|&byte| byte == 5));
        }
    }
    // What cannot be polled for is refused by the kernel, as a result.
    let (reader, _writer) = pipe();
    let (result, _) = block_on(&engine, engine.op(op::Read::new(fd(&reader), [0_u8; 1])));
    assert!(result.is_err());
    // With nothing in flight, a sleep still ends by time or by an unpark.
    let turn = engine
        .turn(Wait::Until(Some(Duration::from_millis(1))))
        .unwrap();
    assert!(turn.timed_out);
    let unparker = engine.unparker();
    let other = std::thread::spawn(move || unparker.unpark());
    engine.turn(Wait::Until(None)).unwrap();
    other.join().unwrap();
}
