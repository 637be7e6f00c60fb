//! Frames by codecs of `tokio-util`: a dropped `next` loses no frame, a dropped `send` tears none.
#![cfg(feature = "codec")]

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use support::{Random, alone, bytes_at, check_bytes, open_descriptors, pair, poll_at_most, run};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec, LinesCodec, LinesCodecError};
use uring_io::io::{Framed, FramedRead, FramedWrite};
use uring_io::net::TcpStream;
use uring_io::pipe::pipe;

/// A frame that tells its number; some are longer than a received piece.
fn frame(number: u64) -> Bytes {
    let length = if number.is_multiple_of(40) {
        30_000
    } else {
        number * 13 % 500
    };
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend(bytes_at(number % 7, 0, length as usize));
    bytes.into()
}

#[track_caller]
fn check_frame(bytes: &[u8], number: u64) {
    assert_eq!(bytes[..8], number.to_le_bytes());
    check_bytes(number % 7, 0, &bytes[8..]);
    assert_eq!(bytes.len(), frame(number).len());
}

#[test]
fn dropped_operations_lose_and_tear_nothing() {
    let _alone = alone();
    const FRAMES: u64 = 4000;
    let before = open_descriptors();
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let sending = context::spawn(async move {
            let mut frames = Framed::new(client, LengthDelimitedCodec::new());
            let mut random = Random(31);
            let mut dropped = 0;
            for number in 0..FRAMES {
                // Polled once, a frame is on its way or waits in the buffer.
                let sent = if random.below(2) == 0 {
                    poll_at_most(1, frames.send(frame(number))).await
                } else {
                    poll_at_most(1, frames.feed(frame(number))).await
                };
                dropped += u64::from(sent.is_none());
                assert!(poll_at_most(0, frames.send(Bytes::new())).await.is_none());
                if random.below(16) == 0 {
                    frames.flush().await.unwrap();
                }
            }
            frames.flush().await.unwrap();
            assert!(dropped > 5, "{dropped}");
        });
        let mut frames = FramedRead::new(server, LengthDelimitedCodec::new());
        let mut random = Random(13);
        let (mut number, mut dropped) = (0, 0);
        loop {
            let polls = random.below(3) as usize;
            match poll_at_most(polls, frames.next()).await {
                None => {
                    dropped += 1;
                    context::yield_now().await;
                }
                Some(Some(bytes)) => {
                    check_frame(&bytes.unwrap(), number);
                    number += 1;
                }
                Some(None) => break,
            }
        }
        assert_eq!(number, FRAMES);
        assert!(dropped > 100, "{dropped}");
        sending.await.unwrap();
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_stream_that_ends_within_a_frame() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        client.write_all(vec![0, 0, 0, 9, 1, 2]).await.0.unwrap();
        drop(client);
        let mut frames = Framed::new(server, LengthDelimitedCodec::new());
        let error = frames.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("remaining"), "{error}");
        assert!(frames.next().await.is_none());
        let (_, _, left, unsent): (TcpStream, _, _, _) = frames.into_parts();
        assert_eq!((left.len(), unsent.len()), (2, 0));
    });
}

#[test]
fn the_limits_of_a_codec_and_of_the_reader() {
    let _alone = alone();
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let endless =
            context::spawn(
                async move { while sender.write_all(vec![b'x'; 10_000]).await.0.is_ok() {} },
            );
        let mut lines = FramedRead::new(receiver, LinesCodec::new_with_max_length(100));
        let error = lines.next().await.unwrap().unwrap_err();
        assert!(
            matches!(error, LinesCodecError::MaxLineLengthExceeded),
            "{error}"
        );
        assert!(lines.next().await.is_none(), "after a decoder's error");

        let (receiver, ..) = lines.into_parts();
        let mut lines = FramedRead::new(receiver, LinesCodec::new()).with_limit(50_000);
        match lines.next().await {
            Some(Err(LinesCodecError::Io(error))) => {
                assert_eq!(error.kind(), ErrorKind::InvalidData);
                assert!(error.to_string().contains("50000"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        let (.., buffered) = lines.into_parts();
        assert!(buffered.len() < 80_000, "{}", buffered.len());
        endless.await.unwrap();
    });
}

/// A codec of one's own: pairs of bytes, none of which may be zero.
struct Pairs;

impl Decoder for Pairs {
    type Item = [u8; 2];
    type Error = std::io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> std::io::Result<Option<[u8; 2]>> {
        if bytes.len() < 2 {
            return Ok(None);
        }
        let pair = bytes.split_to(2);
        Ok(Some([pair[0], pair[1]]))
    }
}

impl Encoder<[u8; 2]> for Pairs {
    type Error = std::io::Error;

    fn encode(&mut self, pair: [u8; 2], bytes: &mut BytesMut) -> std::io::Result<()> {
        for byte in pair {
            if byte == 0 {
                return Err(ErrorKind::InvalidInput.into());
            }
            bytes.extend_from_slice(&[byte]);
        }
        Ok(())
    }
}

#[test]
fn a_frame_that_cannot_be_encoded_leaves_no_part() {
    let _alone = alone();
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let mut writer = FramedWrite::new(sender, Pairs);
        writer.feed([1, 2]).await.unwrap();
        let error = writer.feed([3, 0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        writer.send([4, 5]).await.unwrap();
        let mut reader = FramedRead::new(receiver, Pairs);
        assert_eq!(reader.next().await.unwrap().unwrap(), [1, 2]);
        assert_eq!(reader.next().await.unwrap().unwrap(), [4, 5]);
        let waiting = context::timeout(Duration::from_millis(1), reader.next()).await;
        assert!(waiting.is_err());
        drop(writer);
        assert!(reader.next().await.is_none());
    });
}
