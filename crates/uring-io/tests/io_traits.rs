//! The traits of byte streams: what is provided on top of one read or one write, and the adapters.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use support::{alone, bytes_at, check_bytes, open_descriptors, pair, poll_at_most, run};
use uring_io::io::{AsyncRead, AsyncWrite};
use uring_io::{BufResult, IoBuf, IoBufMut, Slice};

/// A stream that does one byte at a time, and is interrupted before each.
struct Trickle {
    bytes: Vec<u8>,
    is_interrupted: bool,
}

impl Trickle {
    fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            is_interrupted: false,
        }
    }

    fn interrupted(&mut self) -> bool {
        self.is_interrupted = !self.is_interrupted;
        self.is_interrupted
    }
}

impl AsyncRead for Trickle {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        if self.interrupted() {
            return (Err(ErrorKind::Interrupted.into()), buffer);
        }
        let most = self.bytes.len().min(1);
        let (result, part) = (&self.bytes[..most]).read(Slice::new(buffer, 0..1)).await;
        self.bytes.drain(..most);
        (result, part.into_inner())
    }
}

impl AsyncWrite for Trickle {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        if self.interrupted() {
            return (Err(ErrorKind::Interrupted.into()), buffer);
        }
        let part = Slice::new(buffer, 0..1);
        let count = part.len();
        self.bytes.extend_from_slice(&part);
        (Ok(count), part.into_inner())
    }
}

#[test]
fn whole_reads_and_writes_are_made_of_small_ones() {
    let _alone = alone();
    run(async {
        let mut trickle = Trickle::new(b"hello, world");
        let (result, buffer) = trickle.read_exact(vec![0; 5]).await;
        result.unwrap();
        assert_eq!(buffer, b"hello");
        let mut rest = b"so: ".to_vec();
        assert_eq!(trickle.read_to_end(&mut rest).await.unwrap(), 7);
        assert_eq!(rest, b"so: , world");
        let (result, buffer) = trickle.read_exact(vec![0; 1]).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert!(buffer.is_empty());

        let (result, buffer) = trickle.write_all("abcdef").await;
        result.unwrap();
        assert_eq!(buffer, "abcdef");
        assert_eq!(trickle.bytes, b"abcdef");
    });
}

#[test]
fn text_is_appended_whole_or_not_at_all() {
    let _alone = alone();
    run(async {
        let mut text = String::from("> ");
        let read = (&mut "grüße".as_bytes()).read_to_string(&mut text).await;
        assert_eq!(read.unwrap(), 7);
        assert_eq!(text, "> grüße");
        let error = (&mut &[b'a', 0xff][..]).read_to_string(&mut text).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(text, "> grüße");
    });
}

#[test]
fn a_part_and_what_follows() {
    let _alone = alone();
    run(async {
        let mut all = Vec::new();
        let mut both = (&b"hello"[..]).take(4).chain(&b"ish"[..]);
        assert_eq!(both.read_to_end(&mut all).await.unwrap(), 7);
        assert_eq!(all, b"hellish");
        let (first, next) = both.into_inner();
        assert_eq!(first.limit(), 0);
        assert_eq!((first.into_inner(), next), (&b"o"[..], &b""[..]));

        let mut nothing = (&b"hello"[..]).take(0);
        assert!(nothing.recv().await.unwrap().is_none());
    });
}

/// Sends known bytes and ends; the other side reads all of them.
async fn exchange(mut writer: impl AsyncWrite, mut reader: impl AsyncRead) {
    const TOTAL: usize = 300_000;
    let writing = async {
        writer.write_all(bytes_at(3, 0, TOTAL)).await.0.unwrap();
        writer.flush().await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let reading = async {
        let (result, start) = reader.read_exact(vec![0; 1000]).await;
        result.unwrap();
        check_bytes(3, 0, &start);
        let mut all = start;
        reader.read_to_end(&mut all).await.unwrap();
        assert_eq!(all.len(), TOTAL);
        check_bytes(3, 0, &all);
    };
    context::when_all((writing, reading)).await;
}

#[test]
fn streams_and_their_halves() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (a, b) = pair().await;
        exchange(&a, &b).await;
        exchange(b.split().1, a.split().0).await;
        let (a, b) = pair().await;
        let (reader, _writer) = a.into_split();
        let (_reader, writer) = b.into_split();
        exchange(writer, reader).await;
        let (mut a, b) = pair().await;
        exchange(&mut a, b).await;
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_dropped_read_to_end_keeps_what_it_has_read() {
    let _alone = alone();
    run(async {
        let (client, mut server) = pair().await;
        let mut all = Vec::new();
        let mut dropped = 0;
        for round in 0..200 {
            client
                .write_all(bytes_at(5, round * 100, 100))
                .await
                .0
                .unwrap();
            if round % 3 == 0 {
                let limit = Duration::from_micros(round);
                let whole = context::timeout(limit, server.read_to_end(&mut all)).await;
                assert!(whole.is_err());
            } else {
                let whole = poll_at_most(1, server.read_to_end(&mut all)).await;
                assert!(whole.is_none());
            }
            dropped += 1;
        }
        drop(client);
        server.read_to_end(&mut all).await.unwrap();
        assert_eq!((all.len(), dropped), (20_000, 200));
        check_bytes(5, 0, &all);
    });
}

#[test]
fn a_flush_waits_for_dropped_writes_and_tells_their_errors() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let big = bytes_at(9, 0, 3_000_000);
        let mut writer = &client;
        assert!(
            poll_at_most(1, AsyncWrite::write_all(&mut writer, big))
                .await
                .is_none()
        );
        assert!(poll_at_most(1, writer.flush()).await.is_none());
        let mut all = Vec::new();
        let reading = async {
            let (result, bytes) = server.read_exact(vec![0; 3_000_000]).await;
            result.unwrap();
            all = bytes;
        };
        let (flushed, ()) = context::when_all((writer.flush(), reading)).await;
        flushed.unwrap();
        check_bytes(9, 0, &all);

        let big = vec![1; 3_000_000];
        assert!(
            poll_at_most(1, AsyncWrite::write_all(&mut writer, big))
                .await
                .is_none()
        );
        server.abort();
        let error = writer.flush().await.unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ),
            "{error}"
        );
    });
}
