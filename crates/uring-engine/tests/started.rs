//! Operations that begin when they are made, rather than at their first poll.

#![cfg(not(loom))]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use common::{Counter, alone, block_on, engine, fd, open_descriptors, pipe, settle};
use uring_engine::{Target, Wait, op};

fn nobody() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn one_is_under_way_before_it_is_polled_and_wakes_who_began_it() {
    let _alone = alone();
    let engine = engine();
    let (reader, mut writer) = pipe();
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    let read = op::Read::new(fd(&reader), vec![0; 8]);
    let started = engine.start(read, &Context::from_waker(&waker));
    assert_eq!(engine.in_flight(), 1);
    assert!(started.is_pending());
    writer.write_all(b"hello").unwrap();
    settle(&engine);
    assert_eq!(counter.wakes.load(Ordering::SeqCst), 1);
    let (result, buffer) = block_on(&engine, started);
    assert_eq!((result.unwrap(), &buffer[..5]), (5, b"hello".as_slice()));
}

#[test]
fn a_poll_brings_another_waker() {
    let _alone = alone();
    let engine = engine();
    let (reader, mut writer) = pipe();
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    let read = op::Read::new(fd(&reader), vec![0; 8]);
    let mut started = engine.start(read, &nobody());
    let polled = std::pin::Pin::new(&mut started).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    writer.write_all(b"hello").unwrap();
    settle(&engine);
    assert_eq!(counter.wakes.load(Ordering::SeqCst), 1);
}

#[test]
fn dropping_one_cancels_it() {
    let _alone = alone();
    let engine = engine();
    let (reader, mut writer) = pipe();
    drop(engine.start(op::Read::new(fd(&reader), vec![0; 8]), &nobody()));
    settle(&engine);
    assert_eq!(engine.stats().cancels_won, 1);
    writer.write_all(b"hello").unwrap();
    drop(writer);
    let mut rest = Vec::new();
    (&reader).read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"hello");
}

#[test]
fn a_result_that_nobody_took_is_discarded() {
    let _alone = alone();
    let engine = engine();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let before = open_descriptors();
    let accept = engine.start(op::Accept::new(fd(&listener)), &nobody());
    settle(&engine);
    assert_eq!(open_descriptors(), before + 1);
    drop(accept);
    assert_eq!(open_descriptors(), before);
    assert_eq!(engine.stats().discarded, 1);
}

#[test]
fn one_that_is_cancelled_gives_its_buffer_back() {
    let _alone = alone();
    let engine = engine();
    let (reader, _writer) = pipe();
    let mut started = engine.start(op::Read::new(fd(&reader), vec![7; 8]), &nobody());
    started.cancel();
    let (result, buffer) = block_on(&engine, started);
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    assert_eq!(buffer, [7; 8]);
}

#[test]
fn on_an_engine_that_is_shut_down_nothing_begins() {
    let _alone = alone();
    let engine = engine();
    let (reader, _writer) = pipe();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    engine.shutdown();
    let read = engine.start(op::Read::new(fd(&reader), vec![7; 8]), &nobody());
    let (result, buffer) = block_on(&engine, read);
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    assert_eq!(buffer, [7; 8]);
    drop(engine.start(op::Read::new(fd(&reader), vec![7; 8]), &nobody()));
    let accept = op::AcceptMulti::new(fd(&listener));
    let mut accept = engine.start_multishot(accept, &nobody());
    assert!(block_on(&engine, accept.next()).is_none());
    assert_eq!(engine.in_flight(), 0);
}

#[test]
#[should_panic(expected = "after it had resolved")]
fn polling_one_that_has_resolved_panics() {
    let _alone = alone();
    let engine = engine();
    let mut nop = engine.start(op::Nop::new(), &nobody());
    block_on(&engine, &mut nop).unwrap();
    assert!(!nop.is_pending());
    let _ = block_on(&engine, &mut nop);
}

#[test]
fn a_multishot_one_yields_items_and_ends() {
    let _alone = alone();
    let engine = engine();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let before = open_descriptors();
    let operation = op::AcceptMulti::new(fd(&listener));
    let mut accept = engine.start_multishot(operation, &nobody());
    let clients: Vec<_> = (0..3)
        .map(|_| TcpStream::connect(listener.local_addr().unwrap()).unwrap())
        .collect();
    for client in &clients[..2] {
        let accepted = block_on(&engine, accept.next()).unwrap().unwrap();
        let accepted = TcpStream::from(accepted);
        assert_eq!(accepted.peer_addr().unwrap(), client.local_addr().unwrap());
    }
    // The third is accepted, and taken by nobody.
    while open_descriptors() < before + clients.len() + 1 {
        engine.turn(Wait::Until(None)).unwrap();
    }
    accept.cancel();
    settle(&engine);
    drop(accept);
    assert_eq!(open_descriptors(), before + clients.len());
    assert_eq!(engine.stats().discarded, 2);
}

#[test]
fn a_multishot_one_that_failed_has_one_item() {
    let _alone = alone();
    let engine = engine();
    let operation = op::AcceptMulti::new(Target::Fd(-1));
    let mut accept = engine.start_multishot(operation, &nobody());
    let error = block_on(&engine, accept.next()).unwrap().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    for _ in 0..2 {
        assert!(matches!(accept.poll_next(&mut nobody()), Poll::Ready(None)));
    }
    accept.cancel();
    assert_eq!(engine.in_flight(), 0);
}
