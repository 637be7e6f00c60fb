//! A context that ends at any moment, with operations of every kind in flight, leaves no descriptor open.

mod support;

use std::time::Duration;

use context::{Context, Stop};
use support::{Random, bytes_at, open_descriptors, poll_at_most};
use uring_io::fs::{self, File};
use uring_io::net::{TcpListener, TcpStream};

#[test]
fn nothing_is_left_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, bytes_at(1, 0, 300_000)).unwrap();
    let before = open_descriptors();
    let mut random = Random(11);
    for round in 0..120 {
        let pause = Duration::from_micros(random.below(5000));
        let path = path.clone();
        if round % 2 == 0 {
            // The main future ends while everything else is under way.
            let ended = context::block_on(async move {
                bustle(path).await;
                context::sleep(pause).await;
            });
            ended.unwrap();
        } else {
            let mut context = Context::new();
            context.start().unwrap();
            context
                .handle()
                .submit_with(move || bustle(path))
                .unwrap()
                .detach();
            std::thread::sleep(pause);
            context.notify_stop(Stop::Abort);
            context.join().unwrap();
        }
    }
    assert_eq!(open_descriptors(), before);
}

/// Starts tasks that never end by themselves.
async fn bustle(path: std::path::PathBuf) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for number in 0..8 {
        context::spawn(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_send_buffer_size(4096).unwrap();
            let (reader, writer) = stream.into_split();
            context::spawn(async move {
                loop {
                    let _ = poll_at_most(2, reader.read(vec![0; 100])).await;
                    let _ = context::timeout(Duration::from_micros(300), reader.recv()).await;
                }
            })
            .detach();
            loop {
                let bytes = bytes_at(number, 0, 50_000);
                let _ = context::timeout(Duration::from_micros(100), writer.write_all(bytes)).await;
                let _ = poll_at_most(1, TcpStream::connect(address)).await;
            }
        })
        .detach();
    }
    context::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                return;
            };
            context::spawn(async move {
                while let Ok(Some(bytes)) = stream.recv().await {
                    if stream.write_all(bytes).await.0.is_err() {
                        return;
                    }
                }
            })
            .detach();
        }
    })
    .detach();
    context::spawn(async move {
        loop {
            let _ = poll_at_most(2, File::open(&path)).await;
            let _ = context::timeout(Duration::from_micros(200), fs::read(&path)).await;
        }
    })
    .detach();
}
