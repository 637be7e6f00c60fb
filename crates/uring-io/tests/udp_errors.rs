//! The errors of UDP: each is reported once, and leaves the socket usable.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use support::{poll_at_most, run};
use uring_io::net::UdpSocket;

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// A socket that is connected to where nobody listens, and that address.
async fn connected_to_nobody() -> (UdpSocket, std::net::SocketAddr) {
    let gone = socket().await;
    let address = gone.local_addr().unwrap();
    gone.close().await.unwrap();
    let socket = UdpSocket::connected(address).await.unwrap();
    (socket, address)
}

#[test]
fn a_refusal_is_reported_once_by_the_next_receive() {
    run(async {
        let (socket, address) = connected_to_nobody().await;
        for round in 0..3 {
            socket.send("anybody there?").await.0.unwrap();
            let error = match round % 2 {
                0 => socket.recv().await.unwrap_err(),
                _ => socket.recv_from([0; 9]).await.0.unwrap_err(),
            };
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
        // Now somebody is, and the socket is as good as before.
        let server = UdpSocket::bind(address).await.unwrap();
        socket.send("and now?").await.0.unwrap();
        let packet = server.recv().await.unwrap();
        server.send_to("yes", packet.from).await.0.unwrap();
        assert_eq!(*socket.recv().await.unwrap().bytes, *b"yes");
    });
}

#[test]
fn a_refusal_is_reported_once_by_the_next_send() {
    run(async {
        let (socket, address) = connected_to_nobody().await;
        socket.send("anybody there?").await.0.unwrap();
        let error = socket.send("?").await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let server = UdpSocket::bind(address).await.unwrap();
        socket.send("and now?").await.0.unwrap();
        assert_eq!(*server.recv().await.unwrap().bytes, *b"and now?");
    });
}

#[test]
fn a_refusal_wakes_who_receives_already() {
    run(async {
        let (socket, _) = connected_to_nobody().await;
        let socket = std::rc::Rc::new(socket);
        let receiver = context::spawn({
            let socket = socket.clone();
            async move { socket.recv().await.map(|packet| packet.length) }
        });
        context::sleep(Duration::from_millis(1)).await;
        socket.send("anybody there?").await.0.unwrap();
        let error = receiver.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn an_error_of_a_send_that_was_dropped_is_the_next_ones() {
    run(async {
        let (socket, address) = connected_to_nobody().await;
        // Where others run, sends go through the ring, and can be dropped under way.
        let others = context::spawn(async {
            loop {
                context::yield_now().await;
            }
        });
        context::yield_now().await;
        socket.send("anybody there?").await.0.unwrap();
        let sent = poll_at_most(1, socket.send("?")).await;
        assert_eq!(sent.is_none(), context::driver().engine().has_ring());
        let (result, _) = match sent {
            None => socket.send("well?").await,
            at_once => at_once.unwrap(),
        };
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let server = UdpSocket::bind(address).await.unwrap();
        socket.send("and now?").await.0.unwrap();
        assert_eq!(*server.recv().await.unwrap().bytes, *b"and now?");
        others.abort();
    });
}

#[test]
fn many_at_once_leave_an_error_to_the_next_receive() {
    run(async {
        let peer = socket().await;
        let address = peer.local_addr().unwrap();
        let socket = UdpSocket::connected(address).await.unwrap();
        let mut packets = Vec::new();
        assert!(
            poll_at_most(1, socket.recv_many(&mut packets, 9))
                .await
                .is_none()
        );
        peer.send_to("one", socket.local_addr().unwrap())
            .await
            .0
            .unwrap();
        context::sleep(Duration::from_millis(2)).await;
        peer.close().await.unwrap();
        socket.send("anybody there?").await.0.unwrap();
        context::sleep(Duration::from_millis(2)).await;
        assert_eq!(socket.recv_many(&mut packets, 9).await.unwrap(), 1);
        let error = socket.recv_many(&mut packets, 9).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(packets.len(), 1);
    });
}

#[test]
fn an_unconnected_socket_hears_of_no_refusal() {
    run(async {
        let (_, nobody) = connected_to_nobody().await;
        let (a, b) = (socket().await, socket().await);
        a.send_to("anybody there?", nobody).await.0.unwrap();
        b.send_to("somebody", a.local_addr().unwrap())
            .await
            .0
            .unwrap();
        assert_eq!(*a.recv().await.unwrap().bytes, *b"somebody");
    });
}

#[test]
fn what_cannot_be_sent_is_refused_and_the_buffer_comes_back() {
    run(async {
        let socket = socket().await;
        let (error, buffer) = socket.send("to whom?").await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::EDESTADDRREQ));
        assert_eq!(buffer, "to whom?");
        let v6 = "[::1]:9".parse::<std::net::SocketAddr>().unwrap();
        let error = socket.send_to("wrong family", v6).await.0.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
        let error = socket.connect(v6).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
        let broadcast = "255.255.255.255:9".parse::<std::net::SocketAddr>().unwrap();
        let error = socket.send_to("to all", broadcast).await.0.unwrap_err();
        assert!(
            matches!(error.raw_os_error(), Some(libc::EACCES | libc::ENETUNREACH)),
            "{error}"
        );
        assert_eq!(
            socket.peer_addr().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
    });
}

#[test]
fn a_context_that_is_gone_is_an_error() {
    let socket = run(async {
        let socket = socket().await;
        let address = socket.local_addr().unwrap();
        socket.send_to("kept", address).await.0.unwrap();
        socket
    });
    run(async {
        let error = socket.recv().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
        let error = socket.recv_from([0; 9]).await.0.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
        drop(socket);
    });
}
