//! A dropped write that had begun is sent whole and in order; one that was never polled is not sent.

mod support;

use support::{Random, bytes_at, check_bytes, open_descriptors, pair, poll_at_most, run};

#[test]
fn dropped_at_every_poll() {
    let before = open_descriptors();
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let reader = context::spawn(async move {
            let mut position = 0;
            while let Some(bytes) = server.recv().await.unwrap() {
                check_bytes(1, position, &bytes);
                position += bytes.len() as u64;
            }
            position
        });
        let mut random = Random(3);
        let mut position = 0;
        let mut dropped = 0;
        for round in 0..600 {
            let length = random.below(30_000) as usize;
            let bytes = bytes_at(1, position, length);
            let polls = round % 4;
            let finished = if random.below(3) == 0 {
                let written = poll_at_most(polls, client.write(bytes)).await;
                // A write that was not dropped says how much it took, and sends no more.
                written.map(|(result, _)| result.unwrap())
            } else {
                poll_at_most(polls, client.write_all(bytes))
                    .await
                    .map(|(result, _)| {
                        result.unwrap();
                        length
                    })
            };
            dropped += usize::from(finished.is_none());
            position += match finished {
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
