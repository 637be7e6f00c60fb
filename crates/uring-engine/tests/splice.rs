//! Bytes move from files through pipes to sockets, and are copied from pipe to pipe.

#![cfg(not(loom))]

mod common;

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd;

use common::{block_on, engine, fd, poll_once, settle, tcp_pair};
use uring_engine::{Target, Wait, op};

fn of(descriptor: &impl AsRawFd) -> Target {
    Target::of(descriptor)
}

#[test]
fn a_file_goes_through_a_pipe_to_a_socket() {
    let engine = engine();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"0123456789").unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let (mut client, server) = tcp_pair();
    let read = op::Splice::new(of(&file), of(&writer), 6).from_offset(2);
    assert_eq!(block_on(&engine, engine.op(read)).unwrap(), 6);
    let send = op::Splice::new(of(&reader), fd(&server), 100).flags(libc::SPLICE_F_NONBLOCK);
    assert_eq!(block_on(&engine, engine.op(send)).unwrap(), 6);
    let mut bytes = [0; 6];
    client.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"234567");
    // Behind the end of the file.
    let read = op::Splice::new(of(&file), of(&writer), 6).from_offset(100);
    assert_eq!(block_on(&engine, engine.op(read)).unwrap(), 0);
    // From the pipe to a place in the file.
    (&writer).write_all(b"ab").unwrap();
    let write = op::Splice::new(of(&reader), of(&file), 2).to_offset(4);
    assert_eq!(block_on(&engine, engine.op(write)).unwrap(), 2);
    let read = op::Read::at(of(&file), 0, Vec::with_capacity(20));
    assert_eq!(block_on(&engine, engine.op(read)).1, b"0123ab6789");
}

#[test]
fn a_tee_leaves_the_bytes_where_they_were() {
    let engine = engine();
    let (mut from, mut into) = std::io::pipe().unwrap();
    let (mut copy, to) = std::io::pipe().unwrap();
    into.write_all(b"twice").unwrap();
    let tee = op::Tee::new(of(&from), of(&to), 100);
    assert_eq!(block_on(&engine, engine.op(tee)).unwrap(), 5);
    let mut bytes = [0; 5];
    for pipe in [&mut from, &mut copy] {
        pipe.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"twice");
    }
    let nothing = op::Tee::new(of(&from), of(&to), 100).flags(libc::SPLICE_F_NONBLOCK);
    let error = block_on(&engine, engine.op(nothing)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
}

#[test]
fn neither_end_a_pipe_is_an_error_and_a_dropped_splice_ends() {
    let engine = engine();
    let (client, server) = tcp_pair();
    let splice = op::Splice::new(fd(&client), fd(&server), 1);
    let error = block_on(&engine, engine.op(splice)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    let (_reader, writer) = std::io::pipe().unwrap();
    let mut waiting = engine.op(op::Splice::new(fd(&client), of(&writer), 1));
    assert!(poll_once(&mut waiting).is_pending());
    engine.turn(Wait::No).unwrap();
    drop(waiting);
    settle(&engine);
}
