//! Buffer rings: receiving without a buffer per connection, running out of buffers, growing, outliving the engine.

#![cfg(not(loom))]

mod common;

use std::future::Future as _;
use std::io::Write as _;
use std::net::TcpStream;

use common::{block_on, engine, fd, poll_once, settle, tcp_pair};
use uring_engine::{BufferRing, BufferRingConfig, Engine, RecvStream, Wait, op};

fn ring(engine: &Engine, buffers: u16, max_buffers: u16) -> BufferRing {
    let config = BufferRingConfig {
        buffer_size: 64,
        buffers,
        max_buffers,
    };
    BufferRing::new(engine, config).unwrap()
}

#[test]
fn one_receive_takes_one_buffer_and_gives_it_back() {
    let engine = engine();
    let ring = ring(&engine, 2, 2);
    let (mut client, server) = tcp_pair();
    for round in 0..100_u32 {
        client.write_all(&round.to_ne_bytes()).unwrap();
        let buffer = block_on(&engine, ring.recv(&engine, fd(&server)))
            .unwrap()
            .unwrap();
        assert_eq!(*buffer, round.to_ne_bytes());
        assert_eq!(ring.taken(), 1);
        drop(buffer);
        assert_eq!(ring.taken(), 0);
    }
    drop(client);
    assert!(
        block_on(&engine, ring.recv(&engine, fd(&server)))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_buffer_that_was_advanced_is_given_back_whole() {
    let engine = engine();
    let ring = ring(&engine, 1, 1);
    let (mut client, server) = tcp_pair();
    let mut places = Vec::new();
    for round in 0..4_u8 {
        client.write_all(&[round; 64]).unwrap();
        let mut buffer = block_on(&engine, ring.recv(&engine, fd(&server)))
            .unwrap()
            .unwrap();
        assert_eq!(*buffer, [round; 64]);
        places.push(buffer.as_ptr());
        buffer.advance(63);
        assert_eq!(*buffer, [round]);
        buffer.advance(1);
        assert!(buffer.is_empty());
    }
    assert!(places.iter().all(|place| *place == places[0]));
}

#[test]
#[should_panic(expected = "5 bytes off the beginning of 4")]
fn a_buffer_is_not_advanced_beyond_its_end() {
    let engine = engine();
    let ring = ring(&engine, 1, 1);
    let (mut client, server) = tcp_pair();
    client.write_all(b"four").unwrap();
    let buffer = block_on(&engine, ring.recv(&engine, fd(&server)));
    buffer.unwrap().unwrap().advance(5);
}

#[test]
fn a_dropped_receive_gives_its_buffer_back() {
    let engine = engine();
    let ring = ring(&engine, 1, 1);
    let (mut client, server) = tcp_pair();
    for _ in 0..10 {
        let mut receive = ring.recv(&engine, fd(&server));
        assert!(poll_once(&mut receive).is_pending());
        client.write_all(b"lost").unwrap();
        engine.turn(Wait::Until(None)).unwrap();
        drop(receive);
        settle(&engine);
        assert_eq!(ring.taken(), 0);
    }
}

/// Sends `total` bytes that count up, and checks them at the other end.
fn stream_through(engine: &Engine, ring: &BufferRing, hold: usize) {
    const TOTAL: usize = 200_000;
    let (mut client, server) = tcp_pair();
    let sender = std::thread::spawn(move || {
        let bytes: Vec<u8> = (0..TOTAL).map(|at| at as u8).collect();
        client.write_all(&bytes).unwrap();
    });
    let mut stream = RecvStream::new(engine, fd(&server), ring);
    let mut received = 0;
    let mut held = std::collections::VecDeque::new();
    while let Some(buffer) = block_on(engine, stream.next()) {
        let buffer = buffer.unwrap();
        for &byte in buffer.iter() {
            assert_eq!(byte, received as u8);
            received += 1;
        }
        held.push_back(buffer);
        if held.len() > hold {
            held.pop_front();
        }
    }
    assert_eq!(received, TOTAL);
    sender.join().unwrap();
}

#[test]
fn a_stream_survives_an_empty_ring() {
    let engine = engine();
    let ring = ring(&engine, 2, 2);
    stream_through(&engine, &ring, 0);
    stream_through(&engine, &ring, 1);
    assert_eq!((ring.buffers(), ring.taken()), (2, 0));
}

#[test]
fn a_ring_grows_up_to_its_limit() {
    let engine = engine();
    let ring = ring(&engine, 1, 13);
    stream_through(&engine, &ring, 12);
    assert_eq!(ring.buffers(), 13);
    assert!(!ring.grow());
}

#[test]
fn bulk_does_with_the_buffers_to_begin_with() {
    let engine = engine();
    let ring = ring(&engine, 2, 16);
    while ring.grow() {}
    let (mut client, server) = tcp_pair();
    let mut receive = |round: u8| {
        client.write_all(&[round]).unwrap();
        let buffer = block_on(&engine, ring.recv(&engine, fd(&server))).unwrap();
        let buffer = buffer.unwrap();
        assert_eq!(*buffer, [round]);
        buffer
    };
    (0..20).for_each(|round| drop(receive(round)));
    assert!(!ring.serves_bulk());
    assert_eq!(ring.buffers(), 16);

    ring.note_bulk();
    (0..20).for_each(|round| drop(receive(round)));
    assert_eq!(ring.buffers(), 2);
    (0..20).for_each(|round| drop(receive(round)));
    assert!(!ring.serves_bulk(), "as many have come back as there are");

    // Those set aside are used again, each for one.
    while ring.grow() {}
    assert_eq!(ring.buffers(), 16);
    let held: Vec<_> = (0..16).map(&mut receive).collect();
    assert!((0..16).all(|round| *held[usize::from(round)] == [round]));
    drop(held);
    assert_eq!((ring.buffers(), ring.taken()), (16, 0));
}

#[test]
fn a_returned_buffer_wakes_the_stream_that_waits_for_one() {
    returned_to_a_stream(1, false);
}

/// Where there are more than it began with, and bulk: still not set aside.
#[test]
fn a_buffer_that_a_stream_waits_for_is_not_set_aside() {
    returned_to_a_stream(2, true);
}

fn returned_to_a_stream(buffers: u16, bulk: bool) {
    let engine = engine();
    let ring = ring(&engine, 1, buffers);
    while ring.grow() {}
    let (mut client, server) = tcp_pair();
    let mut stream = RecvStream::new(&engine, fd(&server), &ring);
    client.write_all(&[1; 64]).unwrap();
    let held = block_on(&engine, stream.next()).unwrap().unwrap();
    let _others: Vec<_> = (1..buffers)
        .map(|_| {
            client.write_all(&[3; 64]).unwrap();
            block_on(&engine, stream.next()).unwrap().unwrap()
        })
        .collect();
    if bulk {
        ring.note_bulk();
    }
    client.write_all(&[2; 64]).unwrap();
    let counter = std::sync::Arc::new(common::Counter::default());
    let waker = std::task::Waker::from(counter.clone());
    let mut context = std::task::Context::from_waker(&waker);
    // Until the stream has learned that the ring is empty, and nothing is in flight any more.
    loop {
        assert!(stream.poll_next(&mut context).is_pending());
        if engine.in_flight() == 0 {
            break;
        }
        engine.turn(Wait::Until(None)).unwrap();
    }
    let wakes = || counter.wakes.load(std::sync::atomic::Ordering::SeqCst);
    let before = wakes();
    drop(held);
    assert_eq!(wakes(), before + 1);
    let next = block_on(&engine, stream.next()).unwrap().unwrap();
    assert_eq!(*next, [2; 64]);
}

#[test]
fn a_wake_up_that_reaches_a_dropped_waiter_is_passed_on() {
    let engine = engine();
    let ring = ring(&engine, 1, 2);
    let mut waiters: Vec<_> = (0..3)
        .map(|_| ring.returned_since(ring.returns()))
        .collect();
    let counters: Vec<_> = waiters
        .iter_mut()
        .map(|waiter| {
            let counter = std::sync::Arc::new(common::Counter::default());
            let waker = std::task::Waker::from(counter.clone());
            let mut context = std::task::Context::from_waker(&waker);
            assert!(std::pin::Pin::new(waiter).poll(&mut context).is_pending());
            counter
        })
        .collect();
    let woken = || -> Vec<_> {
        counters
            .iter()
            .map(|counter| counter.wakes.load(std::sync::atomic::Ordering::SeqCst))
            .collect()
    };
    // One that was not woken leaves the line without a trace.
    drop(waiters.remove(1));
    assert_eq!(woken(), [0, 0, 0]);
    assert!(ring.grow());
    assert_eq!(woken(), [1, 0, 0]);
    drop(waiters.remove(0));
    assert_eq!(woken(), [1, 0, 1]);
    assert!(poll_once(&mut waiters[0]).is_ready());
}

#[test]
fn streams_that_starve_take_turns() {
    let engine = engine();
    let ring = ring(&engine, 1, 1);
    let mut pairs: Vec<(TcpStream, TcpStream)> = (0..20).map(|_| tcp_pair()).collect();
    for (client, _) in &mut pairs {
        client.write_all(&[1_u8; 300]).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let mut streams: Vec<_> = pairs
        .iter()
        .map(|(_, server)| Some((RecvStream::new(&engine, fd(server), &ring), 0)))
        .collect();
    // One of them goes away while it may be the one that was woken.
    let mut rounds = 0;
    block_on(
        &engine,
        std::future::poll_fn(|context| {
            let mut pending = false;
            for (at, place) in streams.iter_mut().enumerate() {
                let Some((stream, received)) = place else {
                    continue;
                };
                rounds += 1;
                if at == 3 && rounds > 40 {
                    *place = None;
                    continue;
                }
                loop {
                    match stream.poll_next(context) {
                        std::task::Poll::Ready(Some(buffer)) => *received += buffer.unwrap().len(),
                        std::task::Poll::Ready(None) => {
                            assert_eq!(*received, 300);
                            *place = None;
                            break;
                        }
                        std::task::Poll::Pending => {
                            pending = true;
                            break;
                        }
                    }
                }
            }
            if pending {
                std::task::Poll::Pending
            } else {
                std::task::Poll::Ready(())
            }
        }),
    );
    assert_eq!(ring.taken(), 0);
}

#[test]
fn errors_and_ends_are_told_apart() {
    let engine = engine();
    let ring = ring(&engine, 4, 4);
    let mut bad = RecvStream::new(&engine, uring_engine::Target::Fd(-1), &ring);
    let error = block_on(&engine, bad.next()).unwrap().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    assert!(block_on(&engine, bad.next()).is_none());
}

#[test]
fn buffers_outlive_ring_and_engine() {
    let engine = engine();
    let ring = ring(&engine, 2, 2);
    let (mut client, server) = tcp_pair();
    client.write_all(b"kept").unwrap();
    let buffer = block_on(&engine, ring.recv(&engine, fd(&server)))
        .unwrap()
        .unwrap();
    drop((engine, ring));
    assert_eq!(&*buffer, b"kept");
}

#[test]
fn a_received_buffer_can_be_sent_as_it_is() {
    let engine = engine();
    let ring = ring(&engine, 1, 1);
    let (mut client, server) = tcp_pair();
    client.write_all(b"echo").unwrap();
    let buffer = block_on(&engine, ring.recv(&engine, fd(&server)))
        .unwrap()
        .unwrap();
    let (sent, buffer) = block_on(&engine, engine.op(op::Send::new(fd(&server), buffer)));
    assert_eq!(sent.unwrap(), 4);
    drop(buffer);
    assert_eq!(ring.taken(), 0);
}

#[test]
fn an_engine_has_many_rings() {
    let engine = engine();
    let rings: Vec<_> = (0..10).map(|_| ring(&engine, 1, 1)).collect();
    let numbers: std::collections::HashSet<_> = rings.iter().map(BufferRing::group).collect();
    assert_eq!(numbers.len(), 10);
    drop(rings);
    assert!(
        numbers.contains(&ring(&engine, 1, 1).group()),
        "numbers are reused"
    );
}

#[test]
#[should_panic(expected = "another engine")]
fn a_ring_of_another_engine_is_refused() {
    let (one, other) = (engine(), engine());
    let ring = ring(&one, 1, 1);
    drop(ring.recv(&other, uring_engine::Target::Fd(0)));
}
