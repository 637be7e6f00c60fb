//! The ways in which a connection ends, each told apart.

mod support;

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use support::{pair, run};
use uring_io::net::{TcpListener, TcpStream};

#[test]
fn the_end_of_the_stream_is_none_and_zero_and_stays_so() {
    run(async {
        let (client, server) = pair().await;
        client.write_all("last").await.0.unwrap();
        drop(client);
        assert_eq!(*server.recv().await.unwrap().unwrap(), *b"last");
        for _ in 0..3 {
            assert!(server.recv().await.unwrap().is_none());
            assert_eq!(server.read(vec![1; 8]).await.0.unwrap(), 0);
        }
    });
}

#[test]
fn half_a_connection_goes_on() {
    run(async {
        let (client, server) = pair().await;
        client.write_all("question").await.0.unwrap();
        client.shutdown(Shutdown::Write).await.unwrap();
        assert_eq!(*server.recv().await.unwrap().unwrap(), *b"question");
        assert!(server.recv().await.unwrap().is_none());
        server.write_all("answer").await.0.unwrap();
        server.shutdown(Shutdown::Write).await.unwrap();
        assert_eq!(*client.recv().await.unwrap().unwrap(), *b"answer");
        assert!(client.recv().await.unwrap().is_none());
        let late = client.write_all("late").await.0.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_reset_is_an_error_for_reader_and_writer() {
    run(async {
        for with_read in [false, true] {
            let (client, server) = pair().await;
            client.set_linger(Some(Duration::ZERO)).unwrap();
            let reader = context::spawn(async move {
                let error = if with_read {
                    server.read(vec![0; 16]).await.0.map(drop).unwrap_err()
                } else {
                    server.recv().await.map(drop).unwrap_err()
                };
                (error, server)
            });
            context::yield_now().await;
            client.close().await.unwrap();
            let (error, server) = reader.await.unwrap();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            let error = server.write_all("anybody?").await.0.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            // An error is reported once; after it the stream is at its end.
            assert!(server.recv().await.unwrap().is_none());
        }
    });
}

#[test]
fn abort_resets_the_connection() {
    run(async {
        let (client, server) = pair().await;
        client.abort();
        assert_eq!(
            server.recv().await.unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
    });
}

#[test]
fn a_refused_connection_is_an_error() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn an_address_that_is_taken_or_not_ours_is_an_error() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = TcpListener::bind(listener.local_addr().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let error = TcpListener::bind("192.0.2.1:0").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    });
}

#[test]
fn closing_waits_for_what_was_begun_and_the_peer_gets_it_all() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let sent = support::bytes_at(1, 0, 1 << 20);
        assert!(
            support::poll_at_most(1, client.write_all(sent))
                .await
                .is_none()
        );
        let closing = context::spawn(client.close());
        let mut position = 0;
        while let Some(bytes) = server.recv().await.unwrap() {
            support::check_bytes(1, position, &bytes);
            position += bytes.len() as u64;
        }
        assert_eq!(position, 1 << 20);
        closing.await.unwrap().unwrap();
    });
}

#[test]
fn dropping_a_stream_sends_what_was_begun() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let sent = support::bytes_at(2, 0, 1 << 20);
        assert!(
            support::poll_at_most(1, client.write_all(sent))
                .await
                .is_none()
        );
        drop(client);
        let mut position = 0;
        while let Some(bytes) = server.recv().await.unwrap() {
            support::check_bytes(2, position, &bytes);
            position += bytes.len() as u64;
        }
        assert_eq!(position, 1 << 20);
    });
}

#[test]
fn the_error_of_a_write_nobody_waited_for_comes_with_the_next() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        assert!(
            support::poll_at_most(1, client.write_all(vec![0; 1 << 20]))
                .await
                .is_none()
        );
        server.abort();
        let error = client.shutdown(Shutdown::Write).await.unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ),
            "{error}"
        );
    });
}
