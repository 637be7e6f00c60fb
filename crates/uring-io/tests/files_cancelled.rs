//! File operations that are dropped leak no descriptor, and their buffers stay valid while the kernel uses them.

mod support;

use support::{bytes_at, open_descriptors, poll_at_most, run};
use uring_io::fs::{self, File};

#[test]
fn dropped_at_every_poll() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, bytes_at(1, 0, 1 << 20)).unwrap();
    let before = open_descriptors();
    run(async {
        for round in 0..200 {
            let polls = round % 4;
            drop(poll_at_most(polls, File::open(&path)).await);
            drop(poll_at_most(polls, fs::read(&path)).await);
            drop(poll_at_most(polls, fs::metadata(&path)).await);
            let copied = directory.path().join("copy");
            drop(poll_at_most(round % 20, fs::copy(&path, copied)).await);
            let file = File::open(&path).await.unwrap();
            drop(poll_at_most(polls, file.read_at(Vec::with_capacity(1 << 20), 0)).await);
            drop(poll_at_most(polls, file.sync_all()).await);
            drop(poll_at_most(polls, file.close()).await);
        }
        assert!(fs::read(&path).await.unwrap() == bytes_at(1, 0, 1 << 20));
    });
    assert_eq!(open_descriptors(), before);
}
