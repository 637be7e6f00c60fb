//! A cursor's position moves by what completed; what is dropped is finished, or told of by the next operation.

mod support;

use std::io::{ErrorKind, SeekFrom};
use std::path::Path;
use std::time::Duration;

use support::{bytes_at, poll_at_most, run};
use uring_io::fs::{self, File, FileCursor, OpenOptions};
use uring_io::io::{AsyncRead, AsyncWrite};

async fn cursor(path: &Path) -> FileCursor {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    FileCursor::new(options.open(path).await.unwrap())
}

#[test]
fn reads_and_writes_follow_each_other() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let file = cursor(&directory.path().join("file")).await;
        for at in 0..10 {
            let (result, bytes) = file.write_all(bytes_at(1, at * 1000, 1000)).await;
            result.unwrap();
            assert_eq!(bytes.len(), 1000);
        }
        assert_eq!(file.write("").await.0.unwrap(), 0);
        assert_eq!(file.stream_position().await.unwrap(), 10_000);
        assert_eq!(file.read(vec![0; 10]).await.0.unwrap(), 0);
        assert_eq!(file.seek(SeekFrom::End(-9990)).await.unwrap(), 10);
        assert_eq!(file.seek(SeekFrom::Current(-3)).await.unwrap(), 7);
        let (result, bytes) = file.read(Vec::with_capacity(93)).await;
        assert_eq!((result.unwrap(), bytes), (93, bytes_at(1, 7, 93)));
        let mut bytes = b"before".to_vec();
        assert_eq!(file.read_to_end(&mut bytes).await.unwrap(), 9900);
        assert_eq!(bytes[..6], *b"before");
        assert_eq!(bytes[6..], bytes_at(1, 100, 9900));
        assert_eq!(file.stream_position().await.unwrap(), 10_000);
        file.close().await.unwrap();
    });
}

#[test]
fn positions_have_limits() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let file = cursor(&directory.path().join("file")).await;
        file.write_all("0123456789").await.0.unwrap();
        for wrong in [
            SeekFrom::Current(-11),
            SeekFrom::End(-11),
            SeekFrom::Start(1 << 63),
            SeekFrom::Start(u64::MAX),
            SeekFrom::Current(i64::MAX),
        ] {
            let error = file.seek(wrong).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong:?}");
            assert_eq!(file.stream_position().await.unwrap(), 10, "{wrong:?}");
        }
        // Behind the end: nothing to read, and a write leaves a gap of zeros.
        file.seek(SeekFrom::End(5)).await.unwrap();
        assert_eq!(file.read(vec![0; 4]).await.0.unwrap(), 0);
        file.write_all("x").await.0.unwrap();
        assert_eq!(file.get_ref().len().await.unwrap(), 16);
        file.seek(SeekFrom::Start(i64::MAX as u64)).await.unwrap();
        assert_eq!(file.read(vec![0; 4]).await.0.unwrap_or(0), 0);
        let (result, buffer) = file.write_all("too far").await;
        assert!(result.is_err());
        assert_eq!(buffer, "too far");
        assert_eq!(file.stream_position().await.unwrap(), i64::MAX as u64);
    });
}

#[test]
fn text_is_read_or_refused_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let file = cursor(&directory.path().join("file")).await;
        file.write_all(b"gr\xc3\xbc\xc3\x9fe \xff".to_vec())
            .await
            .0
            .unwrap();
        file.seek(SeekFrom::Start(2)).await.unwrap();
        let mut text = "kept".to_owned();
        let error = file.read_to_string(&mut text).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(
            (text.as_str(), file.stream_position().await.unwrap()),
            ("kept", 2)
        );
        file.get_ref().set_len(7).await.unwrap();
        for polls in 0..3 {
            let dropped = poll_at_most(polls, file.read_to_string(&mut text)).await;
            assert!(dropped.is_none());
            assert_eq!(file.stream_position().await.unwrap(), 2);
        }
        assert_eq!(file.read_to_string(&mut text).await.unwrap(), 5);
        assert_eq!(
            (text.as_str(), file.stream_position().await.unwrap()),
            ("keptüße", 7)
        );
    });
}

#[test]
fn appending_goes_to_the_end_wherever_the_position_is() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("log");
        fs::write(&path, "one ").await.0.unwrap();
        let mut options = OpenOptions::new();
        options.append(true).read(true);
        let log = FileCursor::new(options.open(&path).await.unwrap());
        log.write_all("two ").await.0.unwrap();
        assert_eq!(log.stream_position().await.unwrap(), 4);
        log.write_all("three").await.0.unwrap();
        assert_eq!(fs::read_to_string(&path).await.unwrap(), "one two three");
    });
}

#[test]
fn operations_are_served_in_the_order_of_their_first_polls() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let path = directory.path().join("file");
        let file = cursor(&path).await;
        let writes = (0..100u64).map(|at| file.write_all(bytes_at(2, at * 100, 100)));
        let mut writes: Vec<_> = writes.collect();
        for write in &mut writes {
            assert!(poll_at_most(1, write).await.is_none());
        }
        // Every second one is dropped, and written all the same.
        let mut at = 0;
        writes.retain(|_| {
            at += 1;
            at % 2 == 0
        });
        for (result, _) in context::when_all_iter(writes.into_iter().rev()).await {
            result.unwrap();
        }
        assert_eq!(file.stream_position().await.unwrap(), 10_000);
        assert!(fs::read(&path).await.unwrap() == bytes_at(2, 0, 10_000));
    });
}

#[test]
fn an_error_of_a_dropped_write_surfaces_once() {
    run(async {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let full = || async { FileCursor::new(options.open("/dev/full").await.unwrap()) };
        for next in 0..6 {
            let file = full().await;
            assert!(poll_at_most(1, file.write_all("lost")).await.is_none());
            let error = match next {
                0 => file.write_all("next").await.0.unwrap_err(),
                1 => file.read(vec![0; 4]).await.0.unwrap_err(),
                2 => file.seek(SeekFrom::Start(0)).await.unwrap_err(),
                3 => file.flush().await.unwrap_err(),
                4 => file.read_to_end(&mut Vec::new()).await.unwrap_err(),
                _ => {
                    assert_eq!(
                        file.close().await.unwrap_err().kind(),
                        ErrorKind::StorageFull
                    );
                    continue;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{next}");
            file.flush().await.unwrap();
            assert_eq!(file.stream_position().await.unwrap(), 0);
            // The cursor works on: this device is full of zeros to read.
            assert_eq!(file.read(vec![1; 4]).await.1, [0; 4]);
            assert_eq!(file.stream_position().await.unwrap(), 4);
        }
    });
}

#[test]
fn cancelling_gives_the_buffer_back_and_ends_the_turn() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let cancelled = |error: std::io::Error| error.raw_os_error() == Some(libc::ECANCELED);
        let pipe = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
        let pipe = FileCursor::new(File::from_std(pipe));
        let (result, buffer) = pipe.read(vec![1; 5]).cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, [1; 5]);
        let mut reading = pipe.read(vec![2; 5]);
        let mut queued = pipe.read(vec![3; 5]);
        assert!(poll_at_most(1, &mut reading).await.is_none());
        assert!(poll_at_most(1, &mut queued).await.is_none());
        context::sleep(Duration::from_millis(1)).await;
        let (result, buffer) = reading.cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, [2; 5]);
        std::io::Write::write_all(&mut writer, b"abc").unwrap();
        let (result, buffer) = queued.await;
        assert_eq!((result.unwrap(), &buffer[..3]), (3, &b"abc"[..]));
        assert_eq!(pipe.stream_position().await.unwrap(), 3);

        let file = cursor(&directory.path().join("file")).await;
        let (result, buffer) = file.write_all("never").cancel().await;
        assert!(cancelled(result.unwrap_err()));
        assert_eq!(buffer, "never");
        let mut writing = file.write(bytes_at(1, 0, 5000));
        assert!(poll_at_most(1, &mut writing).await.is_none());
        context::sleep(Duration::from_millis(20)).await;
        let (result, _) = writing.cancel().await;
        assert_eq!(result.unwrap(), 5000, "it was faster");
        assert_eq!(file.stream_position().await.unwrap(), 5000);
    });
}

/// The environment of a process is a file whose length is said to be 0. (`/proc/self/smaps` would be
/// one too, but grows while other tests of this program map memory.)
#[test]
fn files_that_do_not_know_their_size_are_read_to_the_end() {
    let mut child = std::process::Command::new("cat")
        .env_clear()
        .env("LONG", "x".repeat(10_000))
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let path = format!("/proc/{}/environ", child.id());
    run(async {
        let file = FileCursor::new(File::open(path).await.unwrap());
        assert_eq!(file.get_ref().len().await.unwrap(), 0);
        let mut text = String::new();
        let count = file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, format!("LONG={}\0", "x".repeat(10_000)));
        assert_eq!(count, text.len());
        assert_eq!(file.stream_position().await.unwrap(), count as u64);
        assert_eq!(file.read(vec![0; 10]).await.0.unwrap(), 0);
    });
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn it_is_a_stream_like_any_other() {
    async fn shout(mut from: impl AsyncRead, mut to: impl AsyncWrite) -> std::io::Result<()> {
        let (result, head) = from.read_exact(vec![0; 3]).await;
        result?;
        to.write_all(head.to_ascii_uppercase()).await.0?;
        let mut rest = String::new();
        from.read_to_string(&mut rest).await?;
        to.write_all(rest.to_uppercase()).await.0?;
        to.shutdown().await
    }
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        fs::write(&from, "the quick brown fox").await.0.unwrap();
        shout(cursor(&from).await, &cursor(&to).await)
            .await
            .unwrap();
        assert_eq!(
            fs::read_to_string(&to).await.unwrap(),
            "THE QUICK BROWN FOX"
        );
    });
}
