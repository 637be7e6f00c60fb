//! Buffers that are parts or sequences of others, and the operations on several at once.

#![cfg(not(loom))]

mod common;

use std::io::Write as _;
use std::os::fd::AsRawFd;

use common::{block_on, engine, fd, poll_once, settle, tcp_pair};
use uring_engine::{IoBuf, IoBufMut, Target, Wait, op};

fn file(contents: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(contents).unwrap();
    file
}

fn of(file: &std::fs::File) -> Target {
    Target::Fd(file.as_raw_fd())
}

#[test]
fn windows_are_what_their_range_says() {
    assert_eq!(&*"hello".slice(1..3), b"el");
    assert_eq!(&*"hello".slice(1..=3), b"ell");
    assert_eq!(&*"hello".slice(..2), b"he");
    assert_eq!(&*"hello".slice(2..), b"llo");
    assert_eq!(&*"hello".slice(..), b"hello");
    assert_eq!(&*"hello".slice(1..4).slice(1..), b"ll");
    assert_eq!(String::from("hello").slice(5..).len(), 0);
    assert_eq!(
        "hello".slice(1..).slice(1..).into_inner().into_inner(),
        "hello"
    );
    let room = Vec::with_capacity(10).slice(..4);
    assert_eq!((IoBuf::len(&room), room.capacity()), (0, 4));
}

#[test]
#[should_panic(expected = "does not lie in 5 initialised bytes")]
fn a_window_behind_the_end_is_refused() {
    let _ = "hello".slice(6..);
}

#[test]
fn a_window_keeps_what_follows_it() {
    let engine = engine();
    let file = file(b"abc");
    let window = vec![b'-'; 10].slice(2..6);
    let (result, window) = block_on(&engine, engine.op(op::Read::at(of(&file), 0, window)));
    assert_eq!(result.unwrap(), 3);
    assert_eq!(window.into_inner(), b"--abc-----");
    // Where nothing follows, the vector ends with what was read.
    let window = vec![b'-'; 10].slice(2..);
    let (result, window) = block_on(&engine, engine.op(op::Read::at(of(&file), 0, window)));
    assert_eq!(result.unwrap(), 3);
    assert_eq!(window.into_inner(), b"--abc");
}

#[test]
fn several_buffers_are_filled_in_order() {
    let engine = engine();
    let file = file(b"0123456789");
    let buffers = (vec![0; 3], [b'-'; 2], Vec::with_capacity(0), vec![7; 100]);
    let read = op::ReadV::at(of(&file), 1, buffers);
    let (result, (a, b, empty, c)) = block_on(&engine, engine.op(read));
    assert_eq!(result.unwrap(), 9);
    assert_eq!(
        (&a[..], &b[..], empty.len(), &c[..]),
        (&b"123"[..], &b"45"[..], 0, &b"6789"[..])
    );
    // The rest, behind what was filled before.
    let read = op::ReadV::at(of(&file), 0, vec![a, c]).skip(5);
    let (result, buffers) = block_on(&engine, engine.op(read));
    assert_eq!(result.unwrap(), 10);
    assert_eq!(buffers, [&b"123"[..], b"670123456789"]);
}

#[test]
#[should_panic(expected = "initialised")]
fn uninitialised_bytes_are_not_skipped() {
    let _ = op::ReadV::new(Target::Fd(-1), [Vec::with_capacity(10)]).skip(1);
}

#[test]
fn several_buffers_are_written_in_order() {
    let engine = engine();
    let file = file(b"");
    let buffers = (
        String::from("one "),
        "",
        b"two ",
        Box::<[u8]>::from(*b"three"),
    );
    let write = op::WriteV::at(of(&file), 2, buffers).skip(1);
    let (result, (one, ..)) = block_on(&engine, engine.op(write));
    assert_eq!(result.unwrap(), 12);
    assert_eq!(one, "one ");
    // At the position, twice.
    for _ in 0..2 {
        let write = op::WriteV::new(
            of(&file),
            ["x", "y"].map(Box::<str>::from).map(Box::<[u8]>::from),
        );
        assert_eq!(block_on(&engine, engine.op(write)).0.unwrap(), 2);
    }
    let read = op::ReadV::at(of(&file), 0, [vec![0; 50]]);
    let (result, [all]) = block_on(&engine, engine.op(read));
    assert_eq!(result.unwrap(), 14);
    assert_eq!(all, b"xyxy two three");
}

#[test]
fn more_buffers_than_the_kernel_takes_are_a_short_write() {
    let engine = engine();
    let file = file(b"");
    let many = vec!["ab"; 3000];
    let (result, many) = block_on(&engine, engine.op(op::WriteV::at(of(&file), 0, many)));
    assert_eq!(result.unwrap(), 2048);
    let rest = op::WriteV::at(of(&file), 2048, many).skip(2048);
    let (result, _) = block_on(&engine, engine.op(rest));
    assert_eq!(result.unwrap(), 2048);
    let (result, _) = block_on(
        &engine,
        engine.op(op::WriteV::at(of(&file), 0, Vec::<String>::new())),
    );
    assert_eq!(result.unwrap(), 0);
}

#[test]
fn a_dropped_read_keeps_its_buffers_until_the_kernel_is_done() {
    let engine = engine();
    let (reader, mut writer) = std::io::pipe().unwrap();
    for _ in 0..8 {
        let target = Target::Fd(reader.as_raw_fd());
        let mut read = engine.op(op::ReadV::new(target, vec![vec![0_u8; 4096]; 4]));
        assert!(poll_once(&mut read).is_pending());
        engine.turn(Wait::No).unwrap();
        drop(read);
    }
    writer.write_all(&[1; 100]).unwrap();
    settle(&engine);
}

#[test]
fn sockets_send_and_receive_several() {
    let engine = engine();
    let (client, server) = tcp_pair();
    let send = op::SendV::new(fd(&client), ("hello, ", "wide ", "world")).skip(2);
    let (result, _) = block_on(&engine, engine.op(send));
    assert_eq!(result.unwrap(), 15);
    for _ in 0..2 {
        let (result, (head, rest)) = block_on(&engine, engine.op(peek(&server)));
        assert_eq!(result.unwrap(), 15);
        assert_eq!((&head[..], &rest[..]), (&b"llo, "[..], &b"wide world"[..]));
    }
    drop(server);
    // Signals are not raised: the second one would end the process.
    let errors: Vec<_> = (0..3)
        .map(|_| block_on(&engine, engine.op(op::SendV::new(fd(&client), ["x", "y"]))).0)
        .collect();
    assert!(errors.iter().any(Result::is_err), "{errors:?}");
}

fn peek(socket: &std::net::TcpStream) -> op::RecvV<(Vec<u8>, Vec<u8>)> {
    op::RecvV::new(fd(socket), (vec![0; 5], Vec::with_capacity(100))).flags(libc::MSG_PEEK)
}

#[cfg(feature = "bytes")]
#[test]
fn the_bytes_crate_has_buffers_too() {
    use bytes::{BufMut as _, Bytes, BytesMut};

    let engine = engine();
    let file = file(b"");
    let shared = Bytes::from(vec![b's'; 10]);
    let mut growable = BytesMut::with_capacity(64);
    growable.put_slice(b"grow");
    let tail = growable.split_off(2);
    let buffers = (
        IoBuf::slice(shared, 7..),
        tail,
        Bytes::from_static(b"static"),
    );
    let (result, buffers) = block_on(&engine, engine.op(op::WriteV::at(of(&file), 0, buffers)));
    assert_eq!(result.unwrap(), 11);
    assert_eq!(&*buffers.0, b"sss");
    let read = op::Read::at(of(&file), 0, IoBuf::slice(growable, 2..));
    let (result, growable) = block_on(&engine, engine.op(read));
    // Its capacity ends where its other half began.
    assert_eq!(
        (result.unwrap(), growable.into_inner()),
        (0, BytesMut::from("gr"))
    );
    let (result, read) = block_on(
        &engine,
        engine.op(op::Read::at(of(&file), 0, BytesMut::with_capacity(64))),
    );
    assert_eq!((result.unwrap(), &*read), (11, &b"sssowstatic"[..]));
}
