//! Streams whose writes are copied: a pipe of which others may have an end too.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, Read};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::AsyncWrite;
use uring_io::compat::Compat;
use uring_io::pipe::{Receiver, Sender};

use crate::on_both;
use crate::support::{Random, bytes_at};

/// A sender over a pipe that it does not own alone, and the standard library's other end.
fn strangers_pipe() -> (Sender, std::io::PipeReader) {
    let (reader, writer) = std::io::pipe().unwrap();
    (Sender::from_fd(OwnedFd::from(writer)).unwrap(), reader)
}

async fn write(sender: &mut Compat<Sender>, bytes: &[u8]) -> std::io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *sender).poll_write(cx, bytes)).await
}

async fn flush(sender: &mut Compat<Sender>) -> std::io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *sender).poll_flush(cx)).await
}

#[test]
fn what_was_taken_is_written_whatever_becomes_of_the_adapter() {
    for round in 0..24 {
        on_both(|| async move {
            let (sender, mut reader) = strangers_pipe();
            let mut random = Random(round + 5);
            let mut sender = Compat::new(sender);
            let reader = std::thread::spawn(move || {
                let mut all = Vec::new();
                reader.read_to_end(&mut all).unwrap();
                all
            });
            let mut sent = 0;
            for _ in 0..20 {
                let mut bytes = bytes_at(3, sent, random.below(200_000) as usize);
                let count = if random.below(2) == 0 {
                    write(&mut sender, &bytes).await.unwrap()
                } else {
                    let (one, other) = bytes.split_at(bytes.len() / 3);
                    let pieces = [one, other].map(IoSlice::new);
                    poll_fn(|cx| Pin::new(&mut sender).poll_write_vectored(cx, &pieces))
                        .await
                        .unwrap()
                };
                bytes.fill(0);
                sent += count as u64;
                match random.below(6) {
                    0 => flush(&mut sender).await.unwrap(),
                    1 => sender = Compat::new(sender.into_inner()),
                    2 => {
                        // Behind it, by the pipe's own means.
                        let stream = sender.into_inner();
                        let bytes = bytes_at(3, sent, 1000);
                        stream.write_all(bytes).await.0.unwrap();
                        sent += 1000;
                        sender = Compat::new(stream);
                    }
                    _ => {}
                }
            }
            match round % 3 {
                0 => drop(sender),
                1 => drop(sender.into_inner()),
                _ => {
                    poll_fn(|cx| Pin::new(&mut sender).poll_shutdown(cx))
                        .await
                        .unwrap();
                    drop(sender);
                }
            }
            let all = context::spawn_blocking(move || reader.join().unwrap())
                .await
                .unwrap();
            assert_eq!(all, bytes_at(3, 0, sent as usize));
        });
    }
}

#[test]
fn an_error_is_that_of_the_next_call() {
    on_both(|| async {
        for by_write in [false, true] {
            let (sender, reader) = strangers_pipe();
            let mut sender = Compat::new(sender);
            drop(reader);
            assert_eq!(write(&mut sender, b"for nobody").await.unwrap(), 10);
            let error = if by_write {
                write(&mut sender, b"more").await.map(drop)
            } else {
                flush(&mut sender).await
            };
            assert_eq!(error.unwrap_err().kind(), ErrorKind::BrokenPipe);
            // It is told once.
            flush(&mut sender).await.unwrap();
        }
    });
}

#[test]
fn a_full_pipe_takes_one_copy_and_no_more() {
    on_both(|| async {
        let (sender, mut reader) = strangers_pipe();
        let mut sender = Compat::new(sender);
        let mut taken = 0;
        // A pipe holds 64 KiB, the adapter as much.
        loop {
            let bytes = bytes_at(4, taken, 1 << 20);
            let result =
                poll_fn(|cx| Poll::Ready(Pin::new(&mut sender).poll_write(cx, &bytes))).await;
            match result {
                Poll::Ready(count) => taken += count.unwrap() as u64,
                Poll::Pending if taken >= 128 * 1024 => break,
                Poll::Pending => context::sleep(std::time::Duration::from_millis(1)).await,
            }
            assert!(taken <= 256 * 1024, "it takes without end: {taken}");
        }
        let flushed = poll_fn(|cx| Poll::Ready(Pin::new(&mut sender).poll_flush(cx))).await;
        assert!(flushed.is_pending());
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all
        });
        flush(&mut sender).await.unwrap();
        drop(sender);
        let all = context::spawn_blocking(move || reader.join().unwrap())
            .await
            .unwrap();
        assert_eq!(all, bytes_at(4, 0, taken as usize));
    });
}

#[test]
fn reads_of_a_pipe_of_strangers_lose_nothing_when_they_are_given_up() {
    on_both(|| async {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut receiver = Compat::new(Receiver::from_fd(OwnedFd::from(reader)).unwrap());
        let writer = std::thread::spawn(move || {
            let mut random = Random(9);
            let mut position = 0;
            while position < 300_000 {
                let length = 1 + random.below(3_000) as usize;
                std::io::Write::write_all(&mut writer, &bytes_at(7, position, length)).unwrap();
                position += length as u64;
                std::thread::yield_now();
            }
            position
        });
        let mut random = Random(4);
        let mut all = Vec::new();
        let mut given_up = 0;
        loop {
            let mut into = vec![0; 1 + random.below(5_000) as usize];
            let polled = poll_fn(|cx| {
                let read = futures_io::AsyncRead::poll_read(Pin::new(&mut receiver), cx, &mut into);
                match read {
                    Poll::Pending if given_up % 3 == 0 => Poll::Pending,
                    polled => Poll::Ready(polled),
                }
            })
            .await;
            match polled {
                Poll::Ready(Ok(0)) => break,
                Poll::Ready(count) => all.extend_from_slice(&into[..count.unwrap()]),
                Poll::Pending => {
                    receiver = Compat::new(receiver.into_inner());
                    context::yield_now().await;
                }
            }
            given_up += 1;
        }
        let sent = context::spawn_blocking(move || writer.join().unwrap())
            .await
            .unwrap();
        assert_eq!(all, bytes_at(7, 0, sent as usize));
    });
}
