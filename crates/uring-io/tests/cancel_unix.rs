//! Reads, writes, accepts and connects of Unix streams, dropped at random polls, lose nothing and leak nothing.

mod support;

use std::time::Duration;

use support::{Random, bytes_at, check_bytes, open_descriptors, poll_at_most, run};
use uring_io::net::{UnixListenOptions, UnixListener, UnixStream};

#[test]
fn dropped_at_random_polls() {
    // One after the other: both count the process's descriptors.
    reads_and_writes_dropped_at_random_polls_lose_nothing();
    accepts_and_connects_dropped_at_random_polls_lose_nobody();
}

fn reads_and_writes_dropped_at_random_polls_lose_nothing() {
    const TOTAL: u64 = 300_000;
    let before = open_descriptors();
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        here.set_send_buffer_size(4096).unwrap();
        let writer = context::spawn(async move {
            let mut random = Random(3);
            let (mut position, mut dropped) = (0, 0);
            while position < TOTAL {
                let length = random.below(9000).min(TOTAL - position);
                let bytes = bytes_at(2, position, length as usize);
                let polls = 1 + random.below(3) as usize;
                match poll_at_most(polls, here.write_all(bytes)).await {
                    Some((result, _)) => result.unwrap(),
                    None => dropped += 1,
                }
                position += length;
                if random.below(4) == 0 {
                    here.write_all("").await.0.unwrap();
                }
            }
            here.close().await.unwrap();
            dropped
        });
        let mut random = Random(4);
        let (mut position, mut dropped) = (0, 0);
        loop {
            let polls = random.below(3) as usize;
            let bytes = if random.below(2) == 0 {
                let room = 1 + random.below(5000) as usize;
                let read = poll_at_most(polls, there.read(vec![0; room])).await;
                read.map(|(count, mut bytes)| {
                    bytes.truncate(count.unwrap());
                    bytes
                })
            } else {
                let received = poll_at_most(polls, there.recv()).await;
                received.map(|bytes| bytes.unwrap().map_or_else(Vec::new, |bytes| bytes.to_vec()))
            };
            match bytes {
                None => dropped += 1,
                Some(bytes) if bytes.is_empty() => break,
                Some(bytes) => {
                    check_bytes(2, position, &bytes);
                    position += bytes.len() as u64;
                }
            }
            if random.below(3) == 0 {
                context::sleep(Duration::from_micros(random.below(50))).await;
            }
        }
        assert_eq!(position, TOTAL);
        assert!(dropped > 2, "{dropped} reads");
        let dropped = writer.await.unwrap();
        assert!(dropped > 0, "{dropped} writes");
    });
    assert_eq!(open_descriptors(), before);
}

fn accepts_and_connects_dropped_at_random_polls_lose_nobody() {
    const CLIENTS: u32 = 200;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let before = open_descriptors();
    run(async {
        // So short that clients have to wait for their turn to connect.
        let options = UnixListenOptions {
            backlog: 2,
            ..UnixListenOptions::default()
        };
        let listener = UnixListener::bind_with(&path, &options).unwrap();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let path = path.clone();
                context::spawn(async move {
                    let mut random = Random(u64::from(number) + 1);
                    context::sleep(Duration::from_micros(random.below(5_000))).await;
                    let stream = loop {
                        let polls = random.below(4) as usize;
                        let connecting = UnixStream::connect(&path);
                        if let Some(stream) = poll_at_most(polls, connecting).await {
                            break stream.unwrap();
                        }
                    };
                    stream.write_all(number.to_le_bytes()).await.0.unwrap();
                    let (count, echo) = stream.read([0; 4]).await;
                    assert_eq!((count.unwrap(), echo), (4, number.to_le_bytes()));
                })
            })
            .collect();
        let server = context::spawn(async move {
            let mut random = Random(5);
            loop {
                let polls = random.below(3) as usize;
                let Some(accepted) = poll_at_most(polls, listener.accept()).await else {
                    context::sleep(Duration::from_micros(random.below(50))).await;
                    continue;
                };
                let (stream, _) = accepted.unwrap();
                context::spawn(async move {
                    // Some have given up.
                    if let Some(number) = stream.recv().await.unwrap() {
                        stream.write_all(number).await.0.unwrap();
                    }
                })
                .detach();
            }
        });
        for client in clients {
            client.await.unwrap();
        }
        server.abort();
        let _ = server.await;
    });
    assert_eq!(open_descriptors(), before);
}
