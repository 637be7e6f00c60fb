//! Unix datagram sockets: names of every kind, order, what happens when a socket is full or gone.

mod support;

use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use support::{bytes_at, poll_at_most, run};
use uring_io::net::UnixDatagram;

/// An abstract name of this test's own.
fn name(of: &str) -> SocketAddr {
    let name = format!("corio-{of}-{}", std::process::id());
    SocketAddr::from_abstract_name(name).unwrap()
}

#[test]
fn every_kind_of_name_can_be_sent_to_and_is_told_as_the_sender() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    run(async {
        let by_path = UnixDatagram::bind(&path).unwrap();
        let by_name = UnixDatagram::bind(name("names")).unwrap();
        let unbound = UnixDatagram::unbound().unwrap();
        by_name.send_to("from a name", &path).await.0.unwrap();
        let packet = by_path.recv().await.unwrap();
        assert_eq!(*packet.bytes, *b"from a name");
        assert_eq!(
            packet.from.as_abstract_name(),
            name("names").as_abstract_name()
        );
        by_path.send_to("from a path", packet.from).await.0.unwrap();
        let (info, bytes) = by_name.recv_from(Vec::with_capacity(64)).await;
        assert_eq!(info.unwrap().from.as_pathname(), Some(path.as_path()));
        assert_eq!(bytes, b"from a path");
        unbound
            .send_to("from nobody", name("names"))
            .await
            .0
            .unwrap();
        let packet = by_name.recv().await.unwrap();
        assert!(packet.from.is_unnamed());
        // Nobody can answer that.
        let error = by_name.send_to("?", packet.from).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(
            by_path.local_addr().unwrap().as_pathname(),
            Some(path.as_path())
        );
        unbound.connect(&path).unwrap();
        assert_eq!(
            unbound.peer_addr().unwrap().as_pathname(),
            Some(path.as_path())
        );
        unbound.send("connected").await.0.unwrap();
        assert_eq!(*by_path.recv().await.unwrap().bytes, *b"connected");
    });
}

#[test]
fn what_is_wrong_with_a_name_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    run(async {
        let socket = UnixDatagram::unbound().unwrap();
        let error = socket.send_to("x", &path).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        drop(UnixDatagram::bind(&path).unwrap());
        let error = UnixDatagram::bind(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let error = socket.send_to("x", &path).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(
            socket.connect(&path).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        let error = socket.send_to("x", "x".repeat(108)).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let error = socket.send("to whom?").await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn long_datagrams_arrive_whole_and_too_long_ones_say_so() {
    run(async {
        let (a, b) = UnixDatagram::pair().unwrap();
        a.set_send_buffer_size(1 << 20).unwrap();
        for length in [0, 1, 70_000, 200_000, 255 * 1024] {
            let (sent, bytes) = a.send(bytes_at(1, 0, length)).await;
            sent.unwrap();
            let packet = b.recv().await.unwrap();
            assert_eq!(*packet.bytes, *bytes);
            assert!(!packet.is_truncated());
            assert!(packet.from.is_unnamed());
        }
        a.send(bytes_at(1, 0, 300_000)).await.0.unwrap();
        let packet = b.recv().await.unwrap();
        assert!(packet.is_truncated());
        assert_eq!(packet.length, 300_000);
        assert_eq!(*packet.bytes, bytes_at(1, 0, packet.bytes.len()));
        assert!(packet.bytes.len() >= 255 * 1024);
        let error = a.send(vec![0; 5 << 20]).await.0.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
    });
}

/// Who sends to `address` when it has no room waits, and what is sent arrives in order.
async fn fill_and_drain(sender: UnixDatagram, address: Option<SocketAddr>, receiver: UnixDatagram) {
    const COUNT: u32 = 1000;
    let sending = context::spawn(async move {
        for number in 0..COUNT {
            let bytes = number.to_ne_bytes();
            match &address {
                Some(address) => sender.send_to(bytes, address).await.0.unwrap(),
                None => sender.send(bytes).await.0.unwrap(),
            }
        }
    });
    context::sleep(Duration::from_millis(5)).await;
    assert!(!sending.is_finished(), "there is room for everything");
    for number in 0..COUNT {
        assert_eq!(*receiver.recv().await.unwrap().bytes, number.to_ne_bytes());
    }
    sending.await.unwrap();
}

#[test]
fn who_sends_to_a_full_socket_waits() {
    run(fill_and_drain_all("full"));
}

#[test]
fn who_sends_to_a_full_socket_while_others_run_waits() {
    run(async {
        // Where others run, sends go through the ring.
        let others = context::spawn(async {
            loop {
                context::yield_now().await;
            }
        });
        fill_and_drain_all("full among others").await;
        others.abort();
    });
}

/// Between sockets of all kinds.
async fn fill_and_drain_all(test: &str) {
    let (a, b) = UnixDatagram::pair().unwrap();
    a.set_send_buffer_size(1).unwrap();
    fill_and_drain(a, None, b).await;
    let unconnected = name(test);
    let b = UnixDatagram::bind(&unconnected).unwrap();
    fill_and_drain(UnixDatagram::unbound().unwrap(), Some(unconnected), b).await;
    let connected = name(&format!("{test}, connected"));
    let b = UnixDatagram::bind(&connected).unwrap();
    let a = UnixDatagram::unbound().unwrap();
    a.connect(&connected).unwrap();
    fill_and_drain(a, None, b).await;
}

/// Sends numbers until one has to wait; returns how many were sent.
async fn fill(sender: &UnixDatagram) -> u32 {
    let mut number = 0_u32;
    while poll_at_most(1, sender.send(number.to_ne_bytes()))
        .await
        .is_some()
    {
        number += 1;
        assert!(number < 100_000);
    }
    number
}

#[test]
fn a_send_that_waits_is_given_up_when_it_is_dropped_and_the_next_one_is_sent() {
    run(async {
        let (a, b) = UnixDatagram::pair().unwrap();
        a.set_send_buffer_size(1).unwrap();
        let sent = fill(&a).await;
        for _ in 0..20 {
            let dropped = context::timeout(Duration::from_micros(100), a.send("dropped")).await;
            assert!(dropped.is_err());
        }
        let mut waiting = a.send(vec![9; 3]);
        assert!(poll_at_most(1, &mut waiting).await.is_none());
        let (error, buffer) = waiting.cancel().await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(buffer, [9; 3]);
        let a = Rc::new(a);
        let sending = context::spawn({
            let a = a.clone();
            async move { a.send(u32::MAX.to_ne_bytes()).await.0.unwrap() }
        });
        context::yield_now().await;
        let mut expected = 0_u32;
        loop {
            let packet = b.recv().await.unwrap();
            if *packet.bytes == u32::MAX.to_ne_bytes() {
                break;
            }
            if *packet.bytes == expected.to_ne_bytes() {
                expected += 1;
                continue;
            }
            panic!("{packet:?} after {expected}");
        }
        // The one that did not fit was dropped, too.
        assert!(
            expected == sent || expected == sent + 1,
            "{expected} of {sent}"
        );
        sending.await.unwrap();
    });
}

#[test]
fn who_sends_to_a_closed_socket_is_told() {
    run(async {
        let (a, b) = UnixDatagram::pair().unwrap();
        a.send("never received").await.0.unwrap();
        assert!(poll_at_most(1, b.recv()).await.is_none());
        b.close().await.unwrap();
        let error = a.send("to whom?").await.0.unwrap_err();
        assert!(
            matches!(
                error.raw_os_error(),
                Some(libc::ECONNREFUSED | libc::ENOTCONN | libc::ECONNRESET)
            ),
            "{error}"
        );
        a.close().await.unwrap();
    });
}
