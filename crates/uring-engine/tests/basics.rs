//! One operation of each basic kind, through the ring and back.

#![cfg(not(loom))]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use common::{block_on, engine, fd, poll_once, tcp_pair};
use uring_engine::{Target, Wait, op};

#[test]
fn a_nop_comes_back() {
    let engine = engine();
    block_on(&engine, engine.op(op::Nop::new())).unwrap();
    assert_eq!(engine.in_flight(), 0);
    assert_eq!(engine.queued(), 0);
}

#[test]
fn an_operation_that_is_never_polled_submits_nothing() {
    let engine = engine();
    let unpolled = engine.op(op::Nop::new());
    engine.turn(Wait::No).unwrap();
    drop(unpolled);
    engine.turn(Wait::No).unwrap();
    let stats = engine.stats();
    assert_eq!((stats.enters, stats.submitted), (0, 0));
}

#[test]
fn a_socket_echoes() {
    let engine = engine();
    let (mut client, server) = tcp_pair();
    client.write_all(b"hello").unwrap();
    let (received, buffer) = block_on(
        &engine,
        engine.op(op::Recv::new(fd(&server), Vec::with_capacity(16))),
    );
    assert_eq!(received.unwrap(), 5);
    assert_eq!(buffer, b"hello");
    let (sent, _) = block_on(&engine, engine.op(op::Send::new(fd(&server), buffer)));
    assert_eq!(sent.unwrap(), 5);
    let mut echo = [0; 5];
    client.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"hello");
}

#[test]
fn connect_and_accept_meet() {
    let engine = engine();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut accept = engine.op(op::Accept::new(fd(&listener)));
    assert!(poll_once(&mut accept).is_pending());
    let socket = new_socket();
    block_on(&engine, engine.op(op::Connect::new(fd(&socket), address))).unwrap();
    let accepted = TcpStream::from(block_on(&engine, accept).unwrap());
    let client = TcpStream::from(socket);
    assert_eq!(accepted.peer_addr().unwrap(), client.local_addr().unwrap());
    let refused = block_on(
        &engine,
        engine.op(op::Connect::new(Target::Fd(-1), address)),
    );
    assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EBADF));
}

fn new_socket() -> std::os::fd::OwnedFd {
    use std::os::fd::FromRawFd;
    // SAFETY: no pointers; the descriptor is fresh.
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        assert!(fd >= 0);
        std::os::fd::OwnedFd::from_raw_fd(fd)
    }
}

#[test]
fn a_file_is_written_and_read_at_an_offset() {
    let engine = engine();
    let file = tempfile::tempfile().unwrap();
    let (written, _) = block_on(
        &engine,
        engine.op(op::Write::at(fd(&file), 3, &b"abcdef"[..])),
    );
    assert_eq!(written.unwrap(), 6);
    let (read, buffer) = block_on(&engine, engine.op(op::Read::at(fd(&file), 5, [0_u8; 16])));
    assert_eq!(read.unwrap(), 4);
    assert_eq!(&buffer[..4], b"cdef");
    let (end, _) = block_on(
        &engine,
        engine.op(op::Read::at(fd(&file), 100, vec![0_u8; 4])),
    );
    assert_eq!(end.unwrap(), 0);
}

#[test]
fn readiness_is_reported() {
    let engine = engine();
    let (reader, mut writer) = common::pipe();
    let mut poll = engine.op(op::PollAdd::new(fd(&reader), libc::POLLIN as u32));
    assert!(poll_once(&mut poll).is_pending());
    let turn = engine.turn(Wait::Until(Some(Duration::ZERO))).unwrap();
    assert_eq!(turn.completed, 0);
    writer.write_all(b"x").unwrap();
    let events = block_on(&engine, poll).unwrap();
    assert_ne!(events & libc::POLLIN as u32, 0);
}

#[test]
fn close_closes_once() {
    let engine = engine();
    let (reader, mut writer) = common::pipe();
    block_on(&engine, engine.op(op::Close::new(reader))).unwrap();
    let error = writer.write_all(b"x").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
}

#[test]
fn leftover_operations_resolve_after_shutdown() {
    let engine = engine();
    let (reader, _writer) = common::pipe();
    let mut pending = engine.op(op::Read::new(fd(&reader), vec![0_u8; 8]));
    assert!(poll_once(&mut pending).is_pending());
    let mut unpolled = engine.op(op::Nop::new());
    let dropped_later = {
        let mut op = engine.op(op::Read::new(fd(&reader), vec![0_u8; 8]));
        assert!(poll_once(&mut op).is_pending());
        op
    };
    engine.turn(Wait::No).unwrap();
    engine.shutdown();
    engine.shutdown();
    let std::task::Poll::Ready((result, buffer)) = poll_once(&mut pending) else {
        panic!("shutdown resolves what is pending");
    };
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    assert_eq!(buffer.len(), 8);
    assert!(poll_once(&mut unpolled).is_ready());
    drop(dropped_later);
    assert!(engine.turn(Wait::No).is_err());
}

#[test]
fn an_unpark_ends_a_sleep() {
    let engine = engine();
    let unparker = engine.unparker();
    for _ in 0..100 {
        let unparker = unparker.clone();
        let other = std::thread::spawn(move || unparker.unpark());
        engine.turn(Wait::Until(None)).unwrap();
        other.join().unwrap();
        // Take the call when it came before the turn slept.
        while !engine.park_begin() {}
        engine.park_end();
    }
    unparker.unpark();
    assert!(!engine.park_begin(), "a pending call forbids the sleep");
    assert!(engine.park_begin());
    engine.park_end();
}
