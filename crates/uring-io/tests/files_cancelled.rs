//! File operations that are dropped leak no descriptor, and their buffers stay valid while the kernel uses them.

mod support;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use support::{Random, alone, bytes_at, check_bytes, open_descriptors, poll_at_most, run};
use uring_io::fs::{self, File, FileCursor, OpenOptions};

/// Runs it, and checks that no descriptor is open that was not before. Jobs of the blocking pool that were abandoned get
/// time to end.
fn leaks_nothing(future: impl Future<Output = ()>) {
    let before = open_descriptors();
    run(future);
    for _ in 0..1000 {
        if open_descriptors() == before {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(open_descriptors(), before);
}

async fn read_write(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    options.open(path).await.unwrap()
}

#[test]
fn dropped_at_every_poll() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, bytes_at(1, 0, 1 << 20)).unwrap();
    leaks_nothing(async {
        for round in 0..200 {
            let polls = round % 4;
            drop(poll_at_most(polls, File::open(&path)).await);
            drop(poll_at_most(round % 8, fs::read(&path)).await);
            drop(poll_at_most(polls, fs::metadata(&path)).await);
            let copied = directory.path().join("copy");
            drop(poll_at_most(round % 20, fs::copy(&path, copied)).await);
            let file = File::open(&path).await.unwrap();
            drop(poll_at_most(polls, file.read_at(Vec::with_capacity(1 << 20), 0)).await);
            drop(poll_at_most(polls, file.read_exact_at(Vec::with_capacity(1 << 20), 0)).await);
            drop(poll_at_most(polls, file.read_vectored_at([vec![0; 100], vec![0; 9]], 0)).await);
            drop(poll_at_most(polls, file.sync_all()).await);
            drop(poll_at_most(polls, file.lock_shared()).await);
            drop(poll_at_most(polls, file.close()).await);
            let mut direct = OpenOptions::new();
            direct.read(true).direct(true);
            drop(poll_at_most(round % 5, direct.open(&path)).await);
            drop(poll_at_most(polls, fs::read_dir("/proc/self/task")).await);
            drop(poll_at_most(polls, fs::canonicalize(&path)).await);
        }
        assert!(fs::read(&path).await.unwrap() == bytes_at(1, 0, 1 << 20));
    });
}

#[test]
fn ten_thousand_openings_dropped_at_random_polls() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, "text").unwrap();
    leaks_nothing(async {
        let mut random = Random(11);
        let (mut opened, mut dropped) = (0, 0);
        let handle = File::open(directory.path()).await.unwrap();
        for _ in 0..10_000 {
            let polls = random.below(4) as usize;
            let mut options = OpenOptions::new();
            options.read(true).write(true);
            let file = match random.below(4) {
                0 => poll_at_most(polls, options.open_at(&handle, "file")).await,
                1 => poll_at_most(polls, options.open_unnamed(directory.path())).await,
                // A wait under a limit of time may be woken with the completion there already.
                2 => context::timeout(Duration::from_micros(random.below(60)), options.open(&path))
                    .await
                    .ok(),
                _ => poll_at_most(polls, options.open(&path)).await,
            };
            match file {
                Some(file) => {
                    file.unwrap();
                    opened += 1;
                }
                None => dropped += 1,
            }
            if random.below(3) == 0 {
                context::yield_now().await;
            }
        }
        println!("{opened} opened, {dropped} dropped");
        assert!(opened > 100 && dropped > 100);
    });
}

#[test]
fn writes_and_chains_leave_whole_bytes_wherever_they_are_dropped() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    leaks_nothing(async {
        for round in 0..300 {
            let file = read_write(&path).await;
            let writing = file.write_all_at(vec![1; 5000], 0).then_sync_data();
            drop(poll_at_most(round % 3, writing).await);
            let chain = fs::chain((file.write_at(vec![1; 5000], 0), file.set_len(5000)));
            drop(poll_at_most(round % 4, chain).await);
            drop(poll_at_most(round % 2, file.write_all_at(vec![1; 5000], 0)).await);
        }
    });
    assert!(std::fs::read(&path).unwrap().iter().all(|byte| *byte == 1));
}

#[test]
fn cancelling_gives_output_and_buffer_back() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    leaks_nothing(async {
        let (reader, writer) = std::io::pipe().unwrap();
        let cancelled = |error: std::io::Error| error.raw_os_error() == Some(libc::ECANCELED);
        let pipe = File::from_std(std::fs::File::from(std::os::fd::OwnedFd::from(reader)));
        let submitted = || context::driver().engine().stats().submitted;
        // Never polled: nothing is submitted.
        let before = submitted();
        let (result, buffer) = pipe.read_at(vec![5; 10], 0).cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, [5; 10]);
        let (result, buffer) = pipe.read_exact_at(vec![5; 11], 0).cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, [5; 11]);
        let (result, buffer) = pipe.write_all_at("text", 0).cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, "text");
        assert!(cancelled(pipe.sync_all().cancel().await.unwrap_err()));
        assert_eq!(submitted(), before);

        // In the kernel, where nothing arrives.
        let mut reading = pipe.read_at(vec![6; 10], 0);
        assert!(poll_at_most(1, &mut reading).await.is_none());
        context::sleep(Duration::from_millis(1)).await;
        let (result, buffer) = reading.cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, [6; 10]);

        // In the middle: what came first is in the buffer.
        std::io::Write::write_all(&mut &writer, b"abc").unwrap();
        let mut reading = pipe.read_exact_at(vec![7; 10], 0);
        assert!(poll_at_most(2, &mut reading).await.is_none());
        let (result, buffer) = reading.cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, b"abc");

        // A part came faster than the cancellation, which stops it from asking for the rest.
        let mut reading = pipe.read_exact_at(vec![7; 10], 0);
        assert!(poll_at_most(1, &mut reading).await.is_none());
        std::io::Write::write_all(&mut &writer, b"def").unwrap();
        context::sleep(Duration::from_millis(5)).await;
        let cancelling = context::timeout(Duration::from_secs(5), reading.cancel());
        let (result, buffer) = cancelling.await.expect("it asked for the rest");
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, b"def");

        // Faster than the cancellation: the result.
        let file = read_write(&path).await;
        let mut writing = file.write_at(bytes_at(1, 0, 5000), 0);
        assert!(poll_at_most(1, &mut writing).await.is_none());
        context::sleep(Duration::from_millis(20)).await;
        let (result, buffer) = writing.cancel().await;
        assert_eq!(result.unwrap(), 5000);
        assert_eq!(buffer.len(), 5000);
    });
}

/// A cursor whose operations are dropped at random polls: what was written is all there, once and in order, and what is read
/// are the bytes at its position.
#[test]
fn a_cursor_loses_nothing_to_dropped_futures() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    leaks_nothing(async {
        let mut random = Random(5);
        let (mut written, mut dropped) = (0, 0);
        let cursor = FileCursor::new(read_write(&path).await);
        for _ in 0..3000 {
            let length = random.below(3000) as usize;
            let bytes = bytes_at(1, written, length);
            let polls = random.below(3) as usize;
            let whole = random.below(2) == 0;
            let done = if whole {
                poll_at_most(polls, cursor.write_all(bytes))
                    .await
                    .map(|output| output.0.unwrap())
            } else {
                poll_at_most(polls, cursor.write(bytes))
                    .await
                    .map(|output| assert_eq!(output.0.unwrap(), length))
            };
            dropped += u64::from(done.is_none());
            // Once polled, it is written, whether or not somebody waited.
            if polls > 0 {
                written += length as u64;
            }
            if random.below(8) == 0 {
                assert_eq!(cursor.stream_position().await.unwrap(), written);
            }
        }
        assert!(dropped > 50, "{dropped}");
        // Dropping the cursor drops none of it either.
        drop(poll_at_most(1, cursor.write_all(bytes_at(1, written, 9000))).await);
        drop(cursor);
        written += 9000;
        while fs::metadata(&path).await.unwrap().len() < written {
            context::sleep(Duration::from_millis(1)).await;
        }

        let cursor = FileCursor::new(File::open(&path).await.unwrap());
        let (mut position, mut dropped) = (0, 0);
        loop {
            let room = random.below(3000) as usize + 1;
            let polls = random.below(3) as usize;
            let Some((result, bytes)) =
                poll_at_most(polls, cursor.read(Vec::with_capacity(room))).await
            else {
                dropped += 1;
                assert_eq!(cursor.stream_position().await.unwrap(), position);
                continue;
            };
            if result.unwrap() == 0 {
                break;
            }
            check_bytes(1, position, &bytes);
            position += bytes.len() as u64;
        }
        assert_eq!(position, written);
        assert!(dropped > 50, "{dropped}");
    });
}

/// Operations on names, dropped at every poll: nothing leaks, and what they left can be removed.
#[test]
fn operations_on_names_dropped_at_every_poll() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("file"), "text").unwrap();
    leaks_nothing(async {
        for round in 0..200 {
            let polls = round % 5;
            drop(poll_at_most(round % 12, fs::create_dir_all(at("a/b/c/d"))).await);
            drop(poll_at_most(polls, fs::symlink("file", at("link"))).await);
            drop(poll_at_most(polls, fs::hard_link(at("file"), at("hard"))).await);
            drop(poll_at_most(polls, fs::rename(at("hard"), at("a/hard"))).await);
            drop(poll_at_most(polls, fs::read_link(at("link"))).await);
            drop(poll_at_most(polls, fs::symlink_metadata(at("link"))).await);
            drop(poll_at_most(polls, fs::remove_file(at("link"))).await);
            drop(poll_at_most(polls, fs::remove_dir(at("a/b/c/d"))).await);
            drop(poll_at_most(polls, fs::remove_dir_all(at("a"))).await);
            if let Ok(entries) = fs::read_dir(directory.path()).await {
                let mut entries = entries;
                drop(poll_at_most(polls, entries.next_entry()).await);
            }
            let cursor = FileCursor::new(File::open(at("file")).await.unwrap());
            drop(poll_at_most(polls, cursor.seek(std::io::SeekFrom::End(0))).await);
            drop(poll_at_most(polls, cursor.read_to_end(&mut Vec::new())).await);
            drop(poll_at_most(polls, cursor.close()).await);
        }
        // What was dropped last may still be under way.
        for _ in 0..1000 {
            let removed = fs::remove_dir_all(directory.path()).await;
            if !fs::try_exists(directory.path()).await.unwrap() {
                return;
            }
            println!("{removed:?}");
            context::sleep(Duration::from_millis(5)).await;
        }
        panic!("the directory cannot be removed");
    });
}
