//! UDP sockets: what is sent arrives with its sender, whole, in order; what does not fit is told.

mod support;

use std::cell::Cell;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use support::{bytes_at, poll_at_most, run};
use uring_io::net::{BindOptions, UdpSocket};

/// A socket with a free port.
async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// Two sockets that are connected to each other.
async fn pair() -> (UdpSocket, UdpSocket) {
    let (a, b) = (socket().await, socket().await);
    a.connect(b.local_addr().unwrap()).await.unwrap();
    b.connect(a.local_addr().unwrap()).await.unwrap();
    (a, b)
}

#[test]
fn datagrams_go_both_ways_over_both_protocols() {
    run(async {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let server = UdpSocket::bind(any).await.unwrap();
            let client = UdpSocket::bind(any).await.unwrap();
            let address = server.local_addr().unwrap();
            for round in 0..100_u64 {
                let question = bytes_at(1, round, round as usize * 7);
                let (sent, question) = client.send_to(question, address).await;
                sent.unwrap();
                let packet = server.recv().await.unwrap();
                assert_eq!(*packet.bytes, *question);
                assert_eq!(packet.from, client.local_addr().unwrap());
                assert_eq!(packet.length, question.len());
                server.send_to(packet.bytes, packet.from).await.0.unwrap();
                let (info, answer) = client.recv_from(vec![0; 1000]).await;
                let info = info.unwrap();
                assert_eq!((info.count, info.from), (question.len(), address));
                assert_eq!(answer, question);
            }
            client.close().await.unwrap();
            server.close().await.unwrap();
        }
    });
}

#[test]
fn names_are_looked_up() {
    run(async {
        let server = UdpSocket::bind("localhost:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        let client = UdpSocket::connected(("localhost", port)).await.unwrap();
        assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
        client.send("by name").await.0.unwrap();
        assert_eq!(*server.recv().await.unwrap().bytes, *b"by name");
        let error = UdpSocket::bind("no address").await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        let error = UdpSocket::bind(server.local_addr().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    });
}

#[test]
fn a_connected_socket_hears_nobody_else() {
    run(async {
        let (a, b) = pair().await;
        let stranger = socket().await;
        let address = b.local_addr().unwrap();
        stranger.send_to("not for you", address).await.0.unwrap();
        a.send("for you").await.0.unwrap();
        assert_eq!(*b.recv().await.unwrap().bytes, *b"for you");
    });
}

#[test]
fn what_is_cut_off_is_told_and_empty_datagrams_are_datagrams() {
    run(async {
        let (a, b) = pair().await;
        for length in [0, 1, 4, 5, 100, 0, 3] {
            a.send(bytes_at(2, 0, length)).await.0.unwrap();
        }
        for length in [0, 1, 4, 5, 100] {
            let (info, buffer) = b.recv_from(vec![0; 4]).await;
            let info = info.unwrap();
            assert_eq!((info.count, info.length), (length.min(4), length));
            assert_eq!(info.is_truncated(), length > 4);
            assert_eq!(buffer, bytes_at(2, 0, length.min(4)));
        }
        let empty = b.recv().await.unwrap();
        assert!(empty.bytes.is_empty() && !empty.is_truncated());
        // A buffer without room takes the datagram all the same.
        let (info, _) = b.recv_from([]).await;
        assert_eq!(info.unwrap().length, 3);
    });
}

#[test]
fn the_longest_datagram_arrives_whole() {
    run(async {
        let (a, b) = pair().await;
        let longest = bytes_at(3, 0, 65_507);
        let (sent, longest) = a.send(longest).await;
        sent.unwrap();
        let packet = b.recv().await.unwrap();
        assert_eq!(*packet.bytes, *longest);
        assert!(!packet.is_truncated());
        let (error, _) = a.send(vec![0; 65_508]).await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
        // As before.
        a.send("short").await.0.unwrap();
        assert_eq!(*b.recv().await.unwrap().bytes, *b"short");
    });
}

#[test]
fn a_peek_takes_nothing() {
    run(async {
        let (a, b) = pair().await;
        a.send("first").await.0.unwrap();
        a.send("second").await.0.unwrap();
        for room in [2, 5, 9] {
            let (info, buffer) = b.peek_from(vec![0; room]).await;
            let info = info.unwrap();
            assert_eq!((info.length, info.from), (5, a.local_addr().unwrap()));
            assert_eq!(buffer, b"first"[..room.min(5)]);
        }
        assert_eq!(*b.recv().await.unwrap().bytes, *b"first");
        assert_eq!(b.peek_from([0; 6]).await.1, *b"second");
        assert_eq!(b.recv_from([0; 6]).await.1, *b"second");
    });
}

#[test]
fn many_are_taken_at_once_up_to_a_number() {
    run(async {
        let (a, b) = pair().await;
        let mut packets = Vec::new();
        // Arms the standing receive, which has what arrives ready.
        assert!(
            poll_at_most(1, b.recv_many(&mut packets, 9))
                .await
                .is_none()
        );
        for number in 0..10_u8 {
            a.send([number]).await.0.unwrap();
        }
        context::sleep(Duration::from_millis(5)).await;
        assert_eq!(b.recv_many(&mut packets, 0).await.unwrap(), 0);
        assert_eq!(b.recv_many(&mut packets, 7).await.unwrap(), 7);
        assert_eq!(b.recv_many(&mut packets, 7).await.unwrap(), 3);
        let numbers: Vec<_> = packets.iter().map(|packet| packet.bytes[0]).collect();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        assert!(
            poll_at_most(1, b.recv_many(&mut packets, 7))
                .await
                .is_none()
        );
        assert_eq!(packets.len(), 10);
    });
}

#[test]
fn receivers_are_served_in_the_order_of_their_first_polls() {
    run(async {
        let (a, b) = pair().await;
        let b = Rc::new(b);
        let mut receivers = Vec::new();
        for number in 0..20_u8 {
            let b = b.clone();
            receivers.push(context::spawn(async move {
                let got = match number % 2 {
                    0 => b.recv().await.unwrap().bytes[0],
                    _ => b.recv_from([0]).await.1[0],
                };
                assert_eq!(got, number);
            }));
        }
        for _ in 0..3 {
            context::yield_now().await;
        }
        for number in 0..20_u8 {
            a.send([number]).await.0.unwrap();
        }
        for receiver in receivers {
            receiver.await.unwrap();
        }
    });
}

#[test]
fn senders_are_served_in_the_order_of_their_first_polls() {
    run(async {
        let (a, b) = pair().await;
        let a = Rc::new(a);
        let senders: Vec<_> = (0..100_u8)
            .map(|number| {
                let a = a.clone();
                context::spawn(async move { a.send([number]).await.0.unwrap() })
            })
            .collect();
        for number in 0..100_u8 {
            assert_eq!(*b.recv().await.unwrap().bytes, [number]);
        }
        for sender in senders {
            sender.await.unwrap();
        }
    });
}

#[test]
fn a_flood_lets_other_tasks_run() {
    run(async {
        let (a, b) = pair().await;
        let turns = Rc::new(Cell::new(0));
        let counter = context::spawn({
            let turns = turns.clone();
            async move {
                loop {
                    turns.set(turns.get() + 1);
                    context::yield_now().await;
                }
            }
        });
        for _ in 0..1000 {
            a.send("x").await.0.unwrap();
            b.recv().await.unwrap();
        }
        assert!(turns.get() > 10, "{}", turns.get());
        counter.abort();
    });
}

#[test]
fn a_cancelled_receive_gives_its_buffer_back() {
    run(async {
        let (a, b) = pair().await;
        // Never polled, and polled while there is nothing.
        let (error, buffer) = b.recv_from(vec![7; 9]).cancel().await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(buffer, [7; 9]);
        let mut receive = b.recv_from(vec![8; 9]);
        assert!(poll_at_most(1, &mut receive).await.is_none());
        let (error, buffer) = receive.cancel().await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(buffer, [8; 9]);
        // Whoever comes next is served.
        a.send("next").await.0.unwrap();
        assert_eq!(*b.recv().await.unwrap().bytes, *b"next");
        let (error, buffer) = a.send("never polled").cancel().await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(buffer, "never polled");
    });
}

#[test]
fn sockets_share_an_address_if_all_ask_for_it() {
    run(async {
        let options = BindOptions {
            reuse_port: true,
            ..BindOptions::default()
        };
        let first = UdpSocket::bind_with("127.0.0.1:0", &options).await.unwrap();
        let address = first.local_addr().unwrap();
        let second = UdpSocket::bind_with(address, &options).await.unwrap();
        assert!(second.reuse_port().unwrap() && !second.reuse_address().unwrap());
        assert!(UdpSocket::bind(address).await.is_err());
        // An IPv6 socket that leaves IPv4 alone does not stand in the way.
        let options = BindOptions {
            only_v6: Some(true),
            ..BindOptions::default()
        };
        let third = UdpSocket::bind_with((Ipv6Addr::UNSPECIFIED, address.port()), &options).await;
        assert!(third.unwrap().only_v6().unwrap());
    });
}

#[test]
fn options_are_what_they_were_set_to() {
    run(async {
        let socket = socket().await;
        socket.set_broadcast(true).unwrap();
        assert!(socket.broadcast().unwrap());
        socket.set_ttl_v4(7).unwrap();
        assert_eq!(socket.ttl_v4().unwrap(), 7);
        socket.set_tos_v4(0x10).unwrap();
        assert_eq!(socket.tos_v4().unwrap(), 0x10);
        socket.set_multicast_ttl_v4(3).unwrap();
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 3);
        socket.set_multicast_loop_v4(false).unwrap();
        assert!(!socket.multicast_loop_v4().unwrap());
        socket
            .set_multicast_interface_v4(&Ipv4Addr::LOCALHOST)
            .unwrap();
        assert_eq!(
            socket.multicast_interface_v4().unwrap(),
            Ipv4Addr::LOCALHOST
        );
        socket.set_recv_buffer_size(20_000).unwrap();
        assert_eq!(socket.recv_buffer_size().unwrap(), 40_000);
        socket.set_send_buffer_size(20_000).unwrap();
        assert_eq!(socket.send_buffer_size().unwrap(), 40_000);
        let socket = UdpSocket::bind("[::1]:0").await.unwrap();
        socket.set_hop_limit_v6(9).unwrap();
        assert_eq!(socket.hop_limit_v6().unwrap(), 9);
        socket.set_traffic_class_v6(0x20).unwrap();
        assert_eq!(socket.traffic_class_v6().unwrap(), 0x20);
        socket.set_multicast_hops_v6(4).unwrap();
        assert_eq!(socket.multicast_hops_v6().unwrap(), 4);
        socket.set_multicast_loop_v6(false).unwrap();
        assert!(!socket.multicast_loop_v6().unwrap());
        socket.set_multicast_interface_v6(1).unwrap();
        assert_eq!(socket.multicast_interface_v6().unwrap(), 1);
    });
}

#[test]
fn a_group_hears_what_is_sent_to_it_until_it_is_left() {
    run(async {
        let group = Ipv4Addr::new(239, 255, 77, 1);
        let member = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        member
            .join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
            .unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender
            .set_multicast_interface_v4(&Ipv4Addr::LOCALHOST)
            .unwrap();
        let port = member.local_addr().unwrap().port();
        let to = SocketAddr::from((group, port));
        sender.send_to("to all", to).await.0.unwrap();
        assert_eq!(*member.recv().await.unwrap().bytes, *b"to all");
        member
            .leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
            .unwrap();
        sender.send_to("to the others", to).await.0.unwrap();
        let direct = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        sender.send_to("to you", direct).await.0.unwrap();
        assert_eq!(*member.recv().await.unwrap().bytes, *b"to you");
    });
}

#[test]
fn a_group_of_ipv6_is_joined_and_left_once() {
    run(async {
        let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 0x77);
        let member = UdpSocket::bind("[::]:0").await.unwrap();
        member.join_multicast_v6(&group, 1).unwrap();
        let error = member.join_multicast_v6(&group, 1).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
        member.leave_multicast_v6(&group, 1).unwrap();
        let error = member.leave_multicast_v6(&group, 1).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL));
    });
}
