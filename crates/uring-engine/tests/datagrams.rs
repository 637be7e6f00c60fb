//! Datagrams: sent to an address, received with the sender's, into a buffer of the caller or of a ring.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;

use common::{block_on, engine, poll_once, settle};
use uring_engine::{BufferRing, BufferRingConfig, Engine, MultishotOp, Target, op};

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// The port in an IPv4 address as the kernel has it.
fn port(name: &[u8]) -> u16 {
    assert_eq!(name.len(), 16);
    u16::from_be_bytes([name[2], name[3]])
}

#[test]
fn a_datagram_comes_with_its_sender_and_its_true_length() {
    let engine = engine();
    let ((a, from), (b, to)) = (socket(), socket());
    let (sent, _) = block_on(
        &engine,
        engine.op(op::SendTo::new(Target::of(&a), "seven b", to)),
    );
    assert_eq!(sent.unwrap(), 7);
    let receive = op::RecvFrom::new(Target::of(&b), [0; 4]);
    let (arrived, bytes) = block_on(&engine, engine.op(receive));
    let arrived = arrived.unwrap();
    assert_eq!(&bytes, b"seve");
    assert_eq!(arrived.length(), 7);
    assert_ne!(arrived.flags() & libc::MSG_TRUNC, 0);
    assert_eq!(port(arrived.name()), from.port());
}

#[test]
fn a_sender_without_a_name_has_none() {
    let engine = engine();
    let (a, b) = UnixDatagram::pair().unwrap();
    a.send(b"").unwrap();
    let receive = op::RecvFrom::new(Target::of(&b), Vec::with_capacity(9));
    let (arrived, bytes) = block_on(&engine, engine.op(receive));
    let arrived = arrived.unwrap();
    assert_eq!(
        (arrived.name(), arrived.length(), arrived.flags()),
        (&[][..], 0, 0)
    );
    assert!(bytes.is_empty());
}

#[test]
fn a_dropped_receive_keeps_its_memory_until_the_kernel_is_done() {
    let engine = engine();
    let ((a, _), (b, to)) = (socket(), socket());
    let mut receive = engine.op(op::RecvFrom::new(Target::of(&b), vec![0; 100]));
    assert!(poll_once(&mut receive).is_pending());
    engine.turn(uring_engine::Wait::No).unwrap();
    drop(receive);
    a.send_to(b"late", to).unwrap();
    settle(&engine);
    assert_eq!(engine.in_flight(), 0);
}

fn multi(
    engine: &Engine,
    socket: &UdpSocket,
    size: u32,
) -> (BufferRing, MultishotOp<op::RecvMsgMulti>) {
    let config = BufferRingConfig {
        buffer_size: size,
        buffers: 4,
        max_buffers: 4,
    };
    let ring = BufferRing::new(engine, config).unwrap();
    // SAFETY: the ring was just registered with this engine.
    let receive = unsafe { op::RecvMsgMulti::new(Target::of(socket), ring.clone(), 28) };
    (ring, engine.multishot(receive))
}

#[test]
fn a_standing_receive_tells_datagrams_apart() {
    let engine = engine();
    let ((a, from), (b, to)) = (socket(), socket());
    let (ring, mut receive) = multi(&engine, &b, 16 + 28 + 5);
    for bytes in [&b"one"[..], b"two", b"truncated"] {
        a.send_to(bytes, to).unwrap();
    }
    for (expected, length) in [(&b"one"[..], 3), (b"two", 3), (b"trunc", 9)] {
        let message = block_on(&engine, receive.next()).unwrap().unwrap();
        assert_eq!(port(message.name()), from.port());
        assert_eq!(message.length(), length);
        assert_eq!(message.flags() & libc::MSG_TRUNC != 0, length > 5);
        let (buffer, begin) = message.into_payload();
        assert_eq!(&buffer[begin..], expected);
    }
    assert_eq!(ring.taken(), 0);
}

#[test]
fn an_empty_datagram_is_one_and_ends_a_standing_receive() {
    let engine = engine();
    let ((a, from), (b, to)) = (socket(), socket());
    let (ring, mut receive) = multi(&engine, &b, 100);
    a.send_to(b"", to).unwrap();
    let message = block_on(&engine, receive.next()).unwrap().unwrap();
    assert_eq!((message.length(), port(message.name())), (0, from.port()));
    let (buffer, begin) = message.into_payload();
    assert!(buffer[begin..].is_empty());
    drop(buffer);
    assert!(block_on(&engine, receive.next()).is_none());
    assert_eq!(ring.taken(), 0);
}

#[test]
fn an_empty_ring_ends_a_standing_receive_and_loses_nothing() {
    let engine = engine();
    let ((a, _), (b, to)) = (socket(), socket());
    let (ring, mut receive) = multi(&engine, &b, 100);
    for number in 0..6_u8 {
        a.send_to(&[number], to).unwrap();
    }
    let mut kept = Vec::new();
    let error = loop {
        match block_on(&engine, receive.next()).unwrap() {
            Ok(message) => kept.push(message.into_payload()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS));
    assert_eq!(ring.taken(), 4);
    for (number, (buffer, begin)) in kept.into_iter().enumerate() {
        assert_eq!(buffer[begin..], [number as u8]);
    }
    for number in 4..6 {
        let (_, bytes) = block_on(&engine, engine.op(op::RecvFrom::new(Target::of(&b), [9])));
        assert_eq!(bytes, [number]);
    }
}

#[test]
fn what_a_dropped_standing_receive_holds_goes_back_to_the_ring() {
    let engine = engine();
    let ((a, _), (b, to)) = (socket(), socket());
    let (ring, mut receive) = multi(&engine, &b, 100);
    for _ in 0..3 {
        a.send_to(b"x", to).unwrap();
    }
    let first = block_on(&engine, receive.next()).unwrap().unwrap();
    drop(receive);
    settle(&engine);
    assert_eq!(ring.taken(), 1);
    drop(first);
    assert_eq!(ring.taken(), 0);
}
