//! What dropping means for the operations that have no file of their own here: docs/cancel-safety.md has the whole table.

mod support;

use std::net::Shutdown;

use support::{
    Random, alone, bytes_at, check_bytes, narrow_pair, open_descriptors, pair, poll_at_most, run,
};
use uring_io::io::{AsyncRead, copy};
use uring_io::net::{TcpStream, UnixDatagram};

/// Reads to the end; how many bytes came.
async fn read_all(stream: TcpStream) -> u64 {
    let mut position = 0;
    while let Some(bytes) = stream.recv().await.unwrap() {
        check_bytes(1, position, &bytes);
        position += bytes.len() as u64;
    }
    position
}

#[test]
fn a_dropped_read_exact_loses_what_it_had() {
    let _alone = alone();
    run(async {
        let (client, server) = pair().await;
        let mut reader = b"abc".as_slice().chain(&server);
        // It has the three, and waits for two more.
        assert!(poll_at_most(1, reader.read_exact([0; 5])).await.is_none());
        client.write_all("defgh").await.0.unwrap();
        let (result, bytes) = reader.read_exact([0; 5]).await;
        result.unwrap();
        assert_eq!(&bytes, b"defgh");
    });
}

#[test]
fn vectored_and_zero_copy_writes_are_sent_whole() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (client, server) = narrow_pair().await;
        let reader = context::spawn(read_all(server));
        let mut random = Random(17);
        let (mut position, mut dropped) = (0, 0);
        for round in 0..600 {
            let length = random.below(30_000) as usize + 1;
            let head = random.below(length as u64) as usize;
            let bytes = bytes_at(1, position, length);
            let parts = (bytes[..head].to_vec(), bytes[head..].to_vec());
            let polls = round % 4;
            // How much it says to have sent; `None` if it was dropped.
            let sent = match random.below(4) {
                0 => poll_at_most(polls, client.write_vectored(parts))
                    .await
                    .map(|(count, _)| count.unwrap()),
                1 => poll_at_most(polls, client.write_all_vectored(parts))
                    .await
                    .map(|(result, _)| result.map(|()| length).unwrap()),
                2 => poll_at_most(polls, client.send_zc(bytes))
                    .await
                    .map(|(count, _)| count.unwrap()),
                _ => poll_at_most(polls, client.write_all_zero_copy(bytes))
                    .await
                    .map(|(result, _)| result.map(|()| length).unwrap()),
            };
            dropped += usize::from(sent.is_none());
            position += match sent {
                Some(count) => count as u64,
                None if polls == 0 => 0,
                None => length as u64,
            };
        }
        assert!(dropped > 20, "{dropped}");
        client.close().await.unwrap();
        assert_eq!(reader.await.unwrap(), position);
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_dropped_shutdown_comes_after_the_writes_or_not_at_all() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for polls in 0..20 {
            let (client, server) = narrow_pair().await;
            let reader = context::spawn(read_all(server));
            let write = client.write_all(bytes_at(1, 0, 300_000));
            assert!(poll_at_most(1, write).await.is_none());
            let ended = poll_at_most(polls, client.shutdown(Shutdown::Write)).await;
            // Either the direction is still open, or it had ended by then.
            let last = client.write_all(bytes_at(1, 300_000, 100)).await.0;
            assert!(ended.is_none() || last.is_err());
            client.shutdown(Shutdown::Write).await.unwrap();
            let expected = if last.is_ok() { 300_100 } else { 300_000 };
            assert_eq!(reader.await.unwrap(), expected, "{polls}");
        }
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_dropped_close_sends_what_was_begun() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for polls in 0..20 {
            let (client, server) = narrow_pair().await;
            let reader = context::spawn(read_all(server));
            let write = client.write_all(bytes_at(1, 0, 300_000));
            assert!(poll_at_most(1, write).await.is_none());
            drop(poll_at_most(polls, client.close()).await);
            assert_eq!(reader.await.unwrap(), 300_000, "{polls}");
        }
    });
    assert_eq!(open_descriptors(), before);
}

/// The number in front of a datagram's known bytes.
fn datagram(number: u32) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend(bytes_at(u64::from(number), 0, number as usize % 1500));
    bytes
}

#[track_caller]
fn check_datagram(bytes: &[u8]) -> u32 {
    let number = u32::from_le_bytes(bytes[..4].try_into().unwrap());
    assert!(bytes == datagram(number), "number {number} came mangled");
    number
}

/// Receives one in a way that `way` chooses, unless that is dropped first.
async fn receive(socket: &UnixDatagram, way: u64, polls: usize) -> Option<u32> {
    match way {
        0 => {
            let (result, bytes) = poll_at_most(polls, socket.recv_from(vec![0; 2000])).await?;
            Some(check_datagram(&bytes[..result.unwrap().count]))
        }
        1 => {
            let mut one = Vec::new();
            poll_at_most(polls, socket.recv_many(&mut one, 1))
                .await?
                .unwrap();
            Some(check_datagram(&one[0].bytes))
        }
        2 => {
            drop(poll_at_most(polls, socket.peek_from([0; 4])).await);
            None
        }
        _ => {
            let packet = poll_at_most(polls, socket.recv()).await?.unwrap();
            Some(check_datagram(&packet.bytes))
        }
    }
}

#[test]
fn a_dropped_receive_loses_no_datagram() {
    const COUNT: u32 = 3000;
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (a, b) = UnixDatagram::pair().unwrap();
        let sender = context::spawn(async move {
            for number in 0..COUNT {
                a.send(datagram(number)).await.0.unwrap();
                if number % 7 == 0 {
                    context::yield_now().await;
                }
            }
        });
        let mut random = Random(23);
        let (mut expected, mut dropped) = (0, 0);
        while expected < COUNT {
            let polls = random.below(3) as usize;
            match receive(&b, random.below(4), polls).await {
                Some(number) => {
                    assert_eq!(number, expected);
                    expected += 1;
                }
                None => {
                    dropped += 1;
                    context::yield_now().await;
                }
            }
        }
        assert!(dropped > 10, "{dropped}");
        sender.await.unwrap();
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_dropped_send_is_sent_whole_or_not_at_all() {
    const COUNT: u32 = 3000;
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (a, b) = UnixDatagram::pair().unwrap();
        a.set_send_buffer_size(1).unwrap();
        let receiver = context::spawn(async move {
            let mut numbers = Vec::new();
            while numbers.last() != Some(&COUNT) {
                numbers.push(check_datagram(&b.recv().await.unwrap().bytes));
            }
            numbers
        });
        let mut certain = Vec::new();
        for number in 0..COUNT {
            match poll_at_most(number as usize % 4, a.send(datagram(number))).await {
                Some((result, _)) => {
                    result.unwrap();
                    certain.push(number);
                }
                None if number % 3 == 0 => context::yield_now().await,
                None => {}
            }
        }
        assert!(certain.len() < 2500, "{} of {COUNT}", certain.len());
        a.send(datagram(COUNT)).await.0.unwrap();
        let received = receiver.await.unwrap();
        assert!(received.is_sorted_by(|a, b| a < b), "each once, in order");
        certain.retain(|number| !received.contains(number));
        assert!(certain.is_empty(), "sent and not received: {certain:?}");
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_dropped_copy_loses_nothing() {
    const TOTAL: u64 = 3_000_000;
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let (source, from) = narrow_pair().await;
        let (to, sink) = narrow_pair().await;
        let writer = context::spawn(async move {
            let mut position = 0;
            while position < TOTAL {
                let length = 10_000.min(TOTAL - position) as usize;
                let bytes = bytes_at(1, position, length);
                source.write_all(bytes).await.0.unwrap();
                position += length as u64;
            }
        });
        let reader = context::spawn(read_all(sink));
        let mut random = Random(31);
        let mut dropped = 0;
        loop {
            let copying = async { copy(&mut &from, &mut &to).await.unwrap() };
            match poll_at_most(random.below(6) as usize, copying).await {
                Some(_) => break,
                None => dropped += 1,
            }
            context::yield_now().await;
        }
        assert!(dropped > 0, "{dropped}");
        writer.await.unwrap();
        to.close().await.unwrap();
        assert_eq!(reader.await.unwrap(), TOTAL);
    });
    assert_eq!(open_descriptors(), before);
}
