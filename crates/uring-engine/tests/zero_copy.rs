//! Zero-copy sends resolve once the memory is free, with the first completion's result.

#![cfg(not(loom))]

mod common;

use std::io::Read as _;

use common::{block_on, engine, fd, poll_once, settle, tcp_pair};
use uring_engine::{Wait, op};

#[test]
fn everything_arrives_and_the_buffer_comes_back() {
    let engine = engine();
    let (mut client, server) = tcp_pair();
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        client.read_to_end(&mut all).unwrap();
        all
    });
    let mut sent = 0;
    while sent < 1 << 20 {
        let (result, buffer) = block_on(
            &engine,
            engine.op(op::SendZc::new(fd(&server), vec![3_u8; 64 * 1024])),
        );
        sent += result.unwrap();
        assert_eq!(buffer.len(), 64 * 1024);
    }
    assert_eq!(engine.in_flight(), 0);
    drop(server);
    let all = reader.join().unwrap();
    assert_eq!(all.len(), sent);
    assert!(all.iter().all(|&byte| byte == 3));
    let stats = engine.stats();
    assert!(
        stats.completed > stats.submitted,
        "each send has a second completion"
    );
}

#[test]
fn an_error_has_its_result_too() {
    let engine = engine();
    let send = op::SendZc::new(uring_engine::Target::Fd(-1), vec![0_u8; 10]);
    let (result, buffer) = block_on(&engine, engine.op(send));
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
    assert_eq!(buffer.len(), 10);
    assert_eq!(engine.in_flight(), 0);
}

#[test]
fn a_dropped_send_keeps_its_memory_until_the_notification() {
    let engine = engine();
    let (client, server) = tcp_pair();
    for _ in 0..8 {
        let mut send = engine.op(op::SendZc::new(fd(&server), vec![0_u8; 16 * 1024]));
        assert!(poll_once(&mut send).is_pending());
        engine.turn(Wait::No).unwrap();
        drop(send);
    }
    drop(client);
    settle(&engine);
}
