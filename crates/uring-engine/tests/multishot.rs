//! Multishot operations: items in order, one wake-up per batch, an end, and life after the owner.

#![cfg(not(loom))]

mod common;

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use common::{Counter, block_on, engine, engine_with, fd, settle};
use uring_engine::{EngineConfig, Target, Wait, op};

#[test]
fn items_queue_up_and_wake_once_per_batch() {
    let engine = engine();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    let mut context = Context::from_waker(&waker);
    let mut accept = engine.multishot(op::AcceptMulti::new(fd(&listener)));
    assert!(accept.poll_next(&mut context).is_pending());
    engine.turn(Wait::No).unwrap();
    let clients: Vec<_> = (0..10)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let mut completed = 0;
    while completed < 10 {
        completed += engine.turn(Wait::Until(None)).unwrap().completed;
    }
    assert_eq!(counter.wakes.load(Ordering::SeqCst), 1);
    for client in &clients {
        let Poll::Ready(Some(Ok(accepted))) = accept.poll_next(&mut context) else {
            panic!("ten connections were accepted");
        };
        let accepted = TcpStream::from(accepted);
        assert_eq!(accepted.peer_addr().unwrap(), client.local_addr().unwrap());
    }
    assert!(accept.poll_next(&mut context).is_pending());
}

#[test]
fn an_error_is_the_last_item() {
    let engine = engine();
    let mut accept = engine.multishot(op::AcceptMulti::new(Target::Fd(-1)));
    let error = block_on(&engine, accept.next()).unwrap().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    assert!(block_on(&engine, accept.next()).is_none());
    assert!(block_on(&engine, accept.next()).is_none());
    assert_eq!(engine.in_flight(), 0);
}

#[test]
fn a_cancelled_one_still_yields_what_had_arrived() {
    let engine = engine();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut accept = engine.multishot(op::AcceptMulti::new(fd(&listener)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(accept.poll_next(&mut context).is_pending());
    engine.turn(Wait::No).unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    engine.turn(Wait::Until(None)).unwrap();
    accept.cancel();
    settle(&engine);
    assert!(block_on(&engine, accept.next()).unwrap().is_ok());
    let error = block_on(&engine, accept.next()).unwrap().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
    assert!(block_on(&engine, accept.next()).is_none());
    assert_eq!(engine.stats().cancels_won, 1);
}

#[test]
fn on_a_tiny_completion_queue_it_ends_or_goes_on_but_loses_nothing() {
    let engine = engine_with(EngineConfig {
        entries: 1,
        cq_entries: Some(1),
        ..EngineConfig::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let clients: Vec<_> = (0..50)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let mut accepted = Vec::new();
    let mut accept = engine.multishot(op::AcceptMulti::new(fd(&listener)));
    while accepted.len() < clients.len() {
        match block_on(&engine, accept.next()) {
            Some(connection) => accepted.push(connection.unwrap()),
            None => accept = engine.multishot(op::AcceptMulti::new(fd(&listener))),
        }
    }
    for (client, connection) in clients.iter().zip(accepted) {
        let connection = TcpStream::from(connection);
        assert_eq!(
            connection.peer_addr().unwrap(),
            client.local_addr().unwrap()
        );
    }
}

#[test]
fn shutdown_ends_it() {
    let engine = engine();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut accept = engine.multishot(op::AcceptMulti::new(fd(&listener)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(accept.poll_next(&mut context).is_pending());
    engine.shutdown();
    assert!(matches!(
        accept.poll_next(&mut context),
        Poll::Ready(Some(Err(_)))
    ));
    assert!(matches!(accept.poll_next(&mut context), Poll::Ready(None)));
    let mut late = engine.multishot(op::AcceptMulti::new(fd(&listener)));
    assert!(matches!(late.poll_next(&mut context), Poll::Ready(None)));
}
