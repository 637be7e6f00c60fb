//! A dropped accept loses no connection; a dropped connect leaks no descriptor.

mod support;

use std::time::Duration;

use support::{Random, open_descriptors, poll_at_most, run};
use uring_io::net::{TcpListener, TcpStream};

const CLIENTS: u32 = 300;

#[test]
fn every_client_is_served_although_accepts_are_dropped() {
    let before = open_descriptors();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                context::spawn(async move {
                    let mut random = Random(u64::from(number) + 1);
                    context::sleep(Duration::from_micros(random.below(20_000))).await;
                    let stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(number.to_le_bytes()).await.0.unwrap();
                    let echoed = stream.read([0; 4]).await;
                    assert_eq!(echoed.0.unwrap(), 4);
                    assert_eq!(echoed.1, number.to_le_bytes());
                })
            })
            .collect();
        let mut random = Random(5);
        let mut served = Vec::new();
        let mut dropped = 0;
        while served.len() < CLIENTS as usize {
            let polls = random.below(3) as usize;
            let Some(accepted) = poll_at_most(polls, listener.accept()).await else {
                dropped += 1;
                context::sleep(Duration::from_micros(random.below(50))).await;
                continue;
            };
            let (stream, _) = accepted.unwrap();
            served.push(context::spawn(async move {
                let number = stream.recv().await.unwrap().unwrap();
                stream.write_all(number).await.0.unwrap();
            }));
        }
        assert!(dropped > 2, "{dropped}");
        for task in clients.into_iter().chain(served) {
            task.await.unwrap();
        }
    });
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for round in 0..300 {
            drop(poll_at_most(round % 3, TcpStream::connect(address)).await);
        }
        // Accepted by nobody: the listener closes them.
        drop(poll_at_most(2, listener.accept()).await);
        context::sleep(Duration::from_millis(5)).await;
    });
    assert_eq!(open_descriptors(), before);
}
