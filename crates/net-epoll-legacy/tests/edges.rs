//! What the kernel tells once only, and how that may be missed.

mod support;

use std::fs;
use std::future::Future;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use net_epoll_legacy::{Acceptor, Connection, Handle, IoContext};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use support::{give_way, pair, poll_at_most, receive_exactly, run};

/// What should come does not take as long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fails instead of waiting for ever.
async fn soon<F: Future>(handle: &Handle, what: &str, future: F) -> F::Output {
    let Ok(output) = handle.timeout(PATIENCE, future).await else {
        panic!("{what} waits for ever");
    };
    output
}

#[test]
fn bytes_behind_an_urgent_one_are_received() {
    run(1, |handle| async move {
        for told_before in [false, true] {
            let (one, other) = pair(&handle).await.unwrap();
            let mut buffer = [0; 64];
            if told_before {
                assert!(poll_at_most(1, other.receive(&mut buffer)).await.is_none());
            }
            one.send_all(b"abc").await.unwrap();
            rustix::net::send(one.as_fd(), b"!", SendFlags::OOB).unwrap();
            one.send_all(b"defg").await.unwrap();
            // All of it has come, and the loop was told.
            handle.sleep(Duration::from_millis(5)).await;
            let count = soon(&handle, "the part before", other.receive(&mut buffer)).await;
            assert_eq!(&buffer[..count.unwrap()], b"abc");
            let count = soon(&handle, "the part behind", other.receive(&mut buffer)).await;
            assert_eq!(&buffer[..count.unwrap()], b"defg");
        }
    });
}

#[test]
fn bytes_behind_a_descriptor_are_received() {
    run(1, |handle| async move {
        let (peer, socket) = UnixStream::pair().unwrap();
        let connection = Connection::from_std(&handle, socket).unwrap();
        let passed = [peer.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&passed));
        let bytes = [io::IoSlice::new(b"abc")];
        sendmsg(&peer, &bytes, &mut ancillary, SendFlags::empty()).unwrap();
        (&peer).write_all(b"defg").unwrap();
        handle.sleep(Duration::from_millis(5)).await;
        let mut buffer = [0; 7];
        soon(
            &handle,
            "the part behind",
            receive_exactly(&connection, &mut buffer),
        )
        .await
        .unwrap();
        assert_eq!(&buffer, b"abcdefg");
    });
}

#[test]
fn a_connection_goes_to_whoever_waits_for_it() {
    // Two contexts share a listener and run; one of them accepts.
    for accepts in 0..2 {
        let contexts = [IoContext::new().unwrap(), IoContext::new().unwrap()];
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let first = Acceptor::from_std(&contexts[0].handle(), listener).unwrap();
        let second = first.share_with(&contexts[1].handle()).unwrap();
        let acceptors = [first, second];
        let idle = &contexts[1 - accepts];
        std::thread::scope(|scope| {
            scope.spawn(|| idle.block_on(std::future::pending::<()>()));
            let handle = contexts[accepts].handle();
            let accepting = contexts[accepts].block_on(async {
                for _ in 0..3 {
                    let clock = handle.clone();
                    let connect = handle.spawn_joined("client", async move {
                        // Both contexts sleep by then.
                        clock.sleep(Duration::from_millis(10)).await;
                        std::net::TcpStream::connect(address).unwrap()
                    });
                    let accepted = handle.timeout(PATIENCE, acceptors[accepts].accept()).await;
                    accepted
                        .map_err(|_| "a connection nobody is told of")?
                        .unwrap();
                    connect.await.unwrap();
                }
                Ok::<_, &str>(())
            });
            idle.request_abort();
            accepting.unwrap().unwrap();
        });
    }
}

/// What a context's epoll instance watches a descriptor for.
fn watched_for(fd: i32) -> u32 {
    let mut found = None;
    for entry in fs::read_dir("/proc/self/fdinfo").unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        for line in text.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            if let ["tfd:", number, "events:", events, ..] = words[..]
                && number == fd.to_string()
            {
                assert!(found.is_none(), "watched twice");
                found = Some(u32::from_str_radix(events, 16).unwrap());
            }
        }
    }
    found.expect("a descriptor that is watched")
}

#[test]
fn room_is_asked_for_only_while_a_sender_waits() {
    const OUT: u32 = 4;
    run(1, |handle| async move {
        let (one, other) = Connection::pair(&handle).unwrap();
        one.options().set_send_buffer_size(4096).unwrap();
        let is_armed = || watched_for(one.as_fd().as_raw_fd()) & OUT != 0;
        assert!(!is_armed());
        one.send_all(b"x").await.unwrap();
        assert!(!is_armed(), "a send that does not wait");
        let large = vec![0; 1 << 20];
        let first = one.clone();
        let mut sending = Box::pin(async { first.send_all(&large).await });
        let mut behind = Box::pin(one.send(b"y"));
        assert!(poll_at_most(1, sending.as_mut()).await.is_none());
        assert!(is_armed(), "a sender waits");
        assert!(poll_at_most(1, behind.as_mut()).await.is_none());
        drop(sending);
        assert!(is_armed(), "the one behind it waits");
        drop(behind);
        assert!(!is_armed(), "all have given up");
        let sender = one.clone();
        let sending = handle.spawn_joined("sender", async move { sender.send_all(&large).await });
        give_way().await;
        assert!(is_armed(), "a sender waits again");
        let mut buffer = vec![0; 1 << 16];
        while !sending.is_finished() {
            other.receive(&mut buffer).await.unwrap();
        }
        assert!(!is_armed(), "all is sent");
    });
}
