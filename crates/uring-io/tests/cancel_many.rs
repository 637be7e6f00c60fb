//! Giving up receives that wait for several buffers or datagrams, or only look: what they come to, and that nothing is lost.

mod support;

use std::future::Future;
use std::io;
use std::time::Duration;

use support::{pair, poll_at_most, run};
use uring_io::net::{TcpStream, UdpSocket};

#[track_caller]
fn assert_cancelled<T>(result: io::Result<T>) {
    match result {
        Ok(_) => panic!("it was not cancelled"),
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ECANCELED)),
    }
}

/// Fails rather than hangs, as what is lost nobody ever receives.
fn run_to_end(future: impl Future<Output = ()>) {
    run(context::timeout(Duration::from_secs(30), future)).expect("something was lost");
}

/// Has the bytes arrive.
async fn send(client: &TcpStream, bytes: &'static str) {
    client.write_all(bytes).await.0.unwrap();
    context::sleep(Duration::from_millis(5)).await;
}

#[test]
fn receives_of_several_buffers() {
    run_to_end(async {
        let (client, server) = pair().await;
        let mut buffers = Vec::new();
        assert_cancelled(server.recv_many(&mut buffers, 4).cancel().await);
        let mut waiting = server.recv_many(&mut buffers, 4);
        assert!(poll_at_most(1, &mut waiting).await.is_none());
        assert_cancelled(waiting.cancel().await);
        // The turn is free again, and what comes goes to the next one.
        send(&client, "one").await;
        assert_eq!(server.recv_many(&mut buffers, 4).await.unwrap(), 1);
        // What had arrived before it was cancelled is its own.
        let mut waiting = server.recv_many(&mut buffers, 4);
        assert!(poll_at_most(1, &mut waiting).await.is_none());
        send(&client, "two").await;
        assert_eq!(waiting.cancel().await.unwrap(), 1);
        // Dropped meanwhile, it takes nothing.
        let mut waiting = server.recv_many(&mut buffers, 4);
        assert!(poll_at_most(1, &mut waiting).await.is_none());
        send(&client, "three").await;
        drop(waiting.cancel());
        assert_eq!(server.recv_many(&mut buffers, 4).await.unwrap(), 1);
        let said: Vec<_> = buffers.iter().map(|buffer| buffer.to_vec()).collect();
        assert_eq!(said, [&b"one"[..], b"two", b"three"]);
    });
}

#[test]
fn peeks() {
    run_to_end(async {
        let (client, server) = pair().await;
        let (result, buffer) = server.peek(vec![7; 8]).cancel().await;
        assert_cancelled(result);
        assert_eq!(buffer, [7; 8]);
        let mut waiting = server.peek(vec![0; 8]);
        assert!(poll_at_most(1, &mut waiting).await.is_none());
        send(&client, "hello").await;
        let (result, buffer) = waiting.cancel().await;
        assert_eq!((result.unwrap(), &buffer[..5]), (5, &b"hello"[..]));
        // It was only looked at.
        assert_eq!(&*server.recv().await.unwrap().unwrap(), b"hello");
        let mut waiting = server.peek(vec![0; 8]);
        assert!(poll_at_most(1, &mut waiting).await.is_none());
        let (result, buffer) = waiting.cancel().await;
        assert_cancelled(result);
        assert_eq!(buffer.len(), 8);
        send(&client, "!").await;
        assert_eq!(&*server.recv().await.unwrap().unwrap(), b"!");
    });
}

#[test]
fn receives_of_datagrams() {
    run_to_end(async {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let client = UdpSocket::connected(server.local_addr().unwrap())
            .await
            .unwrap();
        let mut packets = Vec::new();
        assert_cancelled(server.recv().cancel().await);
        assert_cancelled(server.recv_many(&mut packets, 4).cancel().await);
        for _ in 0..2 {
            let mut one = server.recv();
            assert!(poll_at_most(1, &mut one).await.is_none());
            assert_cancelled(one.cancel().await);
            let mut many = server.recv_many(&mut packets, 4);
            assert!(poll_at_most(1, &mut many).await.is_none());
            // It gives its turn up at once, to one that waits.
            let cancelled = many.cancel();
            let mut next = server.recv();
            assert!(poll_at_most(1, &mut next).await.is_none());
            client.send("datagram").await.0.unwrap();
            assert_eq!(*next.await.unwrap().bytes, *b"datagram");
            assert_cancelled(cancelled.await);
            assert!(packets.is_empty());
        }
    });
}
