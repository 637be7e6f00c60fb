//! Half-close, reset, a peer that has gone, a stream whose write waits for room.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::task::Poll;
use std::time::Duration;

use uring_io::compat::Compat;

use crate::families::{Futures, Hyper, Tokio, Traits};
use crate::support::{bytes_at, check_bytes};
use crate::{on_both, pair};

type Stream = uring_io::net::TcpStream;

#[test]
fn a_half_close_ends_one_direction() {
    on_both(half_close::<Tokio>);
    on_both(half_close::<Futures>);
    on_both(half_close::<Hyper>);
}

async fn half_close<T: Traits<Compat<Stream>>>() {
    let (stream, mut peer) = pair();
    let mut stream = Compat::new(stream);
    let taken = poll_fn(|cx| T::write(&mut stream, cx, b"question")).await;
    assert_eq!(taken.unwrap(), 8);
    poll_fn(|cx| T::shutdown(&mut stream, cx)).await.unwrap();
    // Again: it has ended already.
    poll_fn(|cx| T::shutdown(&mut stream, cx)).await.unwrap();
    let mut question = String::new();
    peer.read_to_string(&mut question).unwrap();
    assert_eq!(question, "question");
    peer.write_all(b"answer").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let mut into = [0; 4];
    loop {
        match poll_fn(|cx| T::read(&mut stream, cx, &mut into))
            .await
            .unwrap()
        {
            0 => break,
            count => answer.extend_from_slice(&into[..count]),
        }
    }
    assert_eq!(answer, b"answer");
    let error = poll_fn(|cx| T::write(&mut stream, cx, b"more")).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_reset_is_an_error_of_both_directions() {
    on_both(reset::<Tokio>);
    on_both(reset::<Futures>);
    on_both(reset::<Hyper>);
}

async fn reset<T: Traits<Compat<Stream>>>() {
    let (stream, peer) = pair();
    let mut stream = Compat::new(stream);
    // Pending when it comes.
    let pending = poll_fn(|cx| Poll::Ready(T::read(&mut stream, cx, &mut [0; 9]))).await;
    assert!(pending.is_pending());
    socket2::SockRef::from(&peer)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(peer);
    let error = poll_fn(|cx| T::read(&mut stream, cx, &mut [0; 9])).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let error = poll_fn(|cx| T::write(&mut stream, cx, b"x")).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::BrokenPipe);
    // Nothing is left to flush, and the direction has ended.
    poll_fn(|cx| T::flush(&mut stream, cx)).await.unwrap();
    poll_fn(|cx| T::shutdown(&mut stream, cx)).await.unwrap();
}

#[test]
fn nothing_is_taken_while_a_write_is_pending() {
    on_both(other_bytes::<Tokio>);
    on_both(other_bytes::<Futures>);
    on_both(other_bytes::<Hyper>);
}

/// Fills the way to the peer until a write is pending; then the peer makes room, and the writer comes with other bytes, or gives
/// up and ends the direction.
async fn other_bytes<T: Traits<Compat<Stream>>>() {
    for gives_up in [false, true] {
        let (stream, mut peer) = pair();
        stream.set_send_buffer_size(8 * 1024).unwrap();
        let mut stream = Compat::new(stream);
        let mut sent = 0;
        while let Poll::Ready(count) = poll_fn(|cx| {
            // The budget of calls in a row makes one pending that could go on: asked twice.
            let bytes = bytes_at(5, sent, 60_000);
            let mut result = T::write(&mut stream, cx, &bytes);
            if result.is_pending() {
                result = T::write(&mut stream, cx, &bytes);
            }
            Poll::Ready(result)
        })
        .await
        {
            sent += count.unwrap() as u64;
        }
        let flushed = poll_fn(|cx| Poll::Ready(T::flush(&mut stream, cx))).await;
        assert!(matches!(flushed, Poll::Ready(Ok(()))), "nothing was taken");
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).unwrap();
            all
        });
        if !gives_up {
            let other = bytes_at(5, sent, 7);
            let count = poll_fn(|cx| T::write(&mut stream, cx, &other)).await;
            sent += count.unwrap() as u64;
        }
        poll_fn(|cx| T::shutdown(&mut stream, cx)).await.unwrap();
        let all = context::spawn_blocking(move || reader.join().unwrap())
            .await
            .unwrap();
        assert_eq!(all.len() as u64, sent);
        all.chunks(1000)
            .zip((0..).step_by(1000))
            .for_each(|(piece, at)| check_bytes(5, at, piece));
    }
}

#[test]
fn a_write_that_nobody_waited_for_comes_first_and_tells_of_its_error() {
    on_both(|| async {
        let (stream, mut peer) = pair();
        stream.set_send_buffer_size(8 * 1024).unwrap();
        let large = bytes_at(6, 0, 4_000_000);
        assert!(
            crate::support::poll_at_most(1, stream.write_all(large))
                .await
                .is_none()
        );
        let mut stream = Compat::new(stream);
        let behind = bytes_at(6, 4_000_000, 100);
        let pending = poll_fn(|cx| Poll::Ready(Tokio::write(&mut stream, cx, &behind))).await;
        assert!(pending.is_pending());
        let reader = std::thread::spawn(move || {
            let mut some = vec![0; 4_000_100];
            peer.read_exact(&mut some).unwrap();
            (some, peer)
        });
        let count = poll_fn(|cx| Tokio::write(&mut stream, cx, &behind)).await;
        assert_eq!(count.unwrap(), 100);
        let (some, peer) = context::spawn_blocking(move || reader.join().unwrap())
            .await
            .unwrap();
        assert_eq!(some, bytes_at(6, 0, 4_000_100));

        let stream = stream.into_inner();
        let large = vec![0; 8_000_000];
        assert!(
            crate::support::poll_at_most(1, stream.write_all(large))
                .await
                .is_none()
        );
        drop(peer);
        let mut stream = Compat::new(stream);
        let flushed = poll_fn(|cx| Tokio::flush(&mut stream, cx)).await;
        let kind = flushed.unwrap_err().kind();
        assert!(
            matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{kind:?}"
        );
    });
}

#[test]
fn what_waits_for_company_is_sent_once_it_is_flushed() {
    on_both(|| async {
        let company = context::spawn(async {
            loop {
                context::yield_now().await;
            }
        });
        for ends in [false, true] {
            let (stream, mut peer) = pair();
            let mut stream = Compat::new(stream);
            let mut sent = 0;
            for length in [1, 100, 4096, 4097] {
                let bytes = bytes_at(8, sent, length);
                let count = poll_fn(|cx| Hyper::write(&mut stream, cx, &bytes)).await;
                sent += count.unwrap() as u64;
                if !ends {
                    poll_fn(|cx| Hyper::flush(&mut stream, cx)).await.unwrap();
                    // It is there: nobody lets the context go on meanwhile.
                    let mut came = vec![0; length];
                    peer.read_exact(&mut came).unwrap();
                    assert_eq!(came, bytes);
                }
            }
            if ends {
                poll_fn(|cx| Hyper::shutdown(&mut stream, cx))
                    .await
                    .unwrap();
                let mut all = Vec::new();
                peer.read_to_end(&mut all).unwrap();
                assert_eq!(all, bytes_at(8, 0, sent as usize));
            }
        }
        company.abort();
    });
}

#[test]
fn an_adapter_that_goes_leaves_the_turns_to_others() {
    on_both(|| async {
        let (stream, mut peer) = pair();
        {
            let mut adapter = Compat::new(&stream);
            let mut into = [0; 4];
            let mut buffer = tokio::io::ReadBuf::new(&mut into);
            let pending = poll_fn(|cx| {
                let adapter = std::pin::Pin::new(&mut adapter);
                Poll::Ready(tokio::io::AsyncRead::poll_read(adapter, cx, &mut buffer))
            })
            .await;
            assert!(pending.is_pending());
        }
        peer.write_all(b"late").unwrap();
        assert_eq!(&*stream.recv().await.unwrap().unwrap(), b"late");
    });
}
