//! Chains of file operations are one submission; what breaks them is told.

mod support;

use std::io::ErrorKind;

use support::{bytes_at, poll_at_most, run};
use uring_io::fs::{self, File, OpenOptions};

/// Entries that wait for the next submission, and those that the kernel got.
fn entries() -> (usize, u64) {
    let engine = context::driver().engine().clone();
    (engine.queued(), engine.stats().submitted)
}

async fn open(path: &std::path::Path) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .open(path)
        .await
        .unwrap()
}

#[test]
fn a_write_and_its_sync_are_one_submission() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        let file = open(&path).await;
        let (_, before) = entries();
        let mut writing = file
            .write_all_at(bytes_at(1, 0, 10_000), 5)
            .then_sync_data();
        assert!(poll_at_most(1, &mut writing).await.is_none());
        assert_eq!(entries(), (2, before), "both wait for the same submission");
        let (result, buffer) = writing.await;
        result.unwrap();
        assert_eq!(buffer, bytes_at(1, 0, 10_000));
        assert_eq!(entries(), (0, before + 2));
        file.write_all_at("", 0).then_sync_all().await.0.unwrap();
        assert_eq!(fs::read(&path).await.unwrap()[5..], bytes_at(1, 0, 10_000));
    });
}

#[test]
fn operations_of_several_files_run_in_order() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let one = open(&directory.path().join("one")).await;
        let other = open(&directory.path().join("other")).await;
        let (_, before) = entries();
        let (wrote, synced, emptied, read, known, other_wrote) = fs::chain((
            one.write_at("hello, world", 0),
            one.sync_all(),
            one.set_len(5),
            one.read_at(Vec::with_capacity(12), 0),
            one.metadata(),
            other.write_at("other", 0),
        ))
        .await;
        assert_eq!(entries().1 - before, 6);
        assert_eq!(wrote.0.unwrap(), 12);
        synced.unwrap();
        emptied.unwrap();
        // A short read, but it did not break the chain before itself.
        assert_eq!((read.0.unwrap(), &read.1[..]), (5, &b"hello"[..]));
        // What comes behind it is not begun.
        assert_eq!(known.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(
            other_wrote.0.unwrap_err().raw_os_error(),
            Some(libc::ECANCELED)
        );
        assert_eq!(other_wrote.1, "other");
        assert_eq!(other.len().await.unwrap(), 0);
    });
}

#[test]
fn what_fails_is_told_and_the_rest_not_begun() {
    run(async {
        let full = OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .await
            .unwrap();
        let (result, buffer) = full.write_all_at(vec![7; 10], 0).then_sync_all().await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(buffer, [7; 10]);
        let (wrote, synced) = fs::chain((full.write_at(vec![7; 10], 0), full.sync_all())).await;
        assert_eq!(wrote.0.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(synced.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        // It can be written to a file that cannot be synced.
        let null = OpenOptions::new()
            .write(true)
            .open("/dev/null")
            .await
            .unwrap();
        let (result, buffer) = null.write_all_at("text", 0).then_sync_data().await;
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(buffer, "text");
    });
}

#[test]
fn a_write_in_parts_is_synced_after_the_last() {
    // A pipe takes what it has room for: the write that finds it half full is short, which breaks the chain.
    let (reader, writer) = std::io::pipe().unwrap();
    run(async {
        let writer = File::from_std(std::fs::File::from(std::os::fd::OwnedFd::from(writer)));
        let reader = File::from_std(std::fs::File::from(std::os::fd::OwnedFd::from(reader)));
        let size = 200_000;
        let writing = context::spawn(
            writer
                .write_all_at(bytes_at(2, 0, size), 0)
                .then_sync_data(),
        );
        let mut read = Vec::new();
        while read.len() < size {
            let (result, piece) = reader.read_at(Vec::with_capacity(1000), 0).await;
            assert!(result.unwrap() > 0);
            read.extend(piece);
        }
        assert_eq!(read, bytes_at(2, 0, size));
        let (result, buffer) = writing.await.unwrap();
        // A pipe has nothing to sync: all was written, and only then was it tried.
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(buffer.len(), size);
    });
}

#[test]
fn cancelled_chains_give_their_buffers_back() {
    let (reader, writer) = std::io::pipe().unwrap();
    run(async {
        let reader = File::from_std(std::fs::File::from(std::os::fd::OwnedFd::from(reader)));
        let cancelled = |error: std::io::Error| error.raw_os_error() == Some(libc::ECANCELED);
        let chain = || fs::chain((reader.read_at(vec![1; 8], 0), reader.read_at(vec![2; 9], 0)));
        let (_, before) = entries();
        let (one, other) = chain().cancel().await;
        assert_eq!(entries().1, before);
        assert!(cancelled(one.0.unwrap_err()) && cancelled(other.0.unwrap_err()));
        assert_eq!((one.1.len(), other.1.len()), (8, 9));
        let mut chain = chain();
        assert!(poll_at_most(1, &mut chain).await.is_none());
        context::sleep(std::time::Duration::from_millis(1)).await;
        let (one, other) = chain.cancel().await;
        assert!(cancelled(one.0.unwrap_err()) && cancelled(other.0.unwrap_err()));
        assert_eq!((one.1, other.1), (vec![1; 8], vec![2; 9]));

        let writing = reader.write_all_at("text", 0).then_sync_all();
        let (result, buffer) = writing.cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, "text");
    });
    drop(writer);
}
