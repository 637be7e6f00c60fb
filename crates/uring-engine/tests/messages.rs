//! Messages with addresses and descriptors.

#![cfg(not(loom))]

mod common;

use std::io::{Read as _, Write as _};
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use common::{alone, block_on, engine, fd, poll_once, settle};
use uring_engine::op::{Control, RecvMsg, SendMsg};
use uring_engine::{SocketAddress, Target};

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Descriptors that write to the ends of these.
fn writers(count: usize) -> (Vec<UnixStream>, Vec<OwnedFd>) {
    (0..count)
        .map(|_| {
            let (reader, writer) = UnixStream::pair().unwrap();
            // A writer that is never closed fails the test instead of keeping it.
            reader
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            (reader, OwnedFd::from(writer))
        })
        .unzip()
}

#[test]
fn datagrams_know_who_sent_them() {
    let _alone = alone();
    let engine = engine();
    let here = UdpSocket::bind("127.0.0.1:0").unwrap();
    let there = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = SendMsg::new(fd(&here), "hello").to(there.local_addr().unwrap());
    assert_eq!(block_on(&engine, engine.op(send)).0.unwrap(), 5);
    let receive = RecvMsg::new(fd(&there), Vec::with_capacity(3)).with_address();
    let (received, buffer) = block_on(&engine, engine.op(receive));
    let received = received.unwrap();
    assert_eq!(buffer, b"hel");
    assert_eq!(received.count, 3);
    assert_ne!(received.flags & libc::MSG_TRUNC, 0);
    let sender = received.address.unwrap().as_inet().unwrap();
    assert_eq!(sender, here.local_addr().unwrap());
}

#[test]
fn unix_datagrams_know_who_sent_them() {
    let _alone = alone();
    let engine = engine();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("here");
    let here = UnixDatagram::bind(&path).unwrap();
    let there_path = directory.path().join("there");
    let there = UnixDatagram::bind(&there_path).unwrap();
    let address = SocketAddress::unix(&there_path).unwrap();
    let send = SendMsg::new(fd(&here), [7; 4]).to(address.clone());
    block_on(&engine, engine.op(send)).0.unwrap();
    let nameless = UnixDatagram::unbound().unwrap();
    let send = SendMsg::new(fd(&nameless), [8; 4]).to(address);
    block_on(&engine, engine.op(send)).0.unwrap();
    for (byte, sender) in [(7, Some(path.as_path())), (8, None)] {
        let receive = RecvMsg::new(fd(&there), [0; 4]).with_address();
        let (received, buffer) = block_on(&engine, engine.op(receive));
        assert_eq!(buffer, [byte; 4]);
        let address = received.unwrap().address.map(|address| address.as_unix());
        let path = address.flatten();
        assert_eq!(path.as_ref().and_then(|path| path.as_pathname()), sender);
    }
}

#[test]
fn descriptors_travel_with_bytes() {
    let _alone = alone();
    let engine = engine();
    let (here, there) = UnixStream::pair().unwrap();
    let before = open_descriptors();
    for count in [1, 2, 3, Control::MOST_DESCRIPTORS] {
        let (mut readers, writers) = writers(count);
        let send = SendMsg::new(fd(&here), "x").control(Control::descriptors(&writers));
        block_on(&engine, engine.op(send)).0.unwrap();
        drop(writers);
        let room = Control::with_room(Control::room_for_descriptors(count));
        let receive = RecvMsg::new(fd(&there), [0]).control(room);
        let received = block_on(&engine, engine.op(receive)).0.unwrap();
        assert_eq!(received.flags & libc::MSG_CTRUNC, 0);
        assert_eq!(received.descriptors.len(), count);
        for (at, descriptor) in received.descriptors.into_iter().enumerate() {
            // SAFETY: a plain query.
            let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFD) };
            assert_eq!(flags, libc::FD_CLOEXEC);
            UnixStream::from(descriptor).write_all(&[at as u8]).unwrap();
        }
        for (at, reader) in readers.iter_mut().enumerate() {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, [at as u8]);
        }
    }
    assert_eq!(open_descriptors(), before);
}

#[test]
fn descriptors_that_do_not_fit_are_closed_and_reported() {
    let _alone = alone();
    let engine = engine();
    let (here, there) = UnixStream::pair().unwrap();
    let before = open_descriptors();
    for room in [0, 1, 2] {
        let (mut readers, writers) = writers(3);
        let send = SendMsg::new(fd(&here), "x").control(Control::descriptors(&writers));
        block_on(&engine, engine.op(send)).0.unwrap();
        drop(writers);
        let control = Control::with_room(Control::room_for_descriptors(room));
        let receive = RecvMsg::new(fd(&there), [0]).control(control);
        let received = block_on(&engine, engine.op(receive)).0.unwrap();
        assert_ne!(received.flags & libc::MSG_CTRUNC, 0, "room for {room}");
        assert_eq!(received.descriptors.len(), room);
        drop(received);
        for reader in &mut readers {
            assert_eq!(reader.read(&mut [0]).unwrap(), 0);
        }
    }
    assert_eq!(open_descriptors(), before);
}

#[test]
fn descriptors_that_nobody_waits_for_are_closed() {
    let _alone = alone();
    let engine = engine();
    let (here, there) = UnixStream::pair().unwrap();
    let before = open_descriptors();
    let (mut readers, writers) = writers(1);
    let room = Control::with_room(Control::room_for_descriptors(1));
    let mut receive = engine.op(RecvMsg::new(fd(&there), [0; 8]).control(room));
    assert!(poll_once(&mut receive).is_pending());
    let send = SendMsg::new(fd(&here), "x").control(Control::descriptors(&writers));
    block_on(&engine, engine.op(send)).0.unwrap();
    settle(&engine);
    drop((receive, writers));
    assert_eq!(readers[0].read(&mut [0]).unwrap(), 0);
    drop(readers);
    assert_eq!(open_descriptors(), before);
}

#[test]
fn an_unconnected_target_that_is_no_socket_is_an_error() {
    let _alone = alone();
    let engine = engine();
    let file = std::fs::File::open("/dev/null").unwrap();
    let target = Target::of(&file);
    let (sent, buffer) = block_on(&engine, engine.op(SendMsg::new(target, "back")));
    assert_eq!(sent.unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
    assert_eq!(buffer, "back");
    let receive = RecvMsg::new(target, vec![1, 2]);
    let (received, buffer) = block_on(&engine, engine.op(receive));
    assert_eq!(received.unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
    assert_eq!(buffer, [1, 2]);
}
