//! Files: what is written is read back, and what fails says so.

mod support;

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use support::{bytes_at, run};
use uring_io::Slice;
use uring_io::fs::{self, File, OpenOptions};

#[test]
fn whole_files_survive_the_round_trip() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        for size in [0, 1, 4095, 4096, 4097, 300_000, 3 << 20] {
            let path = directory.path().join(size.to_string());
            let (result, written) = fs::write(&path, bytes_at(1, 0, size)).await;
            result.unwrap();
            assert_eq!(fs::metadata(&path).await.unwrap().len(), size as u64);
            assert!(fs::read(&path).await.unwrap() == written, "{size} bytes");
        }
    });
}

#[test]
fn files_that_do_not_know_their_size_are_read_to_the_end() {
    run(async {
        let bytes = fs::read("/proc/self/smaps").await.unwrap();
        assert!(bytes.len() > 4096, "{}", bytes.len());
        assert!(bytes.starts_with(b"0") || bytes.is_ascii());
        assert_eq!(fs::read("/dev/null").await.unwrap(), b"");
    });
}

#[test]
fn reads_and_writes_keep_to_their_offsets() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .await
            .unwrap();
        file.write_all_at("world", 7).await.0.unwrap();
        file.write_all_at("hello, ", 0).await.0.unwrap();
        file.sync_data().await.unwrap();
        file.sync_all().await.unwrap();
        assert_eq!(file.len().await.unwrap(), 12);
        let (result, bytes) = file.read_at(Vec::with_capacity(100), 3).await;
        assert_eq!((result.unwrap(), bytes.as_slice()), (9, &b"lo, world"[..]));
        let (result, part) = file
            .read_exact_at(Slice::new(vec![b'-'; 10], 2..7), 7)
            .await;
        result.unwrap();
        assert_eq!(part.into_inner(), b"--world---");
        let (result, short) = file.read_exact_at(vec![0; 6], 8).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(short[..4], *b"orld");
        assert_eq!(file.read_at(vec![0; 4], 500).await.0.unwrap(), 0);
        file.close().await.unwrap();
    });
}

#[test]
fn appending_ignores_the_offset() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("log");
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .await
            .unwrap();
        log.write_all_at("one ", 0).await.0.unwrap();
        log.write_all_at("two", 0).await.0.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"one two");
    });
}

#[test]
fn many_operations_may_be_in_flight_on_one_file() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .open(&path)
            .await
            .unwrap();
        let file = std::rc::Rc::new(file);
        let writes = (0..200u64).map(|at| {
            let file = file.clone();
            async move {
                file.write_all_at(bytes_at(2, at * 1000, 1000), at * 1000)
                    .await
                    .0
                    .unwrap()
            }
        });
        context::when_all_iter(writes).await;
        assert!(fs::read(&path).await.unwrap() == bytes_at(2, 0, 200_000));
    });
}

#[test]
fn a_copy_has_the_contents_and_the_permissions() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let (source, destination) = (directory.path().join("a"), directory.path().join("b"));
        for size in [0, 5, 256 << 10, (1 << 20) + 17] {
            fs::write(&source, bytes_at(3, 0, size)).await.0.unwrap();
            std::fs::set_permissions(&source, PermissionsExt::from_mode(0o640)).unwrap();
            // Longer than the new contents, to show that it is replaced.
            fs::write(&destination, vec![0; size + 1000])
                .await
                .0
                .unwrap();
            assert_eq!(fs::copy(&source, &destination).await.unwrap(), size as u64);
            assert!(
                fs::read(&destination).await.unwrap() == bytes_at(3, 0, size),
                "{size} bytes"
            );
            let known = fs::metadata(&destination).await.unwrap();
            assert_eq!(
                (known.mode(), known.is_file(), known.is_dir()),
                (0o640, true, false)
            );
            assert_eq!(
                known.modified(),
                std::fs::metadata(&destination).unwrap().modified().unwrap()
            );
        }
        let same = fs::copy(&source, &source).await.unwrap_err();
        assert_eq!(same.kind(), ErrorKind::InvalidInput);
        assert_eq!(fs::read(&source).await.unwrap().len(), (1 << 20) + 17);
        assert_eq!(
            fs::copy(&source, "/dev/null").await.unwrap(),
            (1 << 20) + 17
        );
    });
}

#[test]
fn errors_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        let kind = |result: std::io::Result<File>| result.unwrap_err().kind();
        assert_eq!(kind(File::open(&path).await), ErrorKind::NotFound);
        assert_eq!(
            kind(File::create(directory.path()).await),
            ErrorKind::IsADirectory
        );
        assert_eq!(kind(File::open("a\0b").await), ErrorKind::InvalidInput);
        assert_eq!(
            kind(OpenOptions::new().open(&path).await),
            ErrorKind::InvalidInput
        );
        assert_eq!(
            kind(
                OpenOptions::new()
                    .read(true)
                    .truncate(true)
                    .open(&path)
                    .await
            ),
            ErrorKind::InvalidInput
        );
        let file = File::create(&path).await.unwrap();
        let kind_again = kind(
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)
                .await,
        );
        assert_eq!(kind_again, ErrorKind::AlreadyExists);
        let (result, buffer) = file.read_at(vec![7; 3], 0).await;
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert_eq!(buffer, [7; 3]);
        assert_eq!(
            fs::read(directory.path()).await.unwrap_err().kind(),
            ErrorKind::IsADirectory
        );
        assert_eq!(
            fs::write("/dev/full", "x").await.0.unwrap_err().kind(),
            ErrorKind::StorageFull
        );
    });
}
