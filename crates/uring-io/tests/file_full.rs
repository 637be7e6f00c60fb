//! Disks that are full and files that may not grow: the error says so, the buffer comes back, the context works on.
//!
//! A small file system has to be mounted for this, and a limit set, neither of which a test may do to its process. So the
//! tests that do it run again in a process of their own: in a mount namespace, or under a shell that has set the limit.

mod support;

use std::io::{ErrorKind, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

use support::{bytes_at, open_descriptors, poll_at_most, run};
use uring_io::fs::{self, File, FileCursor, OpenOptions};

/// Where a test finds what was prepared for its process.
const DIRECTORY: &str = "CORIO_TEST_SMALL_DIRECTORY";

/// Bytes that there is room for.
const ROOM: usize = 1 << 20;

/// The test of that name, to be run with `--ignored` by the shell `script`, whose `$0` it is.
fn shell(launcher: &[&str], script: &str, test: &str, directory: &Path) -> Command {
    let (program, arguments) = launcher.split_first().unwrap();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args(["sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--nocapture"])
        .env(DIRECTORY, directory);
    command
}

fn prepared() -> std::path::PathBuf {
    std::env::var_os(DIRECTORY)
        .expect("run by the test that prepares it")
        .into()
}

#[track_caller]
fn must_pass(mut command: Command) {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{}\n{told}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_full_disk_is_told_of() {
    let unshare = ["unshare", "-Urm"];
    let mount = "mount -t tmpfs -o size=1m tmpfs \"$CORIO_TEST_SMALL_DIRECTORY\"";
    let directory = tempfile::tempdir().unwrap();
    let mut attempt = Command::new(unshare[0]);
    attempt
        .args([unshare[1], "sh", "-c", mount])
        .env(DIRECTORY, directory.path())
        .stderr(Stdio::null());
    if !attempt.status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this machine lets nobody mount a file system in a namespace");
        return;
    }
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    must_pass(shell(
        &unshare,
        &script,
        "inside::a_full_disk",
        directory.path(),
    ));
}

#[test]
fn a_limit_of_size_is_told_of() {
    let directory = tempfile::tempdir().unwrap();
    // Blocks of 512 bytes; the signal that would end the process stays ignored.
    let script = "trap '' XFSZ; ulimit -f 2048 && exec \"$0\" \"$@\"";
    must_pass(shell(
        &["env"],
        script,
        "inside::a_limit_of_size",
        directory.path(),
    ));
}

mod inside {
    use super::{
        ErrorKind, File, FileCursor, OpenOptions, ROOM, SeekFrom, bytes_at, fs, open_descriptors,
        poll_at_most, prepared, run,
    };

    #[test]
    #[ignore = "run by `a_full_disk_is_told_of`"]
    fn a_full_disk() {
        let at = |name: &str| prepared().join(name);
        let before = open_descriptors();
        run(async {
            let full = |result: std::io::Result<()>| {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::StorageFull);
            };
            let too_much = || bytes_at(1, 0, 3 * ROOM);
            let (result, bytes) = fs::write(at("whole"), too_much()).await;
            full(result);
            assert_eq!(bytes.len(), 3 * ROOM);
            // What fitted is there, and is what was to be written.
            let there = fs::read(at("whole")).await.unwrap();
            assert!(!there.is_empty() && there == bytes[..there.len()]);
            fs::remove_file(at("whole")).await.unwrap();

            let file = File::create(at("file")).await.unwrap();
            let (result, bytes) = file.write_all_at(too_much(), 0).then_sync_all().await;
            full(result);
            assert_eq!(bytes.len(), 3 * ROOM);
            full(file.allocate(0, 3 * ROOM as u64).await);
            file.set_len(0).await.unwrap();
            // It fits: the context and the file work on.
            let (result, bytes) = file.write_all_at(bytes_at(1, 0, ROOM / 2), 0).await;
            result.unwrap();
            assert!(fs::read(at("file")).await.unwrap() == bytes);
            file.close().await.unwrap();
            full(
                fs::copy(at("file"), at("copy"))
                    .await
                    .map(drop)
                    .and(fs::copy(at("file"), at("other")).await.map(drop)),
            );
            fs::remove_file(at("copy")).await.unwrap();
            let _ = fs::remove_file(at("other")).await;
            fs::remove_file(at("file")).await.unwrap();

            // A dropped write of a cursor tells of it at the next operation; the position says how much there is.
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true);
            let cursor = FileCursor::new(options.open(at("cursor")).await.unwrap());
            let dropped = poll_at_most(1, cursor.write_all(too_much())).await;
            assert!(dropped.is_none());
            full(cursor.flush().await);
            let position = cursor.stream_position().await.unwrap();
            assert!(position > 0 && position == cursor.get_ref().len().await.unwrap());
            // A write that may be in part is told of what fitted first.
            cursor.seek(SeekFrom::Start(0)).await.unwrap();
            cursor.get_ref().set_len(0).await.unwrap();
            let written = cursor.write(too_much()).await.0.unwrap();
            assert_eq!(written as u64, cursor.stream_position().await.unwrap());
            full(cursor.write(too_much()).await.0.map(drop));
            cursor.seek(SeekFrom::Start(0)).await.unwrap();
            let mut there = Vec::new();
            cursor.read_to_end(&mut there).await.unwrap();
            assert!(there == bytes_at(1, 0, written));
            cursor.close().await.unwrap();
        });
        assert_eq!(open_descriptors(), before);
    }

    #[test]
    #[ignore = "run by `a_limit_of_size_is_told_of`"]
    fn a_limit_of_size() {
        let path = prepared().join("file");
        run(async {
            let file = File::create(&path).await.unwrap();
            let (result, bytes) = file.write_all_at(vec![1; 3 * ROOM], 0).await;
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EFBIG));
            assert_eq!(bytes.len(), 3 * ROOM);
            assert_eq!(file.len().await.unwrap(), ROOM as u64);
            let (result, bytes) = file.write_at("over", ROOM as u64).await;
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EFBIG));
            assert_eq!(bytes, "over");
            let too_long = file.set_len(1 + ROOM as u64).await.unwrap_err();
            assert_eq!(too_long.raw_os_error(), Some(libc::EFBIG));
            file.write_all_at("fits", 0).await.0.unwrap();
        });
    }
}
