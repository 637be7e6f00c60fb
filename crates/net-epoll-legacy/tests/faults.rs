//! What goes wrong outside: peers that reset while an operation is under way, hosts and ports that cannot be had, aborts. The error
//! says what it is, and the loop goes on.

mod support;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use net_epoll_legacy::{Acceptor, Connection, DatagramSocket, Handle, IoContext, JoinError};
use socket2::SockRef;
use support::{give_way, pair, run};

/// Closes with a reset.
fn reset(socket: TcpStream) {
    let linger = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
    linger.unwrap();
}

#[test]
fn a_connection_that_is_reset_before_it_is_accepted_holds_nobody_up() {
    for threads in [1, 2] {
        run(threads, |handle| async move {
            let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap();
            let address = acceptor.local_addr().unwrap();
            reset(TcpStream::connect(address).unwrap());
            let (gone, _) = acceptor.accept().await.unwrap();
            let error = gone.receive(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            let waiting = handle.spawn_joined("waits", {
                let acceptor = acceptor.clone();
                async move {
                    let mut kinds = Vec::new();
                    for _ in 0..2 {
                        let (connection, _) = acceptor.accept().await.unwrap();
                        kinds.push(connection.receive(&mut [0; 8]).await.map_err(|e| e.kind()));
                    }
                    kinds
                }
            });
            give_way().await;
            reset(TcpStream::connect(address).unwrap());
            drop(TcpStream::connect(address).unwrap());
            let kinds = waiting.await.unwrap();
            assert_eq!(kinds, [Err(ErrorKind::ConnectionReset), Ok(0)]);
        });
    }
}

#[test]
fn a_listener_that_goes_while_a_connection_is_made_is_an_error_or_an_end() {
    run(1, |handle| async move {
        for _ in 0..50 {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let connecting = handle.spawn_joined("connects", {
                let handle = handle.clone();
                async move { Connection::connect(&handle, address).await }
            });
            give_way().await;
            drop(listener);
            match connecting.await.unwrap() {
                Ok(connection) => match connection.receive(&mut [0; 8]).await {
                    Ok(count) => assert_eq!(count, 0),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
                },
                Err(error) => {
                    let kinds = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];
                    assert!(kinds.contains(&error.kind()), "{error}");
                }
            }
        }
    });
}

#[test]
fn a_unix_listener_that_is_full_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    run(1, |handle| async move {
        let mut connections = Vec::new();
        let error = loop {
            match Connection::connect_unix(&handle, &path).await {
                Ok(connection) => connections.push(connection),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        let served = listener.accept().unwrap();
        Connection::connect_unix(&handle, &path).await.unwrap();
        drop(served);
    });
}

#[test]
fn a_unix_datagram_waits_for_room_and_is_told_when_the_peer_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let peer = UnixDatagram::bind(&path).unwrap();
    run(1, |handle| async move {
        let socket = UnixDatagram::unbound().unwrap();
        let socket = DatagramSocket::from_std(&handle, socket).unwrap();
        socket.connect_unix(&path).unwrap();
        let counted = Arc::new(AtomicUsize::new(0));
        let sending = handle.spawn_joined("sender", {
            let (socket, counted) = (socket.clone(), counted.clone());
            async move {
                loop {
                    if let Err(error) = socket.send(b"datagram").await {
                        return error;
                    }
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        while counted.load(Ordering::SeqCst) == 0 {
            give_way().await;
        }
        // It is full: one that is taken makes room for one.
        let full = counted.load(Ordering::SeqCst);
        peer.recv(&mut [0; 16]).unwrap();
        while counted.load(Ordering::SeqCst) == full {
            give_way().await;
        }
        drop(peer);
        let error = sending.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
    });
}

#[test]
fn an_abort_ends_every_operation_where_it_is() {
    for threads in [1, 3] {
        let context = IoContext::multi_threaded(threads).unwrap();
        let handle = context.handle();
        let tasks = context.block_on(begin_everything(handle.clone())).unwrap();
        handle.request_abort();
        context.run().unwrap();
        assert_eq!((context.tasks(), context.descriptors()), (0, 0));
        for task in tasks {
            let ended = std::pin::pin!(task)
                .as_mut()
                .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
            assert!(matches!(
                ended,
                std::task::Poll::Ready(Err(JoinError::Cancelled { .. }))
            ));
        }
    }
}

/// A task in the middle of each operation.
async fn begin_everything(handle: Handle) -> Vec<net_epoll_legacy::JoinHandle<()>> {
    let mut tasks = Vec::new();
    let mut begin = |name: &str, operation: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
        tasks.push(handle.spawn_joined(name, operation));
    };
    let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap();
    begin(
        "accept",
        Box::pin(async move { drop(acceptor.accept().await) }),
    );
    begin("receive", {
        let (silent, waiting) = pair(&handle).await.unwrap();
        Box::pin(async move { drop((waiting.receive(&mut [0; 8]).await, silent)) })
    });
    let (one, other) = pair(&handle).await.unwrap();
    for _ in 0..2 {
        let other = other.clone();
        begin(
            "send_all",
            Box::pin(async move { drop(other.send_all(&vec![0; 64 << 20]).await) }),
        );
    }
    begin(
        "send",
        Box::pin(async move { drop((other.send(b"behind").await, one)) }),
    );
    let socket = DatagramSocket::bind(&handle, "127.0.0.1:0").await.unwrap();
    begin("receive_from", {
        let socket = socket.clone();
        Box::pin(async move { drop(socket.receive_from(&mut [0; 8]).await) })
    });
    begin(
        "receive of a datagram",
        Box::pin(async move { drop(socket.receive(&mut [0; 8]).await) }),
    );
    let clock = handle.clone();
    begin(
        "sleep",
        Box::pin(async move { clock.sleep(Duration::MAX).await }),
    );
    let clock = handle.clone();
    begin(
        "tick",
        Box::pin(async move {
            clock.interval(Duration::MAX).tick().await;
        }),
    );
    let spawner = handle.clone();
    begin(
        "join",
        Box::pin(async move {
            let never = spawner.spawn_joined("never", std::future::pending::<()>());
            drop(never.await);
        }),
    );
    give_way().await;
    tasks
}

/// Runs itself in a network namespace of its own, where there is no way to anywhere.
#[test]
fn hosts_that_cannot_be_reached_are_clear_errors() {
    const INSIDE: &str = "NET_EPOLL_LEGACY_WITHOUT_NETWORK";
    if std::env::var_os(INSIDE).is_none() {
        let allowed = Command::new("unshare").args(["-rn", "true"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            println!("skipped: no network namespace can be had here");
            return;
        }
        let inside = Command::new("unshare")
            .arg("-rn")
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "hosts_that_cannot_be_reached_are_clear_errors"])
            .env(INSIDE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&inside.stdout);
        assert!(
            inside.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&inside.stderr)
        );
        return;
    }
    run(1, |handle| async move {
        for target in ["192.0.2.1:9", "[2001:db8::1]:9"] {
            let error = Connection::connect(&handle, target).await.unwrap_err();
            assert!(is_unreachable(&error), "{target}: {error}");
        }
        let socket = DatagramSocket::bind(&handle, "0.0.0.0:0").await.unwrap();
        let to = "192.0.2.1:9".parse().unwrap();
        let error = socket.send_to(b"x", to).await.unwrap_err();
        assert!(is_unreachable(&error), "{error}");
        let error = socket.connect("192.0.2.1:9").await.unwrap_err();
        assert!(is_unreachable(&error), "{error}");
        // The loop goes on.
        assert_eq!(handle.spawn_joined("", async { 5 }).await.unwrap(), 5);
    });
}

fn is_unreachable(error: &io::Error) -> bool {
    let kinds = [
        ErrorKind::NetworkUnreachable,
        ErrorKind::HostUnreachable,
        ErrorKind::AddrNotAvailable,
    ];
    kinds.contains(&error.kind())
}
