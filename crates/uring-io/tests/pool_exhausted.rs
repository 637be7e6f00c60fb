//! Streams that take all of the context's buffers and do not give them back hold nobody up.

mod support;

use support::{alone, bytes_at, check_bytes, open_descriptors, pair, run};
use uring_io::net::TcpStream;

/// More than the context has buffers for.
const FLOODED: u64 = 40;
const FLOOD: usize = 400_000;

#[test]
fn streams_that_hoard_buffers_do_not_starve_the_others() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let mut hoarders = Vec::new();
        for number in 0..FLOODED {
            let (client, server) = pair().await;
            // The first receive arms the stream: from then on, what arrives takes buffers although nobody asks for it.
            client.write_all(bytes_at(number, 0, 1)).await.0.unwrap();
            let first = server.recv().await.unwrap().unwrap();
            check_bytes(number, 0, &first);
            let writer = context::spawn(async move {
                client
                    .write_all(bytes_at(number, 1, FLOOD))
                    .await
                    .0
                    .unwrap();
                client.close().await.unwrap();
            });
            hoarders.push((number, server, first, writer));
        }
        let (client, server) = pair().await;
        let echo = context::spawn(echo(server));
        for round in 0..200 {
            client
                .write_all(bytes_at(99, round * 1000, 1000))
                .await
                .0
                .unwrap();
            let mut position = round * 1000;
            while position < (round + 1) * 1000 {
                let bytes = client.recv().await.unwrap().unwrap();
                check_bytes(99, position, &bytes);
                position += bytes.len() as u64;
            }
        }
        client.close().await.unwrap();
        echo.await.unwrap();
        // Nothing was lost meanwhile, and the buffers come back in any order.
        for (number, server, first, writer) in hoarders.into_iter().rev() {
            let mut position = 1;
            let mut kept = vec![first];
            while let Some(bytes) = server.recv().await.unwrap() {
                check_bytes(number, position, &bytes);
                position += bytes.len() as u64;
                kept.push(bytes);
            }
            assert_eq!(position, FLOOD as u64 + 1);
            writer.await.unwrap();
        }
    });
    assert_eq!(open_descriptors(), before);
}

async fn echo(stream: TcpStream) {
    while let Some(bytes) = stream.recv().await.unwrap() {
        stream.write_all(bytes).await.0.unwrap();
    }
}

#[test]
fn a_buffer_may_outlive_its_stream_and_its_context() {
    let _alone = alone();
    let (a, b) = run(async {
        let (client, server) = pair().await;
        client.write_all("kept").await.0.unwrap();
        let mut received = server.recv().await.unwrap().unwrap();
        received.advance(2);
        drop(server);
        (received, client)
    });
    assert_eq!(*a, *b"pt");
    // A stream whose context is gone says so, and does not touch another one.
    run(async {
        let error = b.recv().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
        drop(b);
    });
    drop(a);
}
