//! What does not show from outside: who is served when, and what is tried again when.

use std::os::fd::{AsFd, AsRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};

use net_epoll_legacy::poller::Poller;
use uring_engine::io_uring::{opcode, types};
use uring_engine::{RawEntry, SocketAddress, Substitute};

use super::descriptors::{Descriptors, Direction};
use super::{EpollRing, Stage};
use crate::blocking::BlockingPool;

/// Else a descriptor that always has more would be served once more each turn.
#[test]
fn a_place_is_paused_once_and_only_while_somebody_waits() {
    let (socket, _other) = UnixStream::pair().unwrap();
    let fd = socket.as_raw_fd();
    let poller = Poller::new().unwrap();
    let mut descriptors = Descriptors::default();
    descriptors.pause(fd, Direction::Read);
    assert!(!descriptors.has_paused());
    descriptors.wait(&poller, 1, fd, Direction::Read).unwrap();
    descriptors.pause(fd, Direction::Write);
    assert!(!descriptors.has_paused());
    for _ in 0..3 {
        descriptors.pause(fd, Direction::Read);
    }
    assert_eq!(descriptors.take_paused(), [(fd, Direction::Read)]);
    assert!(!descriptors.has_paused());
    descriptors.pause(fd, Direction::Read);
    assert_eq!(descriptors.take_paused().len(), 1);
}

#[test]
fn those_who_leave_a_queue_leave_the_others_in_order() {
    let (socket, _other) = UnixStream::pair().unwrap();
    let fd = socket.as_raw_fd();
    let poller = Poller::new().unwrap();
    let mut descriptors = Descriptors::default();
    for key in 0..6 {
        descriptors
            .wait(&poller, key, fd, Direction::Write)
            .unwrap();
    }
    for key in [0, 5, 3, 7] {
        descriptors.leave(key, fd, Direction::Write);
    }
    let mut left = Vec::new();
    while let Some(key) = descriptors.first(fd, Direction::Write) {
        descriptors.leave(key, fd, Direction::Write);
        left.push(key);
    }
    assert_eq!(left, [1, 2, 4]);
}

/// Each such send makes an event of its own: to wait for the next one would be to try without end.
#[test]
fn a_datagram_to_a_full_receiver_is_tried_again_after_a_time() {
    let name = format!("corio-epoll-full-{}", std::process::id());
    let receiver = SocketAddr::from_abstract_name(&name).unwrap();
    let _receiver = UnixDatagram::bind_addr(&receiver).unwrap();
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send_to_addr(b"x", &receiver).is_ok() {}

    let sender = UnixDatagram::unbound().unwrap();
    let address = SocketAddress::unix_abstract(&name).unwrap();
    let (to, to_len) = address.as_raw();
    let send = opcode::Send::new(types::Fd(sender.as_fd().as_raw_fd()), b"y".as_ptr(), 1)
        .dest_addr(to)
        .dest_addr_len(to_len)
        .build()
        .user_data(7);
    let mut ring = EpollRing::new(BlockingPool::default()).unwrap();
    // SAFETY: address, byte and socket outlive the ring.
    unsafe { ring.submit(RawEntry::of(&send)) };
    let stages: Vec<_> = ring.operations.iter().map(|(_, one)| one.stage).collect();
    assert!(matches!(stages[..], [Stage::Timer(_)]), "{stages:?}");
    assert_eq!(ring.timers.len(), 1);
}
