//! Lengths, room, offsets, locks, vectored and registered buffers, and direct I/O.

mod support;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use support::{bytes_at, poll_at_most, run};
use uring_io::fs::{self, Advice, AlignedBuf, File, FixedBuffers, OpenOptions};

async fn open(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    options.open(path).await.unwrap()
}

#[test]
fn length_and_room_are_set() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let file = open(&directory.path().join("file")).await;
        file.write_all_at(bytes_at(1, 0, 100_000), 0)
            .await
            .0
            .unwrap();
        file.set_len(50_000).await.unwrap();
        file.set_len(60_000).await.unwrap();
        let (result, bytes) = file.read_at(Vec::with_capacity(70_000), 0).await;
        assert_eq!(result.unwrap(), 60_000);
        assert!(bytes[..50_000] == bytes_at(1, 0, 50_000) && bytes[50_000..] == [0; 10_000]);
        file.allocate(0, 1 << 20).await.unwrap();
        let known = file.metadata().await.unwrap();
        assert!(
            known.len() == 1 << 20 && known.blocks() * 512 >= 1 << 20,
            "{known:?}"
        );
        file.punch_hole(4096, 40_960).await.unwrap();
        let (result, bytes) = file.read_exact_at(vec![1; 40_960], 4096).await;
        result.unwrap();
        assert_eq!(bytes, vec![0; 40_960]);
        file.sync_range(0, 0).await.unwrap();
        file.sync_range(4096, 8192).await.unwrap();
        for advice in [
            Advice::Normal,
            Advice::Sequential,
            Advice::Random,
            Advice::WillNeed,
            Advice::DontNeed,
            Advice::NoReuse,
        ] {
            file.advise(advice, 0, 0).await.unwrap();
        }
        let read_only = File::open(directory.path().join("file")).await.unwrap();
        let kind = read_only.set_len(0).await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::InvalidInput);
    });
}

#[test]
fn offsets_reach_as_far_as_files_do() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let file = open(&directory.path().join("file")).await;
        let far = 5 << 32;
        file.write_all_at("far", far).await.0.unwrap();
        assert_eq!(file.len().await.unwrap(), far + 3);
        let (result, bytes) = file.read_at(Vec::with_capacity(10), far - 2).await;
        assert_eq!((result.unwrap(), &bytes[..]), (5, &b"\0\0far"[..]));
        // The largest number there is would mean the descriptor's own position, which is 0.
        for offset in [u64::MAX, u64::MAX - 1, 1 << 63] {
            let (result, buffer) = file.read_at(vec![7; 4], offset).await;
            assert_eq!(
                result.unwrap_err().raw_os_error(),
                Some(libc::EINVAL),
                "{offset}"
            );
            assert_eq!(buffer, [7; 4]);
            let (result, _) = file.read_exact_at(vec![7; 4], offset).await;
            assert_eq!(
                result.unwrap_err().raw_os_error(),
                Some(libc::EINVAL),
                "{offset}"
            );
            let (result, buffer) = file.write_at("lost", offset).await;
            assert_eq!(
                result.unwrap_err().raw_os_error(),
                Some(libc::EINVAL),
                "{offset}"
            );
            assert_eq!(buffer, "lost");
            let (result, _) = file.write_all_at("lost", offset).await;
            assert_eq!(
                result.unwrap_err().raw_os_error(),
                Some(libc::EINVAL),
                "{offset}"
            );
            let (result, _) = file.write_vectored_at(["lost", "too"], offset).await;
            assert_eq!(
                result.unwrap_err().raw_os_error(),
                Some(libc::EINVAL),
                "{offset}"
            );
            assert!(file.set_len(offset).await.is_err());
        }
        let (result, _) = file.write_at("over", i64::MAX as u64).await;
        assert!(result.is_err());
        assert_eq!(
            file.read_at(vec![0; 4], i64::MAX as u64)
                .await
                .0
                .unwrap_or(0),
            0
        );
        assert_eq!(file.len().await.unwrap(), far + 3);
    });
}

#[test]
fn several_buffers_are_one() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let file = open(&directory.path().join("file")).await;
        let buffers = (bytes_at(1, 0, 5000), "", [1_u8, 2, 3], String::from("end"));
        let (result, buffers) = file.write_vectored_at(buffers, 10).await;
        assert_eq!(result.unwrap(), 5006);
        let room = vec![Vec::with_capacity(5000), Vec::with_capacity(100)];
        let (result, read) = file.read_vectored_at(room, 10).await;
        assert_eq!(result.unwrap(), 5006);
        assert_eq!(read[0], buffers.0);
        assert_eq!(read[1], b"\x01\x02\x03end");
        let (result, read) = file.read_vectored_at([vec![7; 2], vec![8; 2]], 9000).await;
        assert_eq!((result.unwrap(), read.len()), (0, 2));
        let read_only = File::open(directory.path().join("file")).await.unwrap();
        let (result, buffers) = read_only.write_vectored_at(["a", "b"], 0).await;
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert_eq!(buffers, ["a", "b"]);
    });
}

#[test]
fn registered_buffers_are_read_and_written() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let buffers = FixedBuffers::new(context::driver().engine(), 2, 8192).unwrap();
        let file = open(&directory.path().join("file")).await;
        let mut buffer = buffers.take().unwrap();
        buffer.copy_from_slice(&bytes_at(4, 0, 8192));
        let (result, mut buffer) = file.write_fixed_at(buffer, 100).await;
        assert_eq!(result.unwrap(), 8192);
        buffer.fill(0);
        let (result, buffer) = file.read_fixed_at(buffer, 100).await;
        assert_eq!(result.unwrap(), 8192);
        assert!(buffer[..] == bytes_at(4, 0, 8192));
        drop(poll_at_most(1, file.read_fixed_at(buffer, 0)).await);
        file.sync_all().await.unwrap();
        assert_eq!(
            buffers.available(),
            2,
            "a dropped read gives its buffer back"
        );
    });
}

#[test]
fn locks_exclude_each_other_and_come_to_nobody_who_left() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        let (one, other) = (open(&path).await, open(&path).await);
        one.lock().await.unwrap();
        assert!(!other.try_lock().unwrap() && !other.try_lock_shared().unwrap());
        // Dropped while it waits: the lock that comes too late is given up.
        let waiting = context::timeout(Duration::from_millis(5), other.lock()).await;
        assert!(waiting.is_err());
        one.unlock().unwrap();
        let third = open(&path).await;
        third.lock().await.unwrap();
        third.unlock().unwrap();
        one.lock_shared().await.unwrap();
        third.lock_shared().await.unwrap();
        assert!(!other.try_lock().unwrap() && other.try_lock_shared().unwrap());
        drop((one, third));
        assert!(other.try_lock().unwrap());
        // A clone is the same open file.
        let clone = other.try_clone().unwrap();
        drop(other);
        let std = clone.into_std().unwrap();
        let another = open(&path).await;
        assert!(!another.try_lock().unwrap());
        drop(std);
        // Not at once: the thread that tried for whom was dropped may still have the file open.
        another.lock().await.unwrap();
    });
}

#[test]
fn a_lock_that_comes_too_late_leaves_that_of_who_was_faster() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        let (one, other, third) = (open(&path).await, open(&path).await, open(&path).await);
        let clone = other.try_clone().unwrap();
        for round in 0..50 {
            one.lock().await.unwrap();
            let waiting = context::timeout(Duration::from_millis(1), other.lock()).await;
            assert!(waiting.is_err());
            one.unlock().unwrap();
            let faster = if round % 2 == 0 { &other } else { &clone };
            assert!(faster.try_lock().unwrap());
            // Long enough for the other to come.
            context::sleep(Duration::from_millis(2)).await;
            assert!(!third.try_lock().unwrap(), "{round}");
            other.unlock().unwrap();
        }
        assert!(third.try_lock().unwrap());
    });
}

#[test]
fn further_ways_to_open() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        std::fs::write(&path, "text").unwrap();
        std::os::unix::fs::symlink(&path, directory.path().join("link")).unwrap();
        let mut options = OpenOptions::new();
        options.read(true).nofollow(true);
        let error = options
            .open(directory.path().join("link"))
            .await
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ELOOP));
        assert!(options.open(&path).await.is_ok());
        let handle = File::open(directory.path()).await.unwrap();
        let file = options
            .nofollow(false)
            .open_at(&handle, "link")
            .await
            .unwrap();
        assert_eq!(file.len().await.unwrap(), 4);
        let error = options.open_at(&file, "link").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);

        let flags = |file: &File| {
            use std::os::fd::AsRawFd;
            let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd()));
            let info = info.unwrap();
            let flags = info
                .lines()
                .find_map(|line| line.strip_prefix("flags:"))
                .unwrap();
            i32::from_str_radix(flags.trim(), 8).unwrap()
        };
        let mut options = OpenOptions::new();
        let all = options.write(true).sync(true).open(&path).await.unwrap();
        assert_eq!(flags(&all) & libc::O_SYNC, libc::O_SYNC);
        let data = options.sync(false).dsync(true).open(&path).await.unwrap();
        assert_eq!(flags(&data) & libc::O_SYNC, libc::O_DSYNC);
        let none = options.dsync(false).open(&path).await.unwrap();
        assert_eq!(flags(&none) & libc::O_SYNC, 0);
        assert_eq!(flags(&none) & libc::O_CLOEXEC, libc::O_CLOEXEC);

        let unnamed = options
            .read(true)
            .open_unnamed(directory.path())
            .await
            .unwrap();
        unnamed.write_all_at("gone when closed", 0).await.0.unwrap();
        let known = unnamed.metadata().await.unwrap();
        assert_eq!((known.len(), known.nlink()), (16, 0));
        let error = OpenOptions::new()
            .read(true)
            .open_unnamed("/tmp")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn direct_files_tell_what_they_demand() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    run(async {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).direct(true);
        let file = match options.open(&path).await {
            Ok(file) => file,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                eprintln!("SKIPPED: {error}");
                return;
            }
        };
        let alignment = file.direct_alignment().unwrap();
        println!("{alignment:?}");
        let block = alignment.memory.max(alignment.offset);
        assert!(block.is_power_of_two() && block >= 4, "{alignment:?}");
        let mut buffer = file.aligned_buf(3 * block);
        buffer.fill_up();
        let size = buffer.len();
        buffer.copy_from_slice(&bytes_at(6, 0, size));
        let (result, mut buffer) = file.write_all_at(buffer, 0).then_sync_data().await;
        result.unwrap();
        assert!(fs::read(&path).await.unwrap() == bytes_at(6, 0, size));
        buffer.fill(0);
        let (result, buffer) = file.read_exact_at(buffer, 0).await;
        result.unwrap();
        assert!(buffer[..] == bytes_at(6, 0, size));

        // A file that ends within a block ends there, and is not an error of alignment.
        fs::write(&path, bytes_at(6, 0, block + 10))
            .await
            .0
            .unwrap();
        let (result, buffer) = file.read_exact_at(buffer, 0).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert!(buffer[..block + 10] == bytes_at(6, 0, block + 10));

        // What is wrong is said. File systems that do buffered I/O instead have nothing to say.
        let (result, buffer) = file.read_at(buffer, 1).await;
        explained(result, "the offset 1 ");
        let (result, _) = file.write_all_at(vec![1; block + 1], 0).await;
        explained(result.map(|()| 0), &format!("the length {} ", block + 1));
        let odd = uring_io::Slice::new(buffer, 1..block + 1);
        let (result, _) = file.read_at(odd, 0).await;
        explained(result, "the buffer ");
    });
}

#[track_caller]
fn explained(result: std::io::Result<usize>, what: &str) {
    let Err(error) = result else {
        eprintln!("SKIPPED: this file system does not refuse direct I/O although {what}is wrong");
        return;
    };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with(what), "{error}");
    let source = error.get_ref().unwrap().source().unwrap();
    let source: &std::io::Error = source.downcast_ref().unwrap();
    assert_eq!(source.raw_os_error(), Some(libc::EINVAL));
}

#[test]
fn direct_io_that_is_not_there_is_told_of() {
    run(async {
        let mut options = OpenOptions::new();
        let error = options
            .read(true)
            .direct(true)
            .open("/proc/version")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("direct I/O"), "{error}");
    });
}

#[test]
fn aligned_buffers_are_aligned_zeroed_and_bounded() {
    for (capacity, alignment) in [(0, 512), (1, 4096), (4096, 4096), (100_000, 1 << 16)] {
        let mut buffer = AlignedBuf::new(capacity, alignment);
        assert!(buffer.as_ptr().addr().is_multiple_of(alignment));
        assert!(buffer.capacity() >= capacity.max(1));
        assert!(buffer.capacity().is_multiple_of(alignment));
        assert!(buffer.is_empty());
        buffer.fill_up();
        assert!(buffer.iter().all(|byte| *byte == 0));
        let too_long = buffer.capacity() + 1;
        let refused = std::panic::catch_unwind(move || buffer.set_len(too_long));
        assert!(refused.is_err());
    }
    assert!(std::panic::catch_unwind(|| AlignedBuf::new(10, 3)).is_err());
}
