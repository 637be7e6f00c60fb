//! A dropped read or receive loses no byte, whenever it is dropped, and leaks no descriptor.

mod support;

use std::time::Duration;

use support::{Random, bytes_at, check_bytes, open_descriptors, pair, poll_at_most, run};
use uring_io::net::TcpStream;

const TOTAL: u64 = 200_000;

/// What the reading side does.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Read,
    Recv,
    Mixed,
}

#[test]
fn dropped_at_every_poll() {
    let before = open_descriptors();
    for kind in [Kind::Read, Kind::Recv, Kind::Mixed] {
        run(read_with_drops(kind));
    }
    assert_eq!(open_descriptors(), before);
}

async fn read_with_drops(kind: Kind) {
    let (client, server) = pair().await;
    let writer = context::spawn(async move {
        let mut random = Random(7);
        let mut position = 0;
        while position < TOTAL {
            let length = random.below(700).min(TOTAL - position) as usize;
            client
                .write_all(bytes_at(1, position, length))
                .await
                .0
                .unwrap();
            position += length as u64;
            match random.below(8) {
                0 => context::sleep(Duration::from_micros(random.below(200))).await,
                1 => context::yield_now().await,
                _ => {}
            }
        }
    });
    let mut random = Random(42);
    let mut position = 0;
    let mut dropped = 0;
    loop {
        let with_read = match kind {
            Kind::Read => true,
            Kind::Recv => false,
            Kind::Mixed => random.below(2) == 0,
        };
        let polls = random.below(3) as usize;
        let arrived = if with_read {
            read(&server, polls, random.below(1000) as usize + 1).await
        } else {
            recv(&server, polls).await
        };
        let Some(bytes) = arrived else {
            dropped += 1;
            match random.below(4) {
                0 => context::yield_now().await,
                1 => context::sleep(Duration::from_micros(random.below(100))).await,
                _ => {}
            }
            continue;
        };
        if bytes.is_empty() {
            break;
        }
        check_bytes(1, position, &bytes);
        position += bytes.len() as u64;
    }
    assert_eq!(position, TOTAL, "{kind:?}");
    assert!(dropped > 10, "{kind:?}: {dropped}");
    writer.await.unwrap();
}

async fn read(stream: &TcpStream, polls: usize, room: usize) -> Option<Vec<u8>> {
    let (result, mut bytes) = poll_at_most(polls, stream.read(vec![0; room])).await?;
    bytes.truncate(result.unwrap());
    Some(bytes)
}

async fn recv(stream: &TcpStream, polls: usize) -> Option<Vec<u8>> {
    let received = poll_at_most(polls, stream.recv()).await?;
    Some(
        received
            .unwrap()
            .map_or_else(Vec::new, |bytes| bytes.to_vec()),
    )
}
