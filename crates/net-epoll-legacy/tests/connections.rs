//! Connections, acceptors and datagrams: requirements 48, 50 and 51.

mod support;

use std::io;
use std::net::{Ipv4Addr, Shutdown};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use net_epoll_legacy::{Acceptor, Buffer, Connection, DatagramSocket, IoContext};
use support::{give_way, pair, poll_at_most, receive_exactly, run};

#[test]
fn everything_arrives_in_order_through_a_narrow_socket() {
    for threads in [1, 2] {
        run(threads, |handle| async move {
            let (one, other) = pair(&handle).await.unwrap();
            one.options().set_send_buffer_size(4096).unwrap();
            let sent: Vec<u8> = (0..2_000_000_u32).map(|at| (at % 253) as u8).collect();
            let bytes = Buffer::from(&sent[..]);
            let sending = handle.spawn_joined("sender", async move {
                for begin in (0..bytes.len()).step_by(100_000) {
                    one.send_all(&bytes.sub_buffer(begin..begin + 100_000))
                        .await?;
                }
                one.shutdown(Shutdown::Write)
            });
            let mut received = Vec::new();
            let mut buffer = vec![0; 30_000];
            loop {
                match other.receive(&mut buffer).await.unwrap() {
                    0 => break,
                    count => received.extend_from_slice(&buffer[..count]),
                }
            }
            sending.await.unwrap().unwrap();
            assert!(received == sent);
        });
    }
}

#[test]
fn awaiters_of_a_direction_are_served_in_order() {
    run(1, |handle| async move {
        let (one, other) = Connection::pair(&handle).unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in 0..10_u8 {
            let (one, order) = (one.clone(), order.clone());
            tasks.push(handle.spawn_joined("receiver", async move {
                let mut byte = [0];
                one.receive(&mut byte).await.unwrap();
                order.lock().unwrap().push((number, byte[0]));
            }));
        }
        other
            .send_all(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
            .await
            .unwrap();
        for task in tasks {
            task.await.unwrap();
        }
        let expected: Vec<_> = (0..10).map(|number| (number, number)).collect();
        assert_eq!(*order.lock().unwrap(), expected);
    });
}

#[test]
fn messages_of_several_senders_are_not_mixed() {
    run(2, |handle| async move {
        let (one, other) = Connection::pair(&handle).unwrap();
        one.options().set_send_buffer_size(4096).unwrap();
        const LENGTH: usize = 50_000;
        let mut tasks = Vec::new();
        for letter in b'a'..b'f' {
            let one = one.clone();
            tasks.push(handle.spawn_joined("sender", async move {
                one.send_all(&[letter; LENGTH]).await
            }));
        }
        drop(one);
        let mut message = vec![0; LENGTH];
        let mut seen = Vec::new();
        for _ in 0..tasks.len() {
            receive_exactly(&other, &mut message).await.unwrap();
            assert!(message.iter().all(|letter| *letter == message[0]));
            seen.push(message[0]);
        }
        seen.sort_unstable();
        assert_eq!(seen, b"abcde");
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(other.receive(&mut message).await.unwrap(), 0);
    });
}

#[test]
fn an_awaiter_that_leaves_passes_its_turn_on() {
    run(1, |handle| async move {
        for leaves in 0..3 {
            let (one, other) = Connection::pair(&handle).unwrap();
            let leaving = one.clone();
            let early = handle.spawn_joined("early", async move {
                poll_at_most(1 + leaves, leaving.receive(&mut [0; 1]))
                    .await
                    .is_none()
            });
            let staying = handle.spawn_joined("late", async move {
                let mut byte = [0];
                one.receive(&mut byte).await.map(|_| byte[0])
            });
            if leaves == 0 {
                assert!(early.await.unwrap());
                other.send_all(b"x").await.unwrap();
            } else {
                // Its turn has come, and it is told, when it leaves.
                early.abort();
                other.send_all(b"x").await.unwrap();
            }
            assert_eq!(staying.await.unwrap().unwrap(), b'x');
        }
    });
}

#[test]
fn dropped_receives_lose_nothing() {
    run(1, |handle| async move {
        let (one, other) = pair(&handle).await.unwrap();
        const TOTAL: usize = 200_000;
        let clock = handle.clone();
        let sending = handle.spawn_joined("sender", async move {
            for at in (0..TOTAL).step_by(100) {
                let piece: Vec<u8> = (at..at + 100).map(|at| (at % 249) as u8).collect();
                one.send_all(&piece).await.unwrap();
                for _ in 0..at % 3 {
                    give_way().await;
                }
            }
        });
        let reading = handle.spawn_joined("reader", async move {
            let (mut at, mut dropped) = (0, 0);
            let mut buffer = [0; 333];
            while at < TOTAL {
                let received = if dropped % 2 == 0 {
                    poll_at_most(1, other.receive(&mut buffer)).await
                } else {
                    clock
                        .timeout(Duration::ZERO, other.receive(&mut buffer))
                        .await
                        .ok()
                };
                let Some(count) = received.transpose().unwrap() else {
                    dropped += 1;
                    give_way().await;
                    continue;
                };
                for byte in &buffer[..count] {
                    assert_eq!(*byte, (at % 249) as u8);
                    at += 1;
                }
            }
            dropped
        });
        sending.await.unwrap();
        let dropped = reading.await.unwrap();
        assert!(dropped > 10, "{dropped}");
    });
}

#[test]
fn a_hang_up_without_data_wakes_the_one_who_waits() {
    for threads in [1, 2] {
        run(threads, |handle| async move {
            let (one, other) = pair(&handle).await.unwrap();
            let waiting = handle.spawn_joined("waiting", async move {
                let mut buffer = [0; 8];
                other.receive(&mut buffer).await
            });
            give_way().await;
            drop(one);
            assert_eq!(waiting.await.unwrap().unwrap(), 0);
        });
    }
}

#[test]
fn the_end_that_comes_with_the_last_bytes_is_seen() {
    run(1, |handle| async move {
        let (one, other) = pair(&handle).await.unwrap();
        let mut buffer = [0; 64];
        assert!(poll_at_most(1, other.receive(&mut buffer)).await.is_none());
        // Both come with one event, and fewer bytes are received than there is room for.
        one.send_all(b"last").await.unwrap();
        drop(one);
        assert_eq!(other.receive(&mut buffer).await.unwrap(), 4);
        assert_eq!(other.receive(&mut buffer).await.unwrap(), 0);
        assert_eq!(other.receive(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn resets_are_errors_in_every_operation() {
    run(1, |handle| async move {
        for phase in 0..3 {
            let (one, other) = pair(&handle).await.unwrap();
            let reset = |one: Connection| {
                one.options().set_linger(Some(Duration::ZERO)).unwrap();
                drop(one);
            };
            let error = match phase {
                0 => {
                    let waiting =
                        handle.spawn_joined("", async move { other.receive(&mut [0; 8]).await });
                    give_way().await;
                    reset(one);
                    waiting.await.unwrap().unwrap_err()
                }
                1 => {
                    // It waits for room.
                    let waiting = handle
                        .spawn_joined("", async move { other.send_all(&vec![0; 64 << 20]).await });
                    give_way().await;
                    reset(one);
                    waiting.await.unwrap().unwrap_err()
                }
                _ => {
                    reset(one);
                    loop {
                        if let Err(error) = other.send_all(b"x").await {
                            break error;
                        }
                        give_way().await;
                    }
                }
            };
            let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
            assert!(kinds.contains(&error.kind()), "{phase}: {error}");
        }
    });
}

#[test]
fn bad_addresses_have_clear_errors() {
    run(1, |handle| async move {
        let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap();
        let address = acceptor.local_addr().unwrap();
        let taken = Acceptor::bind(&handle, address).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        drop(acceptor);
        let refused = Connection::connect(&handle, address).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let unknown = Connection::connect(&handle, "no-such-host.invalid:80")
            .await
            .unwrap_err();
        assert!(
            unknown.to_string().contains("no-such-host.invalid"),
            "{unknown}"
        );
        for text in ["", "localhost", "localhost:http:1", ":"] {
            assert!(Acceptor::bind(&handle, text).await.is_err(), "{text}");
        }
        let foreign = Acceptor::bind(&handle, "192.0.2.1:0").await.unwrap_err();
        assert_eq!(foreign.kind(), io::ErrorKind::AddrNotAvailable);
    });
}

#[test]
fn a_listener_can_be_shared_across_contexts() {
    let contexts: Vec<_> = (0..2).map(|_| IoContext::new().unwrap()).collect();
    let counts: Vec<_> = (0..2).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let first = Acceptor::from_std(&contexts[0].handle(), listener).unwrap();
    let second = first.share_with(&contexts[1].handle()).unwrap();
    for ((context, acceptor), count) in contexts.iter().zip([first, second]).zip(&counts) {
        let (handle, count) = (context.handle(), count.clone());
        context.spawn_named("acceptor", async move {
            while let Ok((connection, _)) = acceptor.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                // A slow one, so that the other has its share.
                handle.sleep(Duration::from_millis(1)).await;
                let _ = connection.send_all(b"x").await;
            }
        });
    }
    std::thread::scope(|scope| {
        for context in &contexts {
            scope.spawn(|| context.run().unwrap());
        }
        let clients: Vec<_> = (0..100)
            .map(|_| std::net::TcpStream::connect(address).unwrap())
            .collect();
        for mut client in clients {
            io::Read::read_exact(&mut client, &mut [0]).unwrap();
        }
        for context in &contexts {
            context.request_abort();
        }
    });
    let counts: Vec<_> = counts
        .iter()
        .map(|count| count.load(Ordering::SeqCst))
        .collect();
    assert_eq!(counts.iter().sum::<usize>(), 100);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn unix_sockets_connect_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    run(1, |handle| async move {
        let acceptor = Acceptor::bind_unix(&handle, &path).unwrap();
        assert_eq!(
            Acceptor::bind_unix(&handle, &path).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        let client = Connection::connect_unix(&handle, &path).await.unwrap();
        let (server, peer) = acceptor.accept().await.unwrap();
        assert_eq!(peer, None);
        server.send_all(b"hello").await.unwrap();
        let mut buffer = [0; 5];
        receive_exactly(&client, &mut buffer).await.unwrap();
        assert_eq!(&buffer, b"hello");
        let nobody = Connection::connect_unix(&handle, path.with_extension("none")).await;
        assert_eq!(nobody.unwrap_err().kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn datagrams_keep_their_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    run(1, |handle| async move {
        let one = DatagramSocket::bind(&handle, "127.0.0.1:0").await.unwrap();
        let other = DatagramSocket::bind(&handle, "127.0.0.1:0").await.unwrap();
        let (to, from) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        for message in [&b"first"[..], b"", b"third"] {
            other.send_to(message, to).await.unwrap();
        }
        let mut buffer = [0; 64];
        for message in [&b"first"[..], b"", b"third"] {
            let (count, sender) = one.receive_from(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..count], sender), (message, Some(from)));
        }
        assert!(poll_at_most(1, one.receive(&mut buffer)).await.is_none());
        let too_long = other.send_to(&[0; 70_000], to).await.unwrap_err();
        assert_eq!(
            too_long.raw_os_error(),
            Some(rustix::io::Errno::MSGSIZE.raw_os_error())
        );
        other.connect(to).await.unwrap();
        drop(one);
        other.send(b"nobody").await.unwrap();
        let refused = other.receive(&mut buffer).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

        let bound = DatagramSocket::bind_unix(&handle, &path).unwrap();
        let (left, right) = DatagramSocket::pair(&handle).unwrap();
        left.send(b"pair").await.unwrap();
        assert_eq!(right.receive(&mut buffer).await.unwrap(), 4);
        let free = DatagramSocket::from_std(
            &handle,
            std::os::unix::net::UnixDatagram::unbound().unwrap(),
        )
        .unwrap();
        free.connect_unix(&path).unwrap();
        free.send(b"path").await.unwrap();
        let (count, sender) = bound.receive_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..count], sender), (&b"path"[..], None));
    });
}
