//! What the tests share: pairs of streams, known bytes, futures that are dropped early, a count of descriptors.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use uring_io::net::{TcpListener, TcpStream};

/// Runs a future on a context.
pub fn run<F: Future>(future: F) -> F::Output {
    context::block_on(future).expect("a context runs here")
}

/// Two connected streams.
pub async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

/// The byte at a position of a stream: repeats only after a long way, and differs from stream to stream.
pub fn byte_at(stream: u64, position: u64) -> u8 {
    let mixed = (position ^ stream << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as u8
}

/// A piece of a stream.
pub fn bytes_at(stream: u64, position: u64, length: usize) -> Vec<u8> {
    (position..position + length as u64)
        .map(|at| byte_at(stream, at))
        .collect()
}

/// Checks that `bytes` are what the stream holds from `position` on.
#[track_caller]
pub fn check_bytes(stream: u64, position: u64, bytes: &[u8]) {
    for (at, byte) in (position..).zip(bytes) {
        assert_eq!(*byte, byte_at(stream, at), "byte {at} of stream {stream}");
    }
}

/// Polls a future at most `polls` times, and drops it if it is still pending then.
pub async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Descriptors that this process has open.
pub fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Random numbers that are the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
