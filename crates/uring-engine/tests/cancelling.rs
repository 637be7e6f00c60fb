//! Cancelling loses nothing: descriptors are closed, buffers come back, nothing reaches a reused slot.

#![cfg(not(loom))]

mod common;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;

use common::{alone, block_on, engine, fd, open_descriptors, pipe, poll_once, settle, tcp_pair};
use uring_engine::{Wait, op};

#[test]
fn a_cancelled_accept_closes_the_connection_it_had_accepted() {
    let _alone = alone();
    let engine = engine();
    let before = open_descriptors();
    for collect_first in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut accept = engine.op(op::Accept::new(fd(&listener)));
        assert!(poll_once(&mut accept).is_pending());
        engine.turn(Wait::No).unwrap();
        let client = TcpStream::connect(address).unwrap();
        if collect_first {
            engine.turn(Wait::Until(None)).unwrap();
        }
        drop(accept);
        settle(&engine);
        drop((client, listener));
        assert_eq!(open_descriptors(), before);
    }
    assert!(engine.stats().discarded >= 1);
}

#[test]
fn an_accept_that_beats_its_cancellation_closes_the_connection() {
    let _alone = alone();
    let engine = engine();
    let before = open_descriptors();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    // Both entries go to the kernel together: it accepts at once, and finds nothing to cancel.
    let mut accept = engine.op(op::Accept::new(fd(&listener)));
    assert!(poll_once(&mut accept).is_pending());
    drop(accept);
    settle(&engine);
    let stats = engine.stats();
    assert_eq!((stats.cancels_lost, stats.discarded), (1, 1));
    drop((client, listener));
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_cancelled_multishot_accept_closes_what_nobody_took() {
    let _alone = alone();
    let engine = engine();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let before = open_descriptors();
    for turn_between in [false, true] {
        let mut accept = engine.multishot(op::AcceptMulti::new(fd(&listener)));
        let first = TcpStream::connect(address).unwrap();
        let taken = block_on(&engine, accept.next()).unwrap().unwrap();
        let clients: Vec<_> = (0..10)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        if turn_between {
            engine.turn(Wait::No).unwrap();
        }
        drop(accept);
        settle(&engine);
        drop((first, taken, clients));
        assert_eq!(open_descriptors(), before);
        // Those that were not accepted stay with the listener; take them away for the next round.
        listener.set_nonblocking(true).unwrap();
        while listener.accept().is_ok() {}
    }
}

#[test]
fn a_cancelled_read_returns_its_buffer() {
    let _alone = alone();
    let engine = engine();
    let (reader, _writer) = pipe();
    let mut read = engine.op(op::Read::new(fd(&reader), vec![7_u8; 100]));
    assert!(poll_once(&mut read).is_pending());
    read.cancel();
    read.cancel();
    let (result, buffer) = block_on(&engine, read);
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    assert_eq!(buffer, [7_u8; 100]);
    let stats = engine.stats();
    assert_eq!(
        (stats.cancels, stats.cancels_won, stats.cancels_lost),
        (1, 1, 0)
    );
}

#[test]
fn writes_to_a_full_pipe_are_cancelled() {
    let _alone = alone();
    let engine = engine();
    let (_reader, writer) = pipe();
    let mut writes: Vec<_> = (0..64)
        .map(|_| engine.op(op::Write::new(fd(&writer), vec![1_u8; 64 * 1024])))
        .collect();
    for write in &mut writes {
        assert!(poll_once(write).is_pending());
    }
    engine.turn(Wait::No).unwrap();
    assert!(engine.in_flight() > 60, "the pipe holds about one of them");
    drop(writes);
    settle(&engine);
    assert!(engine.stats().cancels_won > 60);
}

/// A read races its cancellation; whichever wins, byte and buffer are accounted for and no stranger's slot is hit.
#[test]
fn cancellation_races_completion() {
    let _alone = alone();
    let engine = engine();
    let (reader, mut writer) = pipe();
    let mut read_bytes = 0_u32;
    for round in 0..5_000_u32 {
        let mut read = engine.op(op::Read::new(fd(&reader), [0_u8; 8]));
        assert!(poll_once(&mut read).is_pending());
        match round % 4 {
            0 => writer.write_all(&[1]).unwrap(),
            1 => {
                engine.turn(Wait::No).unwrap();
                writer.write_all(&[1]).unwrap();
                read.cancel();
            }
            2 => {
                read.cancel();
                writer.write_all(&[1]).unwrap();
            }
            _ => {
                engine.turn(Wait::No).unwrap();
                read.cancel();
                engine.turn(Wait::No).unwrap();
                writer.write_all(&[1]).unwrap();
            }
        }
        let (result, _) = block_on(&engine, read);
        match result {
            Ok(count) => read_bytes += count as u32,
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ECANCELED)),
        }
    }
    drop(writer);
    loop {
        let (count, _) = block_on(&engine, engine.op(op::Read::new(fd(&reader), [0_u8; 4096])));
        match count.unwrap() {
            0 => break,
            count => read_bytes += count as u32,
        }
    }
    assert_eq!(read_bytes, 5_000, "every byte was read once");
    let stats = engine.stats();
    assert_eq!(stats.cancels, stats.cancels_won + stats.cancels_lost);
    assert!(stats.cancels_won > 0 && stats.cancels_lost > 0);
    assert_eq!(stats.stale, 0);
}

#[test]
fn a_late_completion_never_reaches_the_slots_next_tenant() {
    let _alone = alone();
    let engine = engine();
    let (reader, mut writer) = pipe();
    for round in 0..1_000_u32 {
        let mut abandoned = engine.op(op::Read::new(fd(&reader), [0_u8; 4]));
        assert!(poll_once(&mut abandoned).is_pending());
        engine.turn(Wait::No).unwrap();
        drop(abandoned);
        // These may get the slot as soon as it is free, and must each get their own result.
        for _ in 0..4 {
            block_on(&engine, engine.op(op::Nop::new())).unwrap();
        }
        settle(&engine);
        writer.write_all(&round.to_ne_bytes()).unwrap();
        let (count, bytes) = block_on(&engine, engine.op(op::Read::new(fd(&reader), [0_u8; 4])));
        assert_eq!((count.unwrap(), u32::from_ne_bytes(bytes)), (4, round));
    }
    assert_eq!(engine.stats().stale, 0);
}

#[test]
fn a_dropped_chain_is_cancelled_to_its_end() {
    let _alone = alone();
    let engine = engine();
    let (reader, mut writer) = pipe();
    let (other, _other_writer) = pipe();
    for hard in [false, true] {
        let chain = engine
            .chain((
                op::Read::new(fd(&reader), [0_u8; 1]),
                op::Read::new(fd(&other), [0_u8; 1]),
                op::Read::new(fd(&other), [0_u8; 1]),
            ))
            .unwrap();
        let mut chain = chain.link(if hard {
            uring_engine::LinkKind::Hard
        } else {
            uring_engine::LinkKind::Soft
        });
        assert!(poll_once(&mut chain).is_pending());
        engine.turn(Wait::No).unwrap();
        if hard {
            // The first succeeds, perhaps before its cancellation arrives.
            writer.write_all(b"x").unwrap();
        }
        drop(chain);
        settle(&engine);
    }
}

#[test]
fn a_cancellation_that_finds_its_operation_about_to_go_on_is_repeated() {
    let _alone = alone();
    // A send that fills the socket at its first attempt finds room again at once, for the peer's kernel has taken the bytes:
    // the kernel then has it on a list where a cancellation does not look.
    let engine = engine();
    for _ in 0..20 {
        let (client, _server) = tcp_pair();
        let (size, length) = (16_384_i32, size_of::<i32>() as libc::socklen_t);
        // SAFETY: the value is valid for the length given, and the kernel only reads it.
        unsafe {
            libc::setsockopt(
                client.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_SNDBUF,
                (&raw const size).cast(),
                length,
            )
        };
        let send = op::Send::new(fd(&client), vec![0_u8; 64 << 20]).flags(libc::MSG_WAITALL);
        let mut send = engine.op(send);
        assert!(poll_once(&mut send).is_pending());
        send.cancel();
        // Nobody receives, so that it does not end by itself.
        settle(&engine);
        let (result, _) = block_on(&engine, send);
        assert!(result.is_ok_and(|count| count < 64 << 20));
    }
}
