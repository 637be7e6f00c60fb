//! Reads into several buffers, to the end of one, and of what is only looked at: nothing is lost, whatever is dropped.

mod support;

use std::io::ErrorKind;

use support::{
    Random, alone, byte_at, bytes_at, check_bytes, on_ring, open_descriptors, pair, poll_at_most,
    run,
};
use uring_io::net::TcpStream;

const TOTAL: u64 = 1_500_000;

#[test]
fn any_read_may_be_dropped_or_cancelled_at_any_poll() {
    let _alone = alone();
    let before = open_descriptors();
    // Without and with the standing receive.
    for armed in [false, true] {
        run(read_with_drops(armed));
    }
    assert_eq!(open_descriptors(), before);
}

async fn read_with_drops(armed: bool) {
    let (client, server) = pair().await;
    let writer = context::spawn(write(client));
    let mut random = Random(if armed { 77 } else { 78 });
    let (mut position, mut dropped, mut cancelled, mut after) = (0, 0, 0, 0);
    while position < TOTAL {
        let polls = random.below(4) as usize;
        let kind = random.below(if armed { 7 } else { 5 });
        let cancel = random.below(2) == 0;
        let room = random.below(900) as usize + 1;
        let rest = (TOTAL - position) as usize;
        let bytes = match kind {
            0 => {
                let mut read = server.read(Vec::with_capacity(room));
                let output = match poll_at_most(polls, &mut read).await {
                    None if cancel => Some(read.cancel().await),
                    output => output,
                };
                output.and_then(|(result, bytes)| result.ok().map(|_| bytes))
            }
            1 => {
                let cut = room / 3;
                let parts = (Vec::with_capacity(cut), [0; 5], vec![1; room - cut]);
                let mut read = server.read_vectored(parts);
                let output = match poll_at_most(polls, &mut read).await {
                    None if cancel => Some(read.cancel().await),
                    output => output,
                };
                output.and_then(|(result, (mut bytes, middle, tail))| {
                    let count = result.ok()?;
                    bytes.extend_from_slice(&middle);
                    bytes.extend_from_slice(&tail);
                    bytes.truncate(count);
                    Some(bytes)
                })
            }
            2 | 3 => {
                let length = (room * 5).min(rest);
                let buffer = vec![0; length].into_boxed_slice();
                let mut read = server.read_exact(buffer);
                let output = match poll_at_most(polls * 2, &mut read).await {
                    None if cancel => Some(read.cancel().await),
                    output => output,
                };
                output.and_then(|(result, bytes)| result.ok().map(|()| bytes.into_vec()))
            }
            4 => {
                let peeked = poll_at_most(polls, server.peek(vec![0; room])).await;
                if let Some((result, bytes)) = peeked {
                    let count = result.unwrap();
                    check_bytes(1, position, &bytes[..count]);
                }
                continue;
            }
            5 => {
                let mut recv = server.recv();
                let output = match poll_at_most(polls, &mut recv).await {
                    None if cancel => recv.cancel().await.ok(),
                    output => output.map(Result::unwrap),
                };
                output.map(|bytes| bytes.unwrap().to_vec())
            }
            _ => {
                let mut many = Vec::new();
                let most = random.below(4) as usize + 1;
                let received = poll_at_most(polls, server.recv_many(&mut many, most)).await;
                assert_eq!(received.map_or(0, Result::unwrap), many.len());
                assert!(many.len() <= most);
                after += usize::from(many.len() > 1);
                (!many.is_empty()).then(|| many.concat_bytes())
            }
        };
        let Some(bytes) = bytes else {
            dropped += usize::from(!cancel);
            cancelled += usize::from(cancel);
            if random.below(2) == 0 {
                context::yield_now().await;
            }
            continue;
        };
        assert!(!bytes.is_empty());
        check_bytes(1, position, &bytes);
        position += bytes.len() as u64;
    }
    assert_eq!(position, TOTAL);
    assert!(dropped > 5 && cancelled > 5, "{dropped} {cancelled}");
    // Only a ring goes on receiving while nobody asks.
    assert!(!(armed && on_ring()) || after > 0);
    writer.await.unwrap();
    assert!(server.recv().await.unwrap().is_none());
}

trait Concat {
    fn concat_bytes(&self) -> Vec<u8>;
}

impl Concat for Vec<uring_io::net::RecvBuf> {
    fn concat_bytes(&self) -> Vec<u8> {
        self.iter()
            .flat_map(|bytes| bytes.iter().copied())
            .collect()
    }
}

async fn write(client: TcpStream) {
    let mut random = Random(7);
    let mut position = 0;
    while position < TOTAL {
        let length = random.below(700).min(TOTAL - position) as usize;
        let bytes = bytes_at(1, position, length);
        client.write_all(bytes).await.0.unwrap();
        position += length as u64;
        match random.below(8) {
            0 => context::sleep(std::time::Duration::from_micros(random.below(200))).await,
            1 => context::yield_now().await,
            _ => {}
        }
    }
    client.close().await.unwrap();
}

#[test]
fn an_exact_read_takes_all_or_nothing() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        client.write_all("hello").await.0.unwrap();
        // Cancelled when it has five of its eight bytes.
        let mut read = server.read_exact(vec![0; 8]);
        assert!(poll_at_most(2, &mut read).await.is_none());
        let (result, buffer) = read.cancel().await;
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(buffer.capacity(), 8);
        // Dropped likewise.
        assert!(poll_at_most(1, server.read_exact([0; 8])).await.is_none());
        let (result, start) = server.read(vec![0; 2]).await;
        assert_eq!((result.unwrap(), &start[..]), (2, &b"he"[..]));
        // At the end of the stream.
        client.write_all("!!").await.0.unwrap();
        client.close().await.unwrap();
        let (result, _) = server.read_exact(vec![0; 6]).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let (result, rest) = server.read_exact(Vec::with_capacity(5)).await;
        result.unwrap();
        assert_eq!(rest, b"llo!!");
        assert_eq!(server.read_exact([0; 0]).await.0.unwrap(), ());
        let (result, _) = server.read_exact([0; 1]).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn an_exact_read_keeps_others_out_until_it_ends() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        let server = std::rc::Rc::new(server);
        let (first, second) = (server.clone(), server.clone());
        let exact = context::spawn(async move { first.read_exact(vec![0; 6]).await });
        context::yield_now().await;
        let other = context::spawn(async move { second.read(vec![0; 6]).await });
        for piece in ["abc", "defgh"] {
            context::sleep(std::time::Duration::from_millis(2)).await;
            client.write_all(piece).await.0.unwrap();
        }
        let (result, bytes) = exact.await.unwrap();
        result.unwrap();
        assert_eq!(bytes, b"abcdef");
        let (result, bytes) = other.await.unwrap();
        assert_eq!(&bytes[..result.unwrap()], b"gh");
    });
}

#[test]
fn a_peek_sees_more_once_more_has_come() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        let mut sent = 0;
        for piece in [1_usize, 2, 5000, 9] {
            let bytes = bytes_at(1, sent, piece);
            client.write_all(bytes).await.0.unwrap();
            sent += piece as u64;
            let mut seen = 0;
            while seen < sent {
                let (result, bytes) = server.peek(vec![0; 6000]).await;
                seen = result.unwrap() as u64;
                check_bytes(1, 0, &bytes[..seen as usize]);
                context::yield_now().await;
            }
        }
        let (result, [first]) = server.peek([0; 1]).await;
        assert_eq!((result.unwrap(), first), (1, byte_at(1, 0)));
        client.close().await.unwrap();
        let (result, bytes) = server.read_exact(vec![0; sent as usize]).await;
        result.unwrap();
        check_bytes(1, 0, &bytes);
        assert_eq!(server.peek([0; 1]).await.0.unwrap(), 0);
        assert!(server.recv().await.unwrap().is_none());
    });
}

#[test]
fn many_takes_what_has_arrived_and_no_more_than_asked_for() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        // Arms the receive, so that what follows arrives in buffers of its own.
        assert!(poll_at_most(1, server.recv()).await.is_none());
        for at in 0..5_u8 {
            client.write_all(vec![at; 10]).await.0.unwrap();
            context::sleep(std::time::Duration::from_millis(2)).await;
        }
        let mut many = Vec::new();
        assert_eq!(server.recv_many(&mut many, 0).await.unwrap(), 0);
        assert_eq!(server.recv_many(&mut many, 2).await.unwrap(), 2);
        assert_eq!(many.concat_bytes(), [[0; 10], [1; 10]].concat());
        assert!(server.recv_many(&mut many, 100).await.unwrap() >= 1);
        client.abort();
        let end = loop {
            match server.recv_many(&mut many, 100).await {
                Ok(0) => break None,
                Ok(_) => {}
                Err(error) => break Some(error.kind()),
            }
        };
        assert_eq!(end, Some(ErrorKind::ConnectionReset));
        assert_eq!(many.concat_bytes().len(), 50);
    });
}
