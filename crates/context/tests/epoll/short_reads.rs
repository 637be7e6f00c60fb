//! A receive that finds fewer bytes than it has room for has emptied a TCP socket, but nothing else: datagrams, packets,
//! lines, bytes that came with a descriptor and urgent bytes end a read with more behind them, of which no event tells.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use uring_engine::{BufferRing, BufferRingConfig, MultishotOp, RecvStream, Target, op};

use crate::{ends, engine, on_epoll};

/// A standing receive that has begun to wait.
async fn receiving(target: Target, with_read: bool) -> MultishotOp<op::RecvMulti> {
    let engine = engine();
    let ring = BufferRing::new(&engine, BufferRingConfig::default()).unwrap();
    // SAFETY: the ring is the engine's.
    let mut receive = unsafe { op::RecvMulti::new(target, ring) };
    if with_read {
        receive = receive.with_read();
    }
    let mut receive = engine.multishot(receive);
    let early = context::timeout(Duration::from_millis(1), receive.next()).await;
    assert!(early.is_err(), "nothing was sent");
    receive
}

/// Receives so many bytes.
async fn receive(what: &str, receive: &mut MultishotOp<op::RecvMulti>, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        let piece = ends(what, receive.next()).await.unwrap().unwrap().unwrap();
        bytes.extend_from_slice(&piece);
    }
    bytes
}

#[test]
fn datagrams_that_come_together() {
    on_epoll(async {
        let (one, other) = UnixDatagram::pair().unwrap();
        let mut standing = receiving(Target::of(&other), false).await;
        for datagram in [b"a", b"b", b"c"] {
            one.send(datagram).unwrap();
        }
        assert_eq!(receive("a datagram", &mut standing, 3).await, b"abc");
    });
}

#[test]
fn bytes_behind_those_that_came_with_a_descriptor() {
    on_epoll(async {
        let (one, other) = UnixStream::pair().unwrap();
        let mut standing = receiving(Target::of(&other), false).await;
        send_descriptor(&one, b'a');
        (&one).write_all(b"bc").unwrap();
        assert_eq!(receive("a byte", &mut standing, 3).await, b"abc");
    });
}

/// Sends a byte and a descriptor with it.
fn send_descriptor(socket: &UnixStream, byte: u8) {
    let mut control = [0_u64; 3];
    let mut piece = libc::iovec {
        iov_base: (&raw const byte).cast_mut().cast(),
        iov_len: 1,
    };
    // SAFETY: zeros are a valid message; the room for one descriptor is aligned and large enough for its header, and
    // everything lives across the call.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut piece;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(head)
            .cast::<i32>()
            .write(socket.as_raw_fd());
        assert_eq!(libc::sendmsg(socket.as_raw_fd(), &raw const message, 0), 1);
    }
}

/// Those that fill one buffer or several exactly among them.
#[test]
fn pieces_of_every_length() {
    on_epoll(async {
        let (one, other) = connected();
        let engine = engine();
        let config = BufferRingConfig {
            buffers: 4,
            buffer_size: 64,
            max_buffers: 4,
        };
        let ring = BufferRing::new(&engine, config).unwrap();
        let mut stream = RecvStream::new(&engine, Target::of(&other), &ring);
        let bytes: Vec<u8> = (0..=255).cycle().take(700).collect();
        for length in [
            64, 64, 128, 1, 64, 65, 160, 256, 257, 64, 640, 3, 127, 128, 129,
        ] {
            (&one).write_all(&bytes[..length]).unwrap();
            let mut got = Vec::new();
            while got.len() < length {
                let piece = ends("a piece", stream.next()).await.unwrap().unwrap();
                assert!(piece.len() <= 64);
                got.extend_from_slice(&piece);
            }
            assert!(got == bytes[..length], "{length} bytes");
        }
        drop(one);
        assert!(ends("the end", stream.next()).await.is_none());
        assert_eq!(ring.taken(), 0);
    });
}

fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    one.set_nodelay(true).unwrap();
    (one, listener.accept().unwrap().0)
}

#[test]
fn bytes_behind_an_urgent_one() {
    on_epoll(async {
        let (one, other) = connected();
        let mut standing = receiving(Target::of(&other), false).await;
        (&one).write_all(b"ab").unwrap();
        // SAFETY: one byte, which lives across the call.
        let sent = unsafe { libc::send(one.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) };
        assert_eq!(sent, 1);
        (&one).write_all(b"cd").unwrap();
        assert_eq!(receive("a byte", &mut standing, 4).await, b"abcd");
    });
}

#[test]
fn packets_of_a_pipe() {
    on_epoll(async {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors, which are nobody else's.
        let (from, to) = unsafe {
            assert_eq!(
                libc::pipe2(ends.as_mut_ptr(), libc::O_DIRECT | libc::O_CLOEXEC),
                0
            );
            (
                OwnedFd::from_raw_fd(ends[0]),
                std::fs::File::from_raw_fd(ends[1]),
            )
        };
        let mut standing = receiving(Target::of(&from), true).await;
        for packet in [b"a", b"b", b"c"] {
            (&to).write_all(packet).unwrap();
        }
        assert_eq!(receive("a packet", &mut standing, 3).await, b"abc");
    });
}

#[test]
fn lines_of_a_terminal() {
    on_epoll(async {
        let (master, slave) = terminal();
        let mut standing = receiving(Target::of(&slave), true).await;
        (&master).write_all(b"a\nb\nc\n").unwrap();
        assert_eq!(receive("a line", &mut standing, 6).await, b"a\nb\nc\n");
    });
}

/// Both ends of a terminal.
pub(crate) fn terminal() -> (std::fs::File, std::fs::File) {
    let (mut master, mut slave) = (0, 0);
    // SAFETY: room for two descriptors, which are nobody else's; no name, no settings, no size.
    unsafe {
        let null = std::ptr::null_mut();
        assert_eq!(
            libc::openpty(
                &raw mut master,
                &raw mut slave,
                null,
                null.cast(),
                null.cast()
            ),
            0
        );
        (
            std::fs::File::from_raw_fd(master),
            std::fs::File::from_raw_fd(slave),
        )
    }
}
