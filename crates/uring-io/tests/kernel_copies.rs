//! Bytes that move without coming by: a file to a socket, and one connection to another.

mod support;

use std::io::ErrorKind;
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use support::{alone, bytes_at, check_bytes, open_descriptors, pair, poll_at_most, run};
use uring_io::fs::File;
use uring_io::net::{TcpStream, UnixStream, copy_bidirectional};

const LENGTH: usize = 1_000_003;

/// A file of known bytes.
fn file() -> File {
    use std::io::Write as _;

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes_at(1, 0, LENGTH)).unwrap();
    File::from_std(file)
}

async fn everything(stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = stream.recv().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    all
}

#[test]
fn a_range_of_a_file_arrives_between_other_writes() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let file = file();
        let reader = context::spawn(everything(server));
        client.write_all("before ").await.0.unwrap();
        let mut sending = client.send_file(&file, 3..LENGTH as u64 - 1);
        assert!(poll_at_most(2, &mut sending).await.is_none());
        let mut after = client.write_all(" behind");
        assert!(poll_at_most(1, &mut after).await.is_none());
        assert_eq!(sending.await.unwrap(), LENGTH as u64 - 4);
        after.await.0.unwrap();
        // To the end of the file, behind it, and nothing of it.
        assert_eq!(
            client.send_file(&file, LENGTH as u64 - 2..).await.unwrap(),
            2
        );
        assert_eq!(
            client.send_file(&file, LENGTH as u64 + 7..).await.unwrap(),
            0
        );
        assert_eq!(client.send_file(&file, 5..5).await.unwrap(), 0);
        drop(client.send_file(&file, ..));
        client.close().await.unwrap();
        let all = reader.await.unwrap();
        let all = all.strip_prefix(b"before ").unwrap();
        let (sent, rest) = all.split_at(LENGTH - 4);
        check_bytes(1, 3, sent);
        let rest = rest.strip_prefix(b" behind").unwrap();
        check_bytes(1, LENGTH as u64 - 2, rest);
        assert_eq!(rest.len(), 2);
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn writing_halves_send_files() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        let file = file();
        let reader = context::spawn(everything(server));
        let (_, half) = client.split();
        assert_eq!(half.send_file(&file, ..=9).await.unwrap(), 10);
        let (_read, write) = client.into_split();
        assert_eq!(write.send_file(&file, 10..20).await.unwrap(), 10);
        write.shutdown().await.unwrap();
        assert_eq!(reader.await.unwrap(), bytes_at(1, 0, 20));
    });
}

#[test]
fn a_sending_that_is_dropped_or_cancelled_tears_nothing() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for polls in 1..12 {
            for cancel in [false, true] {
                let (client, server) = pair().await;
                client.set_send_buffer_size(4096).unwrap();
                let file = file();
                let reader = context::spawn(everything(server));
                let mut sending = client.send_file(&file, ..);
                assert!(poll_at_most(polls, &mut sending).await.is_none());
                let sent = sending.sent();
                let count = if cancel {
                    Some(sending.cancel().await.unwrap())
                } else {
                    drop(sending);
                    None
                };
                drop(file);
                client.write_all("behind").await.0.unwrap();
                client.close().await.unwrap();
                let all = reader.await.unwrap();
                let all = all.strip_suffix(b"behind").unwrap();
                check_bytes(1, 0, all);
                assert!(all.len() as u64 >= sent && all.len() <= sent as usize + 64 * 1024);
                assert!(count.is_none_or(|count| count == all.len() as u64));
            }
        }
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_sending_that_never_began_leaves_the_error_of_an_earlier_write_to_the_next() {
    let _alone = alone();
    run(async {
        for cancel in [false, true] {
            let (client, server) = pair().await;
            let file = file();
            let all = vec![0; 32 << 20];
            assert!(poll_at_most(1, client.write_all(all)).await.is_none());
            let mut sending = client.send_file(&file, ..);
            assert!(poll_at_most(1, &mut sending).await.is_none());
            if cancel {
                let cancelling = context::spawn(async move { server.abort() });
                assert_eq!(sending.cancel().await.unwrap(), 0);
                cancelling.await.unwrap();
            } else {
                drop(sending);
                server.abort();
            }
            let error = client.write_all("behind").await.0.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    });
}

#[test]
fn what_cannot_be_spliced_is_read_and_a_peer_that_is_gone_is_an_error() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        let status = File::open("/proc/self/status").await.unwrap();
        let count = client.send_file(&status, ..).await.unwrap();
        let (result, text) = server.read_exact(vec![0; count as usize]).await;
        result.unwrap();
        assert!(String::from_utf8(text).unwrap().starts_with("Name:"));

        server.abort();
        let file = file();
        let error = loop {
            if let Err(error) = client.send_file(&file, ..).await {
                break error;
            }
        };
        assert!(
            matches!(
                error.kind(),
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
            ),
            "{error}"
        );
        let error = client.send_file(&file, ..).cancel().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
    });
}

/// A client, a proxy's two connections, and a server.
async fn through_a_proxy() -> (TcpStream, TcpStream, UnixStream, UnixStream) {
    let (client, front) = pair().await;
    let (back, server) = std::os::unix::net::UnixStream::pair().unwrap();
    (
        client,
        front,
        UnixStream::from_std(back),
        UnixStream::from_std(server),
    )
}

#[test]
fn a_proxy_passes_bytes_and_half_closes_on() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (client, front, back, server) = through_a_proxy().await;
        let proxy = context::spawn(async move {
            let counts = copy_bidirectional(&front, &back).await;
            (counts, front, back)
        });
        let client = Rc::new(client);
        let asking = client.clone();
        let asked = context::spawn(async move {
            asking.write_all(bytes_at(1, 0, LENGTH)).await.0.unwrap();
            asking.shutdown(Shutdown::Write).await.unwrap();
        });
        // The server answers only when it has read everything to the end.
        let (result, bytes) = server.read_exact(vec![0; LENGTH]).await;
        result.unwrap();
        check_bytes(1, 0, &bytes);
        assert!(server.recv().await.unwrap().is_none());
        asked.await.unwrap();
        server.write_all(bytes_at(2, 0, 70_001)).await.0.unwrap();
        server.close().await.unwrap();
        let (result, bytes) = client.read_exact(vec![0; 70_001]).await;
        result.unwrap();
        check_bytes(2, 0, &bytes);
        assert!(client.recv().await.unwrap().is_none());
        let (counts, ..) = proxy.await.unwrap();
        assert_eq!(counts.unwrap(), (LENGTH as u64, 70_001));
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_proxy_that_is_dropped_loses_nothing_and_a_reset_ends_it() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (client, front, back, server) = through_a_proxy().await;
        back.set_send_buffer_size(4096).unwrap();
        let writer = context::spawn(async move {
            client.write_all(bytes_at(1, 0, LENGTH)).await.0.unwrap();
            client
        });
        let reader = context::spawn(async move {
            let mut position = 0;
            while position < LENGTH as u64 {
                let bytes = server.recv().await.unwrap().unwrap();
                check_bytes(1, position, &bytes);
                position += bytes.len() as u64;
            }
            server
        });
        // Dropped over and over: the next one goes on where the last one stood.
        let mut polls = 0;
        while !reader.is_finished() {
            polls = polls % 5 + 1;
            // The limit is for when there is nothing left to copy.
            let copying = poll_at_most(polls, copy_bidirectional(&front, &back));
            let copied = context::timeout(Duration::from_millis(2), copying).await;
            assert!(!matches!(copied, Ok(Some(_))));
            context::yield_now().await;
        }
        let (client, server) = (writer.await.unwrap(), reader.await.unwrap());
        client.abort();
        let error = copy_bidirectional(&front, &back).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        drop(server);
    });
    assert_eq!(open_descriptors(), before);
}
