//! Operations that are asked to end give their buffers back, say how far they came, and lose no byte.

mod support;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use support::{
    Random, alone, bytes_at, check_bytes, narrow_pair, on_ring, open_descriptors, poll_at_most, run,
};
use uring_io::net::{TcpStream, UnixStream};
use uring_io::{BufResult, Cancel, Cancellable};

const LENGTH: usize = 1 << 20;

fn is_cancelled<T: std::fmt::Debug>(result: &std::io::Result<T>) -> bool {
    matches!(result, Err(error) if error.raw_os_error() == Some(libc::ECANCELED))
}

/// Reads to the end of the stream.
async fn everything(stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = stream.recv().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    all
}

/// Polls an operation once, or not at all; whether it is pending still.
async fn begun<F: Future + Unpin>(begin: bool, operation: &mut F) -> bool {
    poll_at_most(usize::from(begin), operation).await.is_none()
}

/// Begins a write that does not fit, cancels it after some polls, and checks what was said against what arrived.
async fn stop<F, B>(
    polls: usize,
    begin: impl FnOnce(&'static TcpStream) -> F,
    cancel: fn(F) -> Cancel<F>,
) where
    F: Future + Unpin + Cancellable<Outcome = BufResult<usize, B>>,
    B: 'static,
{
    let (client, server) = narrow_pair().await;
    let client: &'static TcpStream = Box::leak(Box::new(client));
    let mut write = begin(client);
    assert!(begun(polls > 0, &mut write).await);
    for _ in 0..polls {
        context::sleep(Duration::from_millis(1)).await;
    }
    let (result, _) = cancel(write).await;
    let sent = match result {
        Ok(count) => count,
        Err(error) => {
            assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
            0
        }
    };
    assert!(sent < LENGTH, "{polls} polls: {sent}");
    assert!(polls < 2 || sent > 0, "{polls} polls: {sent}");
    let reader = context::spawn(everything(server));
    client.write_all("behind it").await.0.unwrap();
    // SAFETY: it was leaked above, and nothing borrows it any more.
    let client = unsafe { Box::from_raw(std::ptr::from_ref(client).cast_mut()) };
    client.close().await.unwrap();
    let all = reader.await.unwrap();
    check_bytes(1, 0, &all[..sent]);
    assert_eq!(&all[sent..], b"behind it");
}

#[test]
fn a_write_ends_where_the_kernel_stands_and_says_where() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for polls in 0..4 {
            stop(
                polls,
                |to| to.write_all(bytes_at(1, 0, LENGTH)),
                |write| write.cancel(),
            )
            .await;
            stop(
                polls,
                |to| {
                    let (head, tail) = (bytes_at(1, 0, 1000), bytes_at(1, 1000, LENGTH - 1000));
                    to.write_all_vectored((head, tail))
                },
                |write| write.cancel(),
            )
            .await;
            stop(
                polls,
                |to| to.write_all_zero_copy(bytes_at(1, 0, LENGTH)),
                |write| write.cancel(),
            )
            .await;
        }
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn the_very_buffer_comes_back() {
    let _alone = alone();
    run(async {
        let (client, _server) = narrow_pair().await;
        let buffer = vec![7; LENGTH];
        let address = buffer.as_ptr();
        let mut write = client.write_all(buffer);
        assert!(begun(true, &mut write).await);
        let (result, buffer) = write.cancel().await;
        assert!(result.unwrap() > 0);
        assert_eq!((buffer.as_ptr(), buffer.len()), (address, LENGTH));
        // One that waits for its turn, and one that was never polled.
        let mut first = client.write_all(buffer);
        assert!(poll_at_most(1, &mut first).await.is_none());
        let mut second = client.write_all(vec![1]);
        assert!(poll_at_most(1, &mut second).await.is_none());
        let (result, buffer) = second.cancel().await;
        assert!(is_cancelled(&result));
        assert_eq!(buffer, [1]);
        let (result, buffer) = client.write(vec![2]).cancel().await;
        assert!(is_cancelled(&result));
        assert_eq!(buffer, [2]);
        assert_eq!(first.cancel().await.1.as_ptr(), address);
    });
}

#[test]
fn a_cancellation_that_is_dropped_stops_the_write_all_the_same() {
    let _alone = alone();
    run(async {
        for polls in 0..3 {
            let (client, server) = narrow_pair().await;
            let mut write = client.write_all(bytes_at(1, 0, LENGTH));
            assert!(begun(true, &mut write).await);
            assert!(poll_at_most(polls, write.cancel()).await.is_none() || polls > 1);
            let reader = context::spawn(everything(server));
            client.write_all("behind it").await.0.unwrap();
            client.close().await.unwrap();
            let all = reader.await.unwrap();
            let sent = all.len() - "behind it".len();
            assert!(sent > 0 && sent < LENGTH, "{sent}");
            check_bytes(1, 0, &all[..sent]);
            assert_eq!(&all[sent..], b"behind it");
        }
    });
}

#[test]
fn counts_add_up_whenever_writes_are_stopped() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (client, server) = narrow_pair().await;
        let reader = context::spawn(async move {
            let mut position = 0;
            let mut random = Random(9);
            while let Some(bytes) = server.recv().await.unwrap() {
                check_bytes(1, position, &bytes);
                position += bytes.len() as u64;
                if random.below(4) == 0 {
                    context::yield_now().await;
                }
            }
            position
        });
        let mut random = Random(5);
        let (mut position, mut stopped, mut halfway) = (0, 0, 0);
        for round in 0..120 {
            let length = random.below(400_000) as usize;
            let bytes = bytes_at(1, position, length);
            let polls = round % 4;
            let sent = match round % 5 {
                0 => one(polls, client.write(bytes), |write| write.cancel()).await,
                1 => one(polls, client.write_all(bytes), |write| write.cancel()).await,
                2 => {
                    one(polls, client.write_all_zero_copy(bytes), |write| {
                        write.cancel()
                    })
                    .await
                }
                3 => {
                    let cut = random.below(length as u64 + 1) as usize;
                    let parts = [bytes[..cut].to_vec(), Vec::new(), bytes[cut..].to_vec()];
                    one(polls, client.write_all_vectored(parts), |write| {
                        write.cancel()
                    })
                    .await
                }
                _ => one(polls, client.send_zc(bytes), |write| write.cancel()).await,
            };
            let count = sent.count.unwrap_or(length);
            stopped += usize::from(sent.stopped);
            halfway += usize::from(sent.stopped && count > 0 && count < length);
            position += count as u64;
        }
        assert!(stopped > 4, "{stopped}");
        assert!(halfway > 0, "{halfway}");
        client.close().await.unwrap();
        assert_eq!(reader.await.unwrap(), position);
    });
    assert_eq!(open_descriptors(), before);
}

struct Sent {
    /// `None`: all of it.
    count: Option<usize>,
    stopped: bool,
}

/// Polls a write some times and stops it then.
async fn one<F, T: Count, B>(polls: usize, mut write: F, cancel: fn(F) -> Cancel<F>) -> Sent
where
    F: Future<Output = BufResult<T, B>> + Cancellable<Outcome = BufResult<usize, B>> + Unpin,
{
    if let Some((result, _)) = poll_at_most(polls, Pin::new(&mut write)).await {
        let count = result.unwrap().count();
        return Sent {
            count,
            stopped: false,
        };
    }
    let (result, _) = cancel(write).await;
    assert!(result.is_ok() || is_cancelled(&result), "{result:?}");
    Sent {
        count: Some(result.unwrap_or(0)),
        stopped: true,
    }
}

trait Count {
    fn count(self) -> Option<usize>;
}

impl Count for () {
    fn count(self) -> Option<usize> {
        None
    }
}

impl Count for usize {
    fn count(self) -> Option<usize> {
        Some(self)
    }
}

#[test]
fn zero_copy_over_a_unix_socket_copies() {
    let _alone = alone();
    run(async {
        let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let (one, other) = (UnixStream::from_std(one), UnixStream::from_std(other));
        let reader = context::spawn(async move {
            let mut position = 0;
            while let Some(bytes) = other.recv().await.unwrap() {
                check_bytes(1, position, &bytes);
                position += bytes.len() as u64;
            }
            position
        });
        let bytes = bytes_at(1, 0, LENGTH);
        let address = bytes.as_ptr();
        let (result, bytes) = one.write_all_zero_copy(bytes).await;
        result.unwrap();
        assert_eq!(bytes.as_ptr(), address);
        let (result, _) = one.send_zc(bytes_at(1, LENGTH as u64, 1000)).await;
        let count = result.unwrap();
        one.close().await.unwrap();
        assert_eq!(reader.await.unwrap(), (LENGTH + count) as u64);
    });
}

#[test]
fn reads_receives_and_accepts_give_up_without_losing_anything() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        use uring_io::net::TcpListener;

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut accept = listener.accept();
        assert!(begun(true, &mut accept).await);
        assert!(is_cancelled(&accept.cancel().await.map(drop)));
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        assert!(is_cancelled(&listener.accept().cancel().await.map(drop)));
        let (server, _) = listener.accept().await.unwrap();

        let buffer = vec![0; 100];
        let address = buffer.as_ptr();
        let mut read = server.read(buffer);
        assert!(begun(true, &mut read).await);
        // Within a select, by reference; then asked to end.
        let timeout = context::timeout(Duration::from_millis(1), &mut read).await;
        assert!(timeout.is_err());
        let (result, buffer) = read.cancel().await;
        assert!(is_cancelled(&result));
        assert_eq!(buffer.as_ptr(), address);
        let (result, buffer) = server.read(buffer).cancel().await;
        assert!(is_cancelled(&result));

        // What arrives before the kernel has ended it is not lost, whether or not somebody waits.
        for drop_it in [false, true] {
            let mut read = server.read(buffer.clone());
            assert!(begun(true, &mut read).await);
            client.write_all("abc").await.0.unwrap();
            let cancel = read.cancel();
            let mut got = Vec::new();
            if drop_it {
                drop(cancel);
            } else if let (Ok(count), bytes) = cancel.await {
                got.extend_from_slice(&bytes[..count]);
            }
            while got.len() < 3 {
                got.extend_from_slice(&server.recv().await.unwrap().unwrap());
            }
            assert_eq!(got, b"abc");
        }

        let mut recv = server.recv();
        assert!(begun(true, &mut recv).await);
        assert!(is_cancelled(&recv.cancel().await.map(drop)));
        client.write_all("d").await.0.unwrap();
        assert_eq!(&*server.recv().await.unwrap().unwrap(), b"d");
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_cancelled_send_without_a_copy_leaves_no_error_where_there_is_no_such_thing() {
    let _alone = alone();
    run(async {
        if !on_ring() {
            // There it is sent with a copy, and at once.
            return;
        }
        let (here, there) = UnixStream::pair().unwrap();
        for wait in [true, false] {
            let mut write = here.write_all_zero_copy(vec![7; 100]);
            assert!(begun(true, &mut write).await);
            if wait {
                let (result, buffer) = write.cancel().await;
                assert!(is_cancelled(&result), "{result:?}");
                assert_eq!(buffer, vec![7; 100]);
            } else {
                drop(write.cancel());
            }
            here.write_all("behind it").await.0.unwrap();
            assert_eq!(&*there.recv().await.unwrap().unwrap(), b"behind it");
        }
    });
}
