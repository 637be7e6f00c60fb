//! Reads of what the page cache holds: done at once by a task that is alone, the same in every other way.

mod support;

use std::cell::Cell;
use std::io::{ErrorKind, IoSliceMut};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rustix::io::{ReadWriteFlags, preadv2};
use support::{bytes_at, run};
use uring_io::fs::{AlignedBuf, File, OpenOptions};

const LENGTH: usize = 64 * 1024;

/// Makes a file, which the page cache holds then; false if the file system cannot tell what it holds.
fn cached(path: &Path) -> bool {
    std::fs::write(path, bytes_at(1, 0, LENGTH)).unwrap();
    let file = std::fs::File::open(path).unwrap();
    let mut buffer = vec![0; LENGTH];
    preadv2(
        &file,
        &mut [IoSliceMut::new(&mut buffer)],
        0,
        ReadWriteFlags::NOWAIT,
    )
    .is_ok_and(|count| count == LENGTH)
}

/// Operations that the ring has been given.
fn submitted() -> u64 {
    context::driver().engine().stats().submitted
}

#[test]
fn most_reads_need_no_ring_and_bring_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let knows = cached(&path);
    run(async {
        let file = File::open(&path).await.unwrap();
        let before = submitted();
        for round in 0..128_u64 {
            let offset = round * 479;
            let (result, bytes) = file.read_at(vec![0; 4096 - 7], offset).await;
            assert_eq!(result.unwrap(), 4096 - 7);
            assert_eq!(bytes, bytes_at(1, offset, 4096 - 7));
            let (result, bytes) = file.read_exact_at(vec![0; 512], offset).await;
            result.unwrap();
            assert_eq!(bytes, bytes_at(1, offset, 512));
        }
        let through_the_ring = submitted() - before;
        if knows {
            assert!(through_the_ring < 10, "{through_the_ring} of 256");
        }
        assert!(through_the_ring > 0, "completions had no turn");
    });
}

#[test]
fn ends_are_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    cached(&path);
    run(async {
        let file = File::open(&path).await.unwrap();
        let end = LENGTH as u64;
        for (offset, expected) in [(end - 1, 1), (end, 0), (end + 1, 0), (1 << 40, 0)] {
            let (result, bytes) = file.read_at(Vec::with_capacity(100), offset).await;
            assert_eq!((result.unwrap(), bytes.len()), (expected, expected));
        }
        let (result, _) = file.read_at(Vec::new(), 0).await;
        assert_eq!(result.unwrap(), 0);
        let (result, bytes) = file.read_exact_at(vec![0; 100], end - 40).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(bytes[..40], bytes_at(1, end - 40, 40));
        for offset in [u64::MAX, i64::MAX as u64 + 1] {
            let (result, _) = file.read_at(vec![0; 8], offset).await;
            assert!(result.is_err() || result.is_ok_and(|count| count == 0));
        }
    });
}

#[test]
fn a_task_that_only_reads_lets_timers_and_others_have_their_turn() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    cached(&path);
    run(async {
        let file = File::open(&path).await.unwrap();
        let over = Rc::new(Cell::new(false));
        let timer = context::spawn({
            let over = over.clone();
            async move {
                context::sleep(Duration::from_millis(1)).await;
                over.set(true);
            }
        });
        // The timer's task begins.
        context::yield_now().await;
        let mut reads = 0_u64;
        while !over.get() {
            let (result, _) = file.read_at(vec![0; 16], 0).await;
            assert_eq!(result.unwrap(), 16);
            reads += 1;
            assert!(reads < 2_000_000, "the timer has had no turn");
        }
        timer.await.unwrap();
    });
}

#[test]
fn direct_reads_are_left_to_the_ring() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    cached(&path);
    run(async {
        let opened = match OpenOptions::new().read(true).direct(true).open(&path).await {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::Unsupported => return,
            Err(error) => panic!("{error}"),
        };
        let taken_over = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECT)
            .open(&path)
            .unwrap();
        for file in [opened, File::from_std(taken_over)] {
            let before = submitted();
            for _ in 0..10 {
                let (result, bytes) = file.read_at(AlignedBuf::new(4096, 4096), 4096).await;
                assert_eq!(result.unwrap(), 4096);
                assert_eq!(*bytes, *bytes_at(1, 4096, 4096));
            }
            assert_eq!(submitted() - before, 10);
        }
    });
}
