//! Operations that are tried without the ring.

#![cfg(not(loom))]

mod common;

use std::fs::File;
use std::io::Write as _;

use common::{block_on, engine, fd, pipe};
use uring_engine::{Op, op};

/// A file of `text`, which the page cache holds.
fn cached(text: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    file
}

#[test]
fn a_read_that_fills_its_buffer_resolves_without_a_submission() {
    let engine = engine();
    let file = cached(b"hello, world");
    let mut read = engine.op(op::Read::at(fd(&file), 7, [0_u8; 5]));
    // A file system that cannot tell what it has cached leaves it to the ring.
    let (count, bytes) = match read.attempt() {
        Some(output) => {
            assert_eq!(engine.stats().submitted, 0);
            assert!(read.attempt().is_none(), "it has resolved");
            output
        }
        None => block_on(&engine, read),
    };
    assert_eq!((count.unwrap(), &bytes), (5, b"world"));
}

#[test]
fn what_cannot_be_done_at_once_is_left_as_it_was() {
    let engine = engine();
    let file = cached(b"hello");
    let (reader, mut writer) = pipe();
    writer.write_all(b"hello").unwrap();
    let part = engine.op(op::Read::at(fd(&file), 0, [0_u8; 8]));
    let from_pipe = engine.op(op::Read::new(fd(&reader), [0_u8; 8]));
    for mut read in [part, from_pipe] {
        assert!(read.attempt().is_none());
        let (count, bytes) = block_on(&engine, read);
        assert_eq!((count.unwrap(), &bytes[..5]), (5, &b"hello"[..]));
    }
    let mut nothing: Op<op::Nop> = engine.op(op::Nop::new());
    assert!(nothing.attempt().is_none());
    block_on(&engine, nothing).unwrap();
}

#[test]
fn an_engine_that_was_shut_down_does_nothing_at_once() {
    let engine = engine();
    let file = cached(b"hello");
    let mut read = engine.op(op::Read::at(fd(&file), 0, [0_u8; 5]));
    engine.shutdown();
    assert!(read.attempt().is_none());
    let (result, _) = block_on(&engine, read);
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
}
