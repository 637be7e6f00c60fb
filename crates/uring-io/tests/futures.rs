//! What is a `Stream` of the futures family: a `next()` that is dropped loses nothing, and ends are told.

mod support;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::FusedStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use rustix::process::{Signal as Number, getpid, kill_process};
use support::{Random, alone, line, open_descriptors, pair, poll_at_most, run};
use uring_io::fs::read_dir;
use uring_io::io::{AsyncRead, BufReader};
use uring_io::net::{Connections, RecvBuf, TcpListener, TcpStream, UnixListener, UnixStream};
use uring_io::pipe::{self, pipe};
use uring_io::signal::{SignalKind, signal};
use uring_io::{BufResult, IoBufMut};

/// The next item, by as many `next()`s as it takes, most of which are dropped after a few polls.
async fn next_in_pieces<S: Stream + Unpin>(
    stream: &mut S,
    random: &mut Random,
    dropped: &mut usize,
) -> Option<S::Item> {
    loop {
        let polls = random.below(3) as usize;
        if let Some(item) = poll_at_most(polls, stream.next()).await {
            return item;
        }
        *dropped += 1;
        context::sleep(Duration::from_micros(random.below(50))).await;
    }
}

#[test]
fn dropped_nexts_lose_no_connection() {
    let _alone = alone();
    const CLIENTS: u32 = 200;
    let before = open_descriptors();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                context::spawn(async move {
                    let mut random = Random(u64::from(number) + 1);
                    context::sleep(Duration::from_micros(random.below(20_000))).await;
                    let stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(number.to_le_bytes()).await.0.unwrap();
                    assert!(stream.recv().await.unwrap().is_none());
                })
            })
            .collect();
        let mut random = Random(5);
        let (mut seen, mut dropped) = (BTreeSet::new(), 0);
        let mut listener = Rc::new(listener);
        while seen.len() < CLIENTS as usize {
            // The whole stream goes now and then, and the listener goes on.
            let mut connections = Connections::new(listener);
            for _ in 0..random.below(10) + 1 {
                if seen.len() == CLIENTS as usize {
                    break;
                }
                let next = next_in_pieces(&mut connections, &mut random, &mut dropped).await;
                let (stream, peer) = next.expect("without an end").unwrap();
                assert_eq!(stream.peer_addr().unwrap(), peer);
                let (result, number) = stream.read_exact([0; 4]).await;
                result.unwrap();
                assert!(seen.insert(u32::from_le_bytes(number)));
            }
            listener = connections.into_inner();
        }
        assert!(dropped > 2, "{dropped}");
        assert_eq!(
            seen.into_iter().collect::<Vec<_>>(),
            (0..CLIENTS).collect::<Vec<_>>()
        );
        for client in clients {
            client.await.unwrap();
        }
    });
    assert_eq!(open_descriptors(), before);
}

/// A stream that waits stands in line, and leaves it when it is dropped or has what it waited for.
#[test]
fn a_stream_of_connections_stands_in_line() {
    let _alone = alone();
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let mut first = listener.connections();
        assert!(poll_at_most(1, first.next()).await.is_none());
        let mut second = listener.connections();
        assert!(poll_at_most(1, second.next()).await.is_none());

        let _one = UnixStream::connect(&path).await.unwrap();
        // What comes is for the first, however long it takes.
        for _ in 0..3 {
            context::yield_now().await;
            assert!(poll_at_most(1, second.next()).await.is_none());
        }
        first.next().await.unwrap().unwrap();
        let _two = UnixStream::connect(&path).await.unwrap();
        second.next().await.unwrap().unwrap();

        assert!(poll_at_most(1, first.next()).await.is_none());
        assert!(!first.is_terminated());
        drop(first);
        let _three = UnixStream::connect(&path).await.unwrap();
        listener.accept().await.unwrap();

        // Owned, there and back.
        drop(second);
        let mut owned = listener.into_connections();
        assert!(poll_at_most(1, owned.next()).await.is_none());
        let listener = owned.into_inner();
        let _four = UnixStream::connect(&path).await.unwrap();
        listener.accept().await.unwrap();
    });
}

#[test]
fn dropped_nexts_lose_no_line() {
    let _alone = alone();
    const LINES: u64 = 1000;
    run(async {
        let (client, server) = pair().await;
        let writing = context::spawn(async move {
            let mut random = Random(3);
            for number in 0..LINES {
                let text = line(number) + if number % 3 == 0 { "\r\n" } else { "\n" };
                let (start, end) = text.split_at(random.below(text.len() as u64) as usize);
                client.write_all(start.to_owned()).await.0.unwrap();
                if random.below(4) == 0 {
                    context::sleep(Duration::from_micros(random.below(100))).await;
                }
                client.write_all(end.to_owned()).await.0.unwrap();
            }
            client.write_all("rest").await.0.unwrap();
        });
        let mut random = Random(9);
        let (mut number, mut dropped) = (0, 0);
        let mut lines = BufReader::new(server).lines();
        while number < LINES {
            let mut stream = lines.into_stream();
            for _ in 0..(random.below(10) + 1).min(LINES - number) {
                let next = next_in_pieces(&mut stream, &mut random, &mut dropped).await;
                assert_eq!(next.unwrap().unwrap(), line(number));
                number += 1;
            }
            // While it waits for a line, or holds some: `into_inner` takes part of none.
            if number < LINES {
                let next = poll_at_most(random.below(2) as usize, stream.next()).await;
                if let Some(next) = next {
                    assert_eq!(next.unwrap().unwrap(), line(number));
                    number += 1;
                }
            }
            lines = stream.into_inner();
        }
        assert!(dropped > 2, "{dropped}");
        let mut stream = lines.into_stream();
        assert_eq!(stream.next().await.unwrap().unwrap(), "rest");
        assert!(!stream.is_terminated());
        assert!(stream.next().await.is_none());
        assert!(stream.is_terminated());
        assert!(stream.next().await.is_none());
        writing.await.unwrap();
    });
}

#[test]
fn a_line_that_is_no_text_is_passed_over_and_one_too_long_is_the_end() {
    let _alone = alone();
    run(async {
        let (sender, receiver) = pipe().unwrap();
        sender
            .write_all(b"one\n\xff\ntwo\n0123456789\nmore\n".to_vec())
            .await
            .0
            .unwrap();
        let mut lines = BufReader::with_limit(receiver, 8).lines().into_stream();
        assert_eq!(lines.next().await.unwrap().unwrap(), "one");
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(lines.next().await.unwrap().unwrap(), "two");
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(lines.next().await.is_none() && lines.is_terminated());
        // Nothing is lost: whoever knows what to do about it can.
        let mut reader = lines.into_inner().into_inner();
        assert_eq!(reader.fill_buf().await.unwrap(), b"0123456789\nmore\n");
    });
}

#[test]
fn dropped_nexts_lose_no_signal() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        let mut stream = signal(SignalKind::user_defined1()).unwrap().into_stream();
        let mut random = Random(11);
        let mut dropped = 0;
        for round in 0..100 {
            assert!(poll_at_most(1, stream.next()).await.is_none());
            kill_process(getpid(), Number::USR1).unwrap();
            let next = next_in_pieces(&mut stream, &mut random, &mut dropped).await;
            next.expect("without an end").unwrap();
            if round % 10 == 0 {
                // There and back, with a poll left behind.
                assert!(poll_at_most(1, stream.next()).await.is_none());
                let mut listener = stream.into_inner();
                assert!(poll_at_most(1, listener.recv()).await.is_none());
                stream = listener.into_stream();
            }
        }
        // Woken by the signal alone.
        kill_process(getpid(), Number::USR1).unwrap();
        stream.next().await.unwrap().unwrap();
        assert!(!stream.is_terminated());
    });
    assert_eq!(open_descriptors(), before);
}

/// A stream that was carried out of its context says so once, and is over.
#[test]
fn a_stream_of_signals_ends_with_its_context() {
    let _alone = alone();
    let mut stream = run(async {
        let mut stream = signal(SignalKind::user_defined2()).unwrap().into_stream();
        assert!(poll_at_most(1, stream.next()).await.is_none());
        stream
    });
    run(async {
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
        assert!(stream.next().await.is_none() && stream.is_terminated());
    });
}

#[test]
fn dropped_nexts_lose_no_entry() {
    let _alone = alone();
    run(async {
        let directory = tempfile::tempdir().unwrap();
        // More than one job reads.
        let names: BTreeSet<_> = (0..1200).map(|number| format!("{number}")).collect();
        for name in &names {
            std::fs::File::create(directory.path().join(name)).unwrap();
        }
        let mut random = Random(17);
        let mut dropped = 0;
        let mut entries = read_dir(directory.path()).await.unwrap();
        let mut seen = BTreeSet::new();
        while let Some(entry) = next_in_pieces(&mut entries, &mut random, &mut dropped).await {
            let name = entry.unwrap().file_name().to_str().unwrap().to_owned();
            assert!(seen.insert(name));
            let (least, most) = entries.size_hint();
            let left = names.len() - seen.len();
            assert!(least <= left && most.is_none_or(|most| most == left));
        }
        assert_eq!(seen, names);
        assert!(dropped > 0);
        assert!(entries.next().await.is_none());
        let entries = read_dir(directory.path()).await.unwrap();
        let count = entries.try_fold(0, async |count, _| Ok(count + 1)).await;
        assert_eq!(count.unwrap(), names.len());
    });
}

/// A reader of which nothing is left when its future is dropped, no wake-up either.
struct Slow(pipe::Receiver);

impl AsyncRead for Slow {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        context::sleep(Duration::from_millis(1)).await;
        self.0.read(buffer).await
    }

    async fn recv(&mut self) -> std::io::Result<Option<RecvBuf>> {
        context::sleep(Duration::from_millis(1)).await;
        self.0.recv().await
    }
}

#[test]
fn lines_go_on_waiting_for_a_reader_that_forgets() {
    let _alone = alone();
    run(async {
        let (sender, receiver) = pipe().unwrap();
        sender.write_all("one\ntwo\nrest").await.0.unwrap();
        drop(sender);
        let lines = BufReader::new(Slow(receiver)).lines().into_stream();
        let lines: Vec<_> = lines.try_collect().await.unwrap();
        assert_eq!(lines, ["one", "two", "rest"]);
    });
}

/// What comes while a `next()` waits wakes it, and is what it returns: nobody else polls.
#[test]
fn what_comes_wakes_who_waits() {
    let _alone = alone();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = pipe().unwrap();
        let mut connections = listener.into_connections();
        let mut lines = BufReader::new(receiver).lines().into_stream();
        let mut signals = signal(SignalKind::user_defined1()).unwrap().into_stream();
        for _ in 0..20 {
            let (accepted, _client) = join(connections.next(), TcpStream::connect(address)).await;
            accepted.unwrap().unwrap();
            let (line, written) = join(lines.next(), sender.write_all("line\nand ")).await;
            assert!(line.unwrap().unwrap().ends_with("line"));
            written.0.unwrap();
            let (received, ()) = join(signals.next(), async {
                kill_process(getpid(), Number::USR1).unwrap();
            })
            .await;
            received.unwrap().unwrap();
        }
    });
}
