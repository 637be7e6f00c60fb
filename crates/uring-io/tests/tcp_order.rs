//! Many pending operations of one direction are served in order.

mod support;

use std::rc::Rc;

use support::{bytes_at, check_bytes, pair, run};

#[test]
fn pending_reads_get_the_bytes_in_the_order_of_the_reads() {
    run(async {
        let (client, server) = pair().await;
        let server = Rc::new(server);
        let readers: Vec<_> = (0..50u64)
            .map(|number| {
                let server = server.clone();
                context::spawn(async move {
                    let (result, bytes) = server.read(Vec::with_capacity(10)).await;
                    (number, result.unwrap(), bytes)
                })
            })
            .collect();
        context::yield_now().await;
        for position in (0..500).step_by(10) {
            client.write_all(bytes_at(1, position, 10)).await.0.unwrap();
        }
        for reader in readers {
            let (number, count, bytes) = reader.await.unwrap();
            assert_eq!(count, 10);
            check_bytes(1, number * 10, &bytes);
        }
    });
}

#[test]
fn a_dropped_one_among_pending_reads_takes_nothing() {
    run(async {
        let (client, server) = pair().await;
        let server = Rc::new(server);
        let readers: Vec<_> = (0..30u64)
            .map(|_| {
                let server = server.clone();
                context::spawn(async move { server.recv().await.unwrap().unwrap().to_vec() })
            })
            .collect();
        context::yield_now().await;
        for (number, reader) in readers.iter().enumerate() {
            if number % 3 == 0 {
                reader.abort();
            }
        }
        context::yield_now().await;
        client.write_all(bytes_at(1, 0, 1)).await.0.unwrap();
        let mut position = 0;
        for (number, reader) in readers.into_iter().enumerate() {
            let result = reader.await;
            if number % 3 == 0 {
                assert!(result.unwrap_err().is_cancelled());
                continue;
            }
            let bytes = result.unwrap();
            check_bytes(1, position, &bytes);
            position += bytes.len() as u64;
            client.write_all(bytes_at(1, position, 1)).await.0.unwrap();
        }
    });
}

#[test]
fn pending_writes_are_sent_in_the_order_of_the_writes() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let client = Rc::new(client);
        let writers: Vec<_> = (0..40u64)
            .map(|number| {
                let client = client.clone();
                context::spawn(async move {
                    client
                        .write_all(bytes_at(1, number * 20_000, 20_000))
                        .await
                        .0
                        .unwrap();
                })
            })
            .collect();
        let mut position = 0;
        while position < 800_000 {
            let bytes = server.recv().await.unwrap().unwrap();
            check_bytes(1, position, &bytes);
            position += bytes.len() as u64;
        }
        for writer in writers {
            writer.await.unwrap();
        }
    });
}
