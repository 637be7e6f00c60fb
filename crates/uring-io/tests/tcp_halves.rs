//! The directions of a stream by themselves.

mod support;

use support::{bytes_at, check_bytes, pair, run};

const TOTAL: u64 = 300_000;

#[test]
fn borrowed_halves_work_at_the_same_time() {
    run(async {
        let (client, server) = pair().await;
        let echo = context::spawn(async move {
            while let Some(bytes) = server.recv().await.unwrap() {
                server.write_all(bytes).await.0.unwrap();
            }
        });
        let (reader, writer) = client.split();
        let writing = async {
            for position in (0..TOTAL).step_by(1000) {
                writer
                    .write_all(bytes_at(1, position, 1000))
                    .await
                    .0
                    .unwrap();
            }
            writer.shutdown().await.unwrap();
        };
        let reading = async {
            let mut position = 0;
            while let Some(bytes) = reader.recv().await.unwrap() {
                check_bytes(1, position, &bytes);
                position += bytes.len() as u64;
            }
            position
        };
        let ((), received) = context::when_all((writing, reading)).await;
        assert_eq!(received, TOTAL);
        echo.await.unwrap();
    });
}

#[test]
fn dropping_the_owned_write_half_ends_the_stream_after_what_was_begun() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let (reader, writer) = client.into_split();
        assert!(
            support::poll_at_most(1, writer.write_all(bytes_at(1, 0, 1 << 20)))
                .await
                .is_none()
        );
        drop(writer);
        let mut position = 0;
        while let Some(bytes) = server.recv().await.unwrap() {
            check_bytes(1, position, &bytes);
            position += bytes.len() as u64;
        }
        assert_eq!(position, 1 << 20);
        server.write_all("still open this way").await.0.unwrap();
        assert_eq!(
            *reader.recv().await.unwrap().unwrap(),
            *b"still open this way"
        );
    });
}

#[test]
fn halves_come_together_again_if_they_belong_together() {
    run(async {
        let (a, b) = pair().await;
        let (read_a, write_a) = a.into_split();
        let (read_b, write_b) = b.into_split();
        let uring_io::net::ReuniteError(read_a, write_b) = read_a.reunite(write_b).unwrap_err();
        let a = read_a.reunite(write_a).unwrap();
        let b = read_b.reunite(write_b).unwrap();
        a.write_all("whole").await.0.unwrap();
        assert_eq!(*b.recv().await.unwrap().unwrap(), *b"whole");
    });
}
