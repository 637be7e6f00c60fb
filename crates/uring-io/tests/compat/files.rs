//! Files with a position.

use std::future::poll_fn;
use std::io::SeekFrom;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use uring_io::compat::Compat;
use uring_io::fs::{FileCursor, OpenOptions};

use crate::on_both;
use crate::support::{Random, bytes_at};

async fn open(path: &std::path::Path) -> Compat<FileCursor> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true);
    Compat::new(FileCursor::new(options.open(path).await.unwrap()))
}

async fn read(file: &mut Compat<FileCursor>, room: usize) -> Vec<u8> {
    let mut into = vec![0; room];
    let mut buffer = ReadBuf::new(&mut into);
    poll_fn(|cx| Pin::new(&mut *file).poll_read(cx, &mut buffer))
        .await
        .unwrap();
    buffer.filled().to_vec()
}

async fn write(file: &mut Compat<FileCursor>, bytes: &[u8]) -> usize {
    poll_fn(|cx| Pin::new(&mut *file).poll_write(cx, bytes))
        .await
        .unwrap()
}

async fn seek(file: &mut Compat<FileCursor>, to: SeekFrom) -> u64 {
    Pin::new(&mut *file).start_seek(to).unwrap();
    poll_fn(|cx| Pin::new(&mut *file).poll_complete(cx))
        .await
        .unwrap()
}

/// Against the same program on memory.
#[test]
fn random_programs_agree_with_memory() {
    on_both(|| async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for seed in 1..=8 {
            let _ = std::fs::remove_file(&path);
            let mut file = open(&path).await;
            let mut memory = Vec::new();
            let mut position = 0;
            let mut random = Random(seed * 31);
            for _ in 0..200 {
                match random.below(8) {
                    0..=2 => {
                        let room = 1 + random.below(90_000) as usize;
                        let bytes = read(&mut file, room).await;
                        let end = (position + bytes.len()).min(memory.len());
                        assert_eq!(bytes, &memory[position.min(end)..end]);
                        assert!(!bytes.is_empty() || position >= memory.len());
                        position += bytes.len();
                    }
                    3 | 4 => {
                        let mut bytes =
                            bytes_at(seed, random.below(50_000), random.below(90_000) as usize);
                        let count = write(&mut file, &bytes).await;
                        if memory.len() < position + count {
                            memory.resize(position + count, 0);
                        }
                        memory[position..position + count].copy_from_slice(&bytes[..count]);
                        bytes.fill(0);
                        position += count;
                    }
                    5 => {
                        position = random.below(memory.len() as u64 + 1) as usize;
                        let to = match random.below(2) {
                            0 => SeekFrom::Start(position as u64),
                            _ => SeekFrom::End(position as i64 - memory.len() as i64),
                        };
                        assert_eq!(seek(&mut file, to).await, position as u64);
                    }
                    6 => {
                        let at = seek(&mut file, SeekFrom::Current(0)).await;
                        assert_eq!(at, position as u64);
                    }
                    _ => {
                        // A read that nobody comes back to, and the end of the adapter.
                        poll_fn(|cx| {
                            let mut into = [0; 10];
                            let mut buffer = ReadBuf::new(&mut into);
                            let read = Pin::new(&mut file).poll_read(cx, &mut buffer);
                            if read.is_ready() {
                                position += buffer.filled().len();
                            }
                            Poll::Ready(())
                        })
                        .await;
                        let cursor = file.into_inner();
                        assert_eq!(cursor.stream_position().await.unwrap(), position as u64);
                        file = Compat::new(cursor);
                    }
                }
            }
            poll_fn(|cx| Pin::new(&mut file).poll_flush(cx))
                .await
                .unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), memory);
        }
    });
}

/// A position that is asked for by its end needs the file's length, which takes its time; who does not wait for it and then
/// asks for another position gets that one.
#[test]
fn a_seek_that_is_given_up_does_not_answer_the_next() {
    use futures_io::AsyncSeek as Seek;
    on_both(|| async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "0123456789").unwrap();
        let mut file = open(&path).await;
        let given_up = poll_fn(|cx| {
            let polled = Seek::poll_seek(Pin::new(&mut file), cx, SeekFrom::End(0));
            Poll::Ready(polled.is_pending())
        });
        assert!(given_up.await, "nothing to give up");
        for to in [SeekFrom::Start(3), SeekFrom::Current(0)] {
            let position = poll_fn(|cx| Seek::poll_seek(Pin::new(&mut file), cx, to)).await;
            assert_eq!(position.unwrap(), 3);
        }
        assert_eq!(read(&mut file, 3).await, b"345");
    });
}

#[test]
fn what_was_taken_is_written_when_the_adapter_goes() {
    on_both(|| async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut file = open(&path).await;
        let count = write(&mut file, &bytes_at(1, 0, 50_000)).await;
        let cursor = file.into_inner();
        // In turn behind what was taken.
        cursor.write_all("end").await.0.unwrap();
        cursor.close().await.unwrap();
        let written = std::fs::read(&path).unwrap();
        assert_eq!(written[..count], bytes_at(1, 0, count));
        assert_eq!(&written[count..], b"end");
    });
}

#[test]
fn an_error_is_that_of_the_next_call() {
    on_both(|| async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "text").unwrap();
        let options = OpenOptions::new();
        let file = options.clone().read(true).open(&path).await.unwrap();
        let mut file = Compat::new(FileCursor::new(file));
        assert_eq!(write(&mut file, b"not for writing").await, 15);
        let error = poll_fn(|cx| Pin::new(&mut file).poll_flush(cx)).await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert_eq!(read(&mut file, 10).await, b"text");
        assert_eq!(write(&mut file, b"again").await, 5);
        let error = file.into_inner().flush().await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::EBADF));
    });
}
