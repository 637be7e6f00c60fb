//! A storm of cancellations: known bytes in both directions of many connections, every operation under a time limit of
//! 0–200 µs or dropped after a few polls. Every byte arrives once and in order.
//!
//! `CORIO_STORM` sets the number of cancellations; the default is 30,000.

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use support::{Random, bytes_at, check_bytes, open_descriptors, pair, poll_at_most, run};
use uring_io::net::{OwnedReadHalf, OwnedWriteHalf};

const CONNECTIONS: u64 = 20;

#[test]
fn every_byte_arrives_once_and_in_order() {
    let cancellations = std::env::var("CORIO_STORM")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(30_000);
    let before = open_descriptors();
    run(async {
        let storm = Rc::new(Storm {
            cancelled: Cell::new(0),
            enough: cancellations,
        });
        let mut tasks = Vec::new();
        for connection in 0..CONNECTIONS {
            let (a, b) = pair().await;
            if connection % 4 == 0 {
                a.set_send_buffer_size(4096).unwrap();
            }
            let (a_reader, a_writer) = a.into_split();
            let (b_reader, b_writer) = b.into_split();
            let (there, back) = (connection * 2, connection * 2 + 1);
            for (stream, writer, reader) in
                [(there, a_writer, b_reader), (back, b_writer, a_reader)]
            {
                let written = Rc::new(Cell::new(None));
                tasks.push(context::spawn(write(
                    storm.clone(),
                    stream,
                    writer,
                    written.clone(),
                )));
                tasks.push(context::spawn(read(storm.clone(), stream, reader, written)));
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
        println!("{} cancellations", storm.cancelled.get());
        assert!(storm.cancelled.get() >= cancellations);
    });
    assert_eq!(open_descriptors(), before);
}

struct Storm {
    cancelled: Cell<u64>,
    enough: u64,
}

impl Storm {
    fn is_over(&self) -> bool {
        self.cancelled.get() >= self.enough
    }

    /// Runs an operation under a limit of time or polls; `None` if it was dropped.
    async fn limited<F: Future>(&self, random: &mut Random, operation: F) -> Option<F::Output> {
        let output = if random.below(2) == 0 {
            context::timeout(Duration::from_micros(random.below(200)), operation)
                .await
                .ok()
        } else {
            poll_at_most(1 + random.below(3) as usize, operation).await
        };
        if output.is_none() {
            self.cancelled.set(self.cancelled.get() + 1);
        }
        output
    }
}

/// Writes until the storm is over, tells how much, and ends its direction.
async fn write(
    storm: Rc<Storm>,
    stream: u64,
    writer: OwnedWriteHalf,
    written: Rc<Cell<Option<u64>>>,
) {
    let mut random = Random(stream * 2 + 1);
    let mut position = 0;
    while !storm.is_over() {
        let most = 1 << random.below(16);
        let length = random.below(most) as usize;
        let bytes = bytes_at(stream, position, length);
        // Both limits poll at least once, so whatever happens the bytes are on their way.
        if let Some((result, _)) = storm.limited(&mut random, writer.write_all(bytes)).await {
            result.unwrap();
        }
        position += length as u64;
        if random.below(8) == 0 {
            // Its turn comes when all that was begun is sent: without this, dropped writes would pile up.
            writer.write_all("").await.0.unwrap();
        }
        if random.below(4) == 0 {
            context::sleep(Duration::from_micros(random.below(300))).await;
        }
    }
    written.set(Some(position));
    writer.shutdown().await.unwrap();
}

/// Reads to the end.
async fn read(
    storm: Rc<Storm>,
    stream: u64,
    reader: OwnedReadHalf,
    written: Rc<Cell<Option<u64>>>,
) {
    let mut random = Random(stream * 2 + 2);
    let mut position = 0;
    loop {
        let bytes = if random.below(2) == 0 {
            let room = random.below(3000) as usize + 1;
            storm
                .limited(&mut random, reader.read(vec![0; room]))
                .await
                .map(|(result, mut bytes)| {
                    bytes.truncate(result.unwrap());
                    bytes
                })
        } else {
            let received = storm.limited(&mut random, reader.recv()).await;
            received.map(|received| {
                received
                    .unwrap()
                    .map_or_else(Vec::new, |bytes| bytes.to_vec())
            })
        };
        let Some(bytes) = bytes else { continue };
        if bytes.is_empty() {
            break;
        }
        check_bytes(stream, position, &bytes);
        position += bytes.len() as u64;
    }
    assert_eq!(Some(position), written.get(), "stream {stream}");
}
