//! Datagrams: sent to an address, received with the sender's, into a buffer of the caller or of a ring.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram};

use common::{block_on, engine, settle};
use uring_engine::{BufferRing, BufferRingConfig, Engine, MultishotOp, SocketAddress, Target, op};

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn a_datagram_goes_to_an_address_whole() {
    let engine = engine();
    let ((a, from), (b, to)) = (socket(), socket());
    let send = op::SendTo::new(Target::of(&a), "seven b", to);
    let (sent, buffer) = block_on(&engine, engine.op(send));
    assert_eq!((sent.unwrap(), buffer), (7, "seven b"));
    let mut bytes = [0; 9];
    assert_eq!(b.recv_from(&mut bytes).unwrap(), (7, from));
    let (error, _) = block_on(
        &engine,
        engine.op(op::SendTo::new(Target::of(&a), vec![0; 70_000], to)),
    );
    assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
}

#[test]
fn an_abstract_name_is_an_address_too() {
    let engine = engine();
    let a = UnixDatagram::unbound().unwrap();
    let name = format!("corio-engine-datagrams-{}", std::process::id());
    let address = UnixAddr::from_abstract_name(&name).unwrap();
    let b = UnixDatagram::bind_addr(&address).unwrap();
    let to = SocketAddress::try_from(&address).unwrap();
    let send = op::SendTo::new(Target::of(&a), "x", to);
    assert_eq!(block_on(&engine, engine.op(send)).0.unwrap(), 1);
    assert_eq!(b.recv(&mut [0; 9]).unwrap(), 1);
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
    let receive = unsafe { op::RecvMsgMulti::new(Target::of(socket), ring.clone(), 28, 0) };
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
        assert_eq!(message.address().unwrap().as_inet(), Some(from));
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
    assert_eq!(message.length(), 0);
    assert_eq!(message.address().unwrap().as_inet(), Some(from));
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
        let mut bytes = [9];
        b.recv(&mut bytes).unwrap();
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
