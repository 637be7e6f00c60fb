//! Huge writes to a peer that takes them in little by little.

mod support;

use std::time::Duration;

use support::{bytes_at, check_bytes, pair, run};

const TOTAL: usize = 8 << 20;

#[test]
fn a_huge_write_arrives_whole() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        server.set_recv_buffer_size(64 << 10).unwrap();
        let writer = context::spawn(async move {
            let (result, buffer) = client.write_all(bytes_at(3, 0, TOTAL)).await;
            result.unwrap();
            assert_eq!(buffer.len(), TOTAL);
        });
        let mut position = 0;
        let mut buffer = Vec::with_capacity(70_000);
        for round in 0.. {
            let (result, filled) = server.read(buffer).await;
            let count = result.unwrap();
            if count == 0 {
                break;
            }
            check_bytes(3, position, &filled);
            position += count as u64;
            buffer = filled;
            if round % 50 == 0 {
                context::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(position, TOTAL as u64);
        writer.await.unwrap();
    });
}

#[test]
fn write_sends_a_part_when_the_rest_does_not_fit() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let (result, buffer) = client.write(bytes_at(4, 0, TOTAL)).await;
        let count = result.unwrap();
        assert!(count > 0 && count < TOTAL, "{count}");
        assert_eq!(buffer.len(), TOTAL);
        drop(client);
        let mut position = 0;
        while let Some(bytes) = server.recv().await.unwrap() {
            check_bytes(4, position, &bytes);
            position += bytes.len() as u64;
        }
        assert_eq!(position, count as u64);
    });
}

#[test]
fn an_empty_write_and_a_read_without_room_do_nothing() {
    run(async {
        let (client, server) = pair().await;
        client.write_all(Vec::new()).await.0.unwrap();
        assert_eq!(client.write("").await.0.unwrap(), 0);
        assert_eq!(server.read(Vec::new()).await.0.unwrap(), 0);
        client.write_all("x").await.0.unwrap();
        assert_eq!(*server.recv().await.unwrap().unwrap(), *b"x");
    });
}

#[test]
fn a_task_that_never_has_to_wait_gives_way_all_the_same() {
    run(async {
        let (client, server) = pair().await;
        // Its reader is another thread, so writes always find room sooner or later without this context's doing.
        let fd = std::os::fd::AsFd::as_fd(&server)
            .try_clone_to_owned()
            .unwrap();
        let drain = context::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::from(fd);
            std::io::copy(&mut stream, &mut std::io::sink()).unwrap()
        });
        let flood = context::spawn(async move {
            loop {
                client.write_all("x").await.0.unwrap();
            }
        });
        // Alone on the context the flood never has to wait, and timers fire only when it gives way.
        context::sleep(Duration::from_millis(5)).await;
        flood.abort();
        let _ = flood.await;
        // The context goes on, and with it the write that was dropped.
        assert!(drain.await.unwrap() > 0);
    });
}
