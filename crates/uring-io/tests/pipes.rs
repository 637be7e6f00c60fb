//! Pipes: what is dropped loses nothing, ends are told, named pipes wait for their other end, and nobody is killed.

mod support;

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use rustix::pipe::{PipeFlags, pipe_with};
use support::{Random, alone, bytes_at, check_bytes, open_descriptors, poll_at_most, run};
use uring_io::pipe::{Receiver, Sender, pipe};

const DROPPED: u64 = 10_000;

/// Two ends of a pipe that the library takes over, and in what mode they are.
fn strangers(flags: PipeFlags) -> (Sender, Receiver) {
    let (receiver, sender) = pipe_with(flags | PipeFlags::CLOEXEC).unwrap();
    let sender = Sender::from_fd(sender).unwrap();
    (sender, Receiver::from_fd(receiver).unwrap())
}

#[test]
fn dropped_reads_lose_nothing() {
    let _alone = alone();
    let before = open_descriptors();
    for with_recv in [false, true] {
        run(async { read_with_drops(pipe().unwrap(), with_recv).await });
        run(async { read_with_drops(strangers(PipeFlags::empty()), with_recv).await });
        run(async { read_with_drops(strangers(PipeFlags::NONBLOCK), with_recv).await });
    }
    assert_eq!(open_descriptors(), before);
}

async fn read_with_drops((sender, receiver): (Sender, Receiver), with_recv: bool) {
    let writer = context::spawn(async move {
        let mut random = Random(11);
        let mut position = 0;
        for _ in 0..DROPPED {
            let length = 1 + random.below(64) as usize;
            let written = sender.write_all(bytes_at(1, position, length)).await;
            written.0.unwrap();
            position += length as u64;
            match random.below(8) {
                0 => context::sleep(Duration::from_micros(random.below(100))).await,
                _ => context::yield_now().await,
            }
        }
        position
    });
    let mut random = Random(23);
    let (mut position, mut dropped) = (0, 0);
    loop {
        let arrived = if dropped < DROPPED {
            let room = 1 + random.below(100) as usize;
            if with_recv {
                let bytes = poll_at_most(random.below(3) as usize, receiver.recv()).await;
                bytes.map(|bytes| bytes.unwrap().map_or_else(Vec::new, |bytes| bytes.to_vec()))
            } else {
                let polls = random.below(3) as usize;
                let read = poll_at_most(polls, receiver.read(Vec::with_capacity(room))).await;
                read.map(|(result, bytes)| {
                    result.unwrap();
                    bytes
                })
            }
        } else {
            let (result, bytes) = receiver.read(Vec::with_capacity(50_000)).await;
            result.unwrap();
            Some(bytes)
        };
        let Some(bytes) = arrived else {
            dropped += 1;
            if random.below(2) == 0 {
                context::yield_now().await;
            }
            continue;
        };
        if bytes.is_empty() {
            break;
        }
        check_bytes(1, position, &bytes);
        position += bytes.len() as u64;
    }
    assert_eq!(position, writer.await.unwrap());
    assert!(dropped > 100, "{dropped}");
}

#[test]
fn a_dropped_read_of_an_exact_length_gives_back_its_part() {
    let _alone = alone();
    run(async {
        for flags in [None, Some(PipeFlags::empty()), Some(PipeFlags::NONBLOCK)] {
            let (sender, receiver) = flags.map_or_else(|| pipe().unwrap(), strangers);
            sender.write_all("abc").await.0.unwrap();
            let limit = Duration::from_millis(2);
            let dropped = context::timeout(limit, receiver.read_exact(vec![0; 5])).await;
            assert!(dropped.is_err());
            sender.write_all("de").await.0.unwrap();
            let (result, bytes) = receiver.read_exact(vec![0; 4]).await;
            result.unwrap();
            assert_eq!(bytes, b"abcd");
            drop(sender);
            let (result, _) = receiver.read_exact(vec![0; 2]).await;
            assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
            assert_eq!(&*receiver.recv().await.unwrap().unwrap(), b"e");
        }
    });
}

#[test]
fn dropped_writes_are_finished_in_order() {
    let _alone = alone();
    let before = open_descriptors();
    for kind in 0..3 {
        run(async {
            let (sender, receiver) = match kind {
                0 => pipe().unwrap(),
                1 => strangers(PipeFlags::empty()),
                _ => strangers(PipeFlags::NONBLOCK),
            };
            let mut random = Random(5);
            let mut position = 0;
            for _ in 0..40 {
                // More than a pipe holds, now and then.
                let length = random.below(100_000) as usize;
                let bytes = bytes_at(2, position, length);
                assert!(poll_at_most(0, sender.write_all(vec![9])).await.is_none());
                let written = if random.below(2) == 0 {
                    poll_at_most(1, sender.write_all(bytes)).await;
                    None
                } else {
                    poll_at_most(1, sender.write(bytes)).await
                };
                position += written.map_or(length, |(count, _)| count.unwrap()) as u64;
            }
            let closing = context::spawn(sender.close());
            let mut read = 0;
            while let Some(bytes) = receiver.recv().await.unwrap() {
                check_bytes(2, read, &bytes);
                read += bytes.len() as u64;
            }
            assert_eq!(read, position, "kind {kind}");
            closing.await.unwrap().unwrap();
        });
    }
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_pipe_without_a_reader_is_an_error() {
    let _alone = alone();
    run(async {
        for flags in [None, Some(PipeFlags::empty()), Some(PipeFlags::NONBLOCK)] {
            let (sender, receiver) = flags.map_or_else(|| pipe().unwrap(), strangers);
            drop(receiver);
            let (result, bytes) = sender.write_all("lost").await;
            assert_eq!(result.unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert_eq!(bytes, "lost");
        }
        // One that nobody waited for is told to the next.
        let (sender, receiver) = pipe().unwrap();
        assert!(
            poll_at_most(1, sender.write_all(vec![1; 200_000]))
                .await
                .is_none()
        );
        context::sleep(Duration::from_millis(1)).await;
        drop(receiver);
        assert_eq!(
            sender.close().await.unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
    });
}

/// The part of the test below that runs in a process of its own, whose `SIGPIPE` kills.
#[test]
#[ignore = "run by the test below"]
fn writes_where_broken_pipes_kill() {
    // SAFETY: sets the default action; no handler is involved.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    run(async {
        let (sender, receiver) = pipe().unwrap();
        drop(receiver);
        let error = sender.write_all("lost").await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        let (sender, receiver) = pipe().unwrap();
        assert!(
            poll_at_most(1, sender.write_all(vec![1; 200_000]))
                .await
                .is_none()
        );
        context::sleep(Duration::from_millis(2)).await;
        drop(receiver);
        assert_eq!(
            sender.close().await.unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
    });
}

#[test]
fn a_process_that_broken_pipes_kill_lives_on() {
    let _alone = alone();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writes_where_broken_pipes_kill"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

fn make_fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

#[test]
fn named_pipes_wait_for_their_other_end() {
    let _alone = alone();
    let before = open_descriptors();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    make_fifo(&path);
    run(async {
        for round in 0..3 {
            let reader = context::spawn(Receiver::open(path.clone()));
            context::sleep(Duration::from_millis(1)).await;
            assert!(!reader.is_finished(), "round {round}: nobody has opened it");
            let sender = Sender::open(&path).await.unwrap();
            let receiver = reader.await.unwrap().unwrap();
            let bytes = bytes_at(round, 0, 300_000);
            let writing = async {
                sender.write_all(bytes).await.0.unwrap();
                sender.close().await.unwrap();
            };
            let reading = async {
                let mut position = 0;
                while let Some(bytes) = receiver.recv().await.unwrap() {
                    check_bytes(round, position, &bytes);
                    position += bytes.len() as u64;
                }
                assert_eq!(position, 300_000);
            };
            context::when_all((writing, reading)).await;
        }
        // Dropped while they wait, at several moments.
        for round in 0..50 {
            let limit = Duration::from_micros(round * 7);
            let opened = context::timeout(limit, Receiver::open(&path)).await;
            assert!(opened.is_err());
        }
        context::sleep(Duration::from_millis(10)).await;
        for round in 0..50 {
            let limit = Duration::from_micros(round * 7);
            let opened = context::timeout(limit, Sender::open(&path)).await;
            assert!(opened.is_err());
        }
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn what_is_no_pipe_is_refused() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    run(async {
        let error = Receiver::open(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let error = Sender::open(directory.path().join("none")).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
        let error = Sender::open("zero\0byte").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let file: OwnedFd = std::fs::File::open(&file).unwrap().into();
        let error = Receiver::from_fd(file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

/// The kernel does not wait by itself on a named pipe in non-blocking mode.
#[test]
fn named_pipes_of_strangers_in_non_blocking_mode() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    make_fifo(&path);
    let open = |flags| rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::empty()).unwrap();
    run(async {
        let receiver = open(OFlags::RDONLY | OFlags::NONBLOCK);
        let sender = open(OFlags::WRONLY | OFlags::NONBLOCK);
        let (sender, receiver) = (
            Sender::from_fd(sender).unwrap(),
            Receiver::from_fd(receiver).unwrap(),
        );
        assert!(
            context::timeout(Duration::from_millis(1), receiver.recv())
                .await
                .is_err()
        );
        read_with_drops((sender, receiver), false).await;
    });
}

#[test]
fn a_context_ends_while_reads_and_opens_wait() {
    let _alone = alone();
    let before = open_descriptors();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    make_fifo(&path);
    for _ in 0..20 {
        run(async {
            let path = path.clone();
            let (sender, receiver) = pipe().unwrap();
            let (other, stranger) = strangers(PipeFlags::empty());
            context::spawn(async move { receiver.recv().await.map(drop) }).detach();
            context::spawn(async move { stranger.read(vec![0; 10]).await.0 }).detach();
            context::spawn(async move { Receiver::open(path).await.map(drop) }).detach();
            context::sleep(Duration::from_micros(300)).await;
            drop((sender, other));
        });
    }
    assert_eq!(open_descriptors(), before);
}

#[test]
fn several_buffers_pass_whole_wherever_they_are_dropped() {
    let _alone = alone();
    let before = open_descriptors();
    for kind in 0..3 {
        run(async {
            let (sender, receiver) = match kind {
                0 => pipe().unwrap(),
                1 => strangers(PipeFlags::empty()),
                _ => strangers(PipeFlags::NONBLOCK),
            };
            // More than a pipe holds, so that it goes in several pieces, and dropped on its way.
            let large = vec![
                bytes_at(1, 0, 50_000),
                Vec::new(),
                bytes_at(1, 50_000, 150_003),
            ];
            let early = poll_at_most(1, sender.write_all_vectored(large)).await;
            assert!(early.is_none());
            let writer = context::spawn(async move {
                let (head, body) = (bytes_at(1, 200_003, 5), bytes_at(1, 200_008, 1000));
                let (result, (head, _)) = sender.write_all_vectored((head, body)).await;
                result.unwrap();
                assert_eq!(head, bytes_at(1, 200_003, 5));
                let buffers = [bytes_at(1, 201_008, 3), bytes_at(1, 201_011, 4)];
                let (result, _) = sender.write_vectored(buffers).await;
                assert_eq!(result.unwrap(), 7);
                let (result, _) = sender.write_all_vectored([Vec::new(), Vec::new()]).await;
                result.unwrap();
                sender.close().await.unwrap();
            });
            let mut random = Random(5 + kind);
            let mut position = 0;
            loop {
                let mut room = || Vec::with_capacity(1 + random.below(5000) as usize);
                let (first, second) = (room(), room());
                let mut read = receiver.read_vectored((first, second));
                let mut output = None;
                for _ in 0..random.below(3) {
                    if output.is_none() {
                        output = poll_at_most(1, &mut read).await;
                        context::yield_now().await;
                    }
                }
                let (result, (first, second)) = match output {
                    Some(output) => output,
                    None if random.below(2) == 0 => continue,
                    None => read.await,
                };
                let bytes = [first, second].concat();
                assert_eq!(result.unwrap(), bytes.len());
                check_bytes(1, position, &bytes);
                position += bytes.len() as u64;
                if bytes.is_empty() {
                    break;
                }
            }
            assert_eq!(position, 201_015);
            writer.await.unwrap();
            // Nobody reads any more.
            let (sender, receiver) = pipe().unwrap();
            drop(receiver);
            let (result, buffers) = sender.write_all_vectored(["a", "b"]).await;
            assert_eq!(result.unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert_eq!(buffers, ["a", "b"]);
        });
    }
    assert_eq!(open_descriptors(), before);
}
