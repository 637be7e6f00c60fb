//! Peers that read slowly, through the smallest buffers there are: the kernel takes a little at a time, `write` says how much,
//! `write_all` goes on to the end, and other connections do not notice.

mod support;

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::Duration;

use context::OneOf2;
use socket2::SockRef;
use support::{alone, bytes_at, check_bytes, open_descriptors, pair, run};
use uring_io::net::{Family, Stream, TcpStream, UnixStream};

const TOTAL: usize = 200_000;

/// A stream with the smallest buffers, whose peer reads in a thread of its own: a few bytes at first, with pauses.
fn slow<F: Family, P: Read + Send + 'static>(
    stream: &Stream<F>,
    mut peer: P,
) -> thread::JoinHandle<Vec<u8>> {
    SockRef::from(stream).set_send_buffer_size(1).unwrap();
    thread::spawn(move || {
        let mut all = Vec::new();
        let mut room = vec![0; 10_000];
        for round in 1.. {
            let most = if round < 100 { round } else { room.len() };
            let count = peer.read(&mut room[..most]).unwrap();
            if count == 0 {
                break;
            }
            all.extend_from_slice(&room[..count]);
            if round % 10 == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        all
    })
}

fn tcp() -> (std::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // Before it connects, as the window that it offers cannot shrink.
    SockRef::from(&listener).set_recv_buffer_size(1).unwrap();
    let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (ours, listener.accept().unwrap().0)
}

#[test]
fn everything_arrives_in_little_pieces() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (ours, theirs) = tcp();
        let ours = TcpStream::from_std(ours);
        let reader = slow(&ours, theirs);
        in_pieces(ours, reader).await;
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let ours = UnixStream::from_std(ours);
        let reader = slow(&ours, theirs);
        in_pieces(ours, reader).await;
        check_others().await;
    });
    assert_eq!(open_descriptors(), before);
}

/// Writes in all ways; counts what `write` says; the peer's bytes are the same.
async fn in_pieces<F: Family>(stream: Stream<F>, reader: thread::JoinHandle<Vec<u8>>) {
    let mut position = 0;
    let mut short = 0;
    for round in 0.. {
        if position >= TOTAL {
            break;
        }
        let length = (TOTAL - position).min(30_000);
        let bytes = bytes_at(1, position as u64, length);
        position += match round % 5 {
            0 => {
                let (result, _) = stream.write(bytes).await;
                let count = result.unwrap();
                assert!(count > 0 && count <= length);
                short += usize::from(count < length);
                count
            }
            1 => {
                stream.write_all(bytes).await.0.unwrap();
                length
            }
            2 => {
                let (one, other) = bytes.split_at(length / 2);
                let pieces = vec![one.to_vec(), other.to_vec()];
                let (result, _) = stream.write_vectored(pieces).await;
                short += usize::from(*result.as_ref().unwrap() < length);
                result.unwrap()
            }
            3 => {
                stream.write_all_zero_copy(bytes).await.0.unwrap();
                length
            }
            _ => {
                // Dropped by a select: what was begun is written all the same.
                let pause = context::sleep(Duration::from_micros(100));
                match context::when_any((stream.write_all(bytes), pause)).await {
                    OneOf2::First((result, _)) => result.unwrap(),
                    OneOf2::Second(()) => {}
                }
                length
            }
        };
    }
    assert!(short > 0, "no write was short");
    stream.close().await.unwrap();
    let all = reader.join().unwrap();
    assert_eq!(all.len(), position);
    check_bytes(1, 0, &all);
}

#[test]
fn others_do_not_wait_for_a_slow_reader() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let mut stuck = Vec::new();
        for _ in 0..50 {
            // These read nothing at all.
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            let peer: OwnedFd = theirs.as_fd().try_clone_to_owned().unwrap();
            let stream = UnixStream::from_std(ours);
            let writer =
                context::spawn(async move { stream.write_all(bytes_at(1, 0, 1 << 22)).await.0 });
            stuck.push((writer, theirs, peer));
        }
        check_others().await;
        for (writer, theirs, peer) in stuck {
            assert!(!writer.is_finished());
            drop((theirs, peer));
            let error = writer.await.unwrap().unwrap_err();
            let kinds = [
                std::io::ErrorKind::BrokenPipe,
                std::io::ErrorKind::ConnectionReset,
            ];
            assert!(kinds.contains(&error.kind()), "{error}");
        }
    });
    assert_eq!(open_descriptors(), before);
}

/// A connection with ordinary buffers takes part in none of it.
async fn check_others() {
    let (client, server) = pair().await;
    for round in 0..20 {
        client
            .write_all(bytes_at(2, round * 1000, 1000))
            .await
            .0
            .unwrap();
        let (result, bytes) = server.read_exact(vec![0; 1000]).await;
        result.unwrap();
        check_bytes(2, round * 1000, &bytes);
    }
}
