//! Waiting for what no event tells of, or has told of before.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::time::Duration;

use uring_engine::{BufferRing, BufferRingConfig, SocketAddress, Target, op};

use crate::support::poll_once;
use crate::{ends, engine, on_epoll};

/// Something else waits for the socket already, so that the event has come and gone.
#[test]
fn a_receive_that_waits_first_for_what_has_come_before() {
    on_epoll(async {
        let (mut one, other) = UnixStream::pair().unwrap();
        let target = Target::of(&other);
        let mut urgent = engine().op(op::PollAdd::new(target, libc::POLLPRI as u32));
        assert!(poll_once(&mut urgent).is_pending());
        context::sleep(Duration::from_millis(1)).await;
        one.write_all(b"early").unwrap();
        context::sleep(Duration::from_millis(1)).await;

        let receive = op::Recv::new(target, Vec::with_capacity(8)).poll_first(true);
        let (result, bytes) = ends("the receive", engine().op(receive)).await;
        assert_eq!((result.unwrap(), &bytes[..]), (5, &b"early"[..]));
    });
}

/// A datagram socket that is not connected always has room, by its own word; its receiver may have none.
#[test]
fn a_datagram_to_a_receiver_that_others_have_filled() {
    on_epoll(async {
        let name = format!("corio-epoll-waiting-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let receiver = UnixDatagram::bind_addr(&address).unwrap();
        receiver.set_nonblocking(true).unwrap();
        let (other, sender) = (
            UnixDatagram::unbound().unwrap(),
            UnixDatagram::unbound().unwrap(),
        );
        other.set_nonblocking(true).unwrap();
        let mut before = 0;
        while other.send_to_addr(b"x", &address).is_ok() {
            before += 1;
        }
        let address = SocketAddress::unix_abstract(&name).unwrap();
        let mut sending = engine().op(op::SendTo::new(Target::of(&sender), *b"y", address));
        assert!(poll_once(&mut sending).is_pending());
        context::sleep(Duration::from_millis(5)).await;
        assert!(poll_once(&mut sending).is_pending(), "there is no room");
        for _ in 0..before {
            assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 1);
        }
        assert_eq!(ends("the datagram", sending).await.0.unwrap(), 1);
        assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 1);
    });
}

#[test]
fn a_poll_for_urgent_bytes() {
    on_epoll(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let one = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (other, _) = listener.accept().unwrap();
        let mut urgent = engine().op(op::PollAdd::new(Target::of(&other), libc::POLLPRI as u32));
        assert!(poll_once(&mut urgent).is_pending());
        context::sleep(Duration::from_millis(1)).await;
        // SAFETY: one byte, which lives across the call.
        let sent = unsafe { libc::send(one.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) };
        assert_eq!(sent, 1);
        let found = ends("the poll", urgent).await.unwrap();
        assert_ne!(found & libc::POLLPRI as u32, 0);
    });
}

/// More sockets are ready at once than there are buffers: those that are served give theirs back before the others are. Only
/// where buffers are kept does somebody find none.
#[test]
fn receives_that_wait_for_buffers_of_others() {
    on_epoll(async {
        let config = BufferRingConfig {
            buffers: 4,
            buffer_size: 64,
            max_buffers: 4,
        };
        let ring = BufferRing::new(&engine(), config).unwrap();
        let pairs: Vec<_> = (0..20).map(|_| UnixStream::pair().unwrap()).collect();
        let receive = |other: &UnixStream| {
            // SAFETY: the ring is the engine's.
            let receive = unsafe { op::RecvMulti::new(Target::of(other), ring.clone()) };
            engine().multishot(receive)
        };
        // They are begun before there is something to receive, or after it.
        for (waits, keeps) in [(true, false), (false, false), (true, true), (false, true)] {
            let tasks: Vec<_> = pairs
                .iter()
                .map(|(_, other)| {
                    let mut receive = receive(other);
                    context::spawn(async move {
                        let piece = receive.next().await.unwrap();
                        piece.map(|piece| keeps.then_some(piece))
                    })
                })
                .collect();
            if waits {
                context::sleep(Duration::from_millis(1)).await;
            }
            for (one, _) in &pairs {
                (&*one).write_all(b"x").unwrap();
            }
            let mut kept = Vec::new();
            let mut without = 0;
            for task in tasks {
                match ends("a receive", task).await.unwrap() {
                    Ok(piece) => kept.push(piece),
                    Err(error) => {
                        assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS));
                        without += 1;
                    }
                }
            }
            assert_eq!(without, if keeps { 16 } else { 0 });
        }
    });
}
