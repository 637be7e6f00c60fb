//! Connections that move between contexts while bytes are in flight (requirement 40): nothing is lost.

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::Duration;

use context::{Scheduler, Stop};
use support::{Random, bytes_at, check_bytes, open_descriptors, pair, poll_at_most, run};
use uring_io::net::{Detached, Family, Stream, TcpListener, TcpStream, UnixStream};

#[test]
fn nothing_is_lost_on_the_way() {
    // One after the other: all of them count the process's descriptors.
    let before = open_descriptors();
    bytes_follow_their_stream_through_many_contexts();
    assert_eq!(open_descriptors(), before);
    what_was_received_in_every_way_comes_along();
    assert_eq!(open_descriptors(), before);
    an_error_that_was_not_told_comes_along();
    writes_that_were_begun_are_finished_first();
    a_detached_one_that_goes_away_closes();
    dropped_at_every_poll();
    assert_eq!(open_descriptors(), before);
}

/// A stream is read by four contexts in turn, with every kind of read, dropped reads and standing receives among them, while
/// the peer writes all the time.
fn bytes_follow_their_stream_through_many_contexts() {
    const TOTAL: u64 = 3_000_000;
    const HOPS: usize = 200;
    let mut scheduler = Scheduler::new(4);
    scheduler.start().unwrap();
    run(async {
        let (tcp_writer, tcp_reader) = pair().await;
        let (unix_writer, unix_reader) = UnixStream::pair().unwrap();
        let writers = [
            context::spawn(write(1, tcp_writer, TOTAL)),
            context::spawn(write(2, unix_writer, TOTAL)),
        ];
        let tcp = travel(&scheduler, 1, tcp_reader, HOPS);
        let unix = travel(&scheduler, 2, unix_reader, HOPS);
        let ended = context::when_all((tcp, unix)).await;
        assert_eq!(ended, (TOTAL, TOTAL));
        for writer in writers {
            writer.await.unwrap();
        }
    });
    scheduler.notify_stop(Stop::Abort);
    let _ = scheduler.join();
}

async fn write<F: Family>(stream: u64, writer: Stream<F>, total: u64) {
    let mut random = Random(stream + 50);
    let mut position = 0;
    while position < total {
        let length = random.below(30_000).min(total - position);
        let bytes = bytes_at(stream, position, length as usize);
        writer.write_all(bytes).await.0.unwrap();
        position += length;
        if random.below(3) == 0 {
            context::sleep(Duration::from_micros(random.below(100))).await;
        }
    }
    writer.close().await.unwrap();
}

/// Moves a stream from context to context; says how many bytes it brought.
async fn travel<F: Family>(
    scheduler: &Scheduler,
    stream: u64,
    reader: Stream<F>,
    hops: usize,
) -> u64 {
    let mut detached = reader.into_detached().await.unwrap();
    let mut position = 0;
    let mut carried = 0;
    for hop in 0..hops {
        let contexts = scheduler.contexts();
        let reading = contexts[hop % contexts.len()]
            .submit_with(move || read_some(stream, detached, position, hop as u64))
            .unwrap();
        (detached, position) = reading.await.unwrap();
        carried += usize::from(!detached.received().is_empty());
    }
    // To the end.
    let reader = detached.attach();
    while let Some(bytes) = reader.recv().await.unwrap() {
        check_bytes(stream, position, &bytes);
        position += bytes.len() as u64;
    }
    assert!(carried > 0, "{carried} times bytes came along");
    position
}

async fn read_some<F: Family>(
    stream: u64,
    detached: Detached<F>,
    mut position: u64,
    hop: u64,
) -> (Detached<F>, u64) {
    let mut random = Random((stream << 20) + hop + 1);
    let reader = detached.attach();
    for _ in 0..random.below(5) {
        let polls = 1 + random.below(3) as usize;
        let bytes = if random.below(2) == 0 {
            let room = 1 + random.below(20_000) as usize;
            let read = poll_at_most(polls, reader.read(vec![0; room])).await;
            read.map(|(count, mut bytes)| {
                bytes.truncate(count.unwrap());
                bytes
            })
        } else {
            let received = poll_at_most(polls, reader.recv()).await;
            received.map(|bytes| bytes.unwrap().map_or_else(Vec::new, |bytes| bytes.to_vec()))
        };
        let bytes = bytes.unwrap_or_default();
        check_bytes(stream, position, &bytes);
        position += bytes.len() as u64;
    }
    (reader.into_detached().await.unwrap(), position)
}

/// What a standing receive has queued, what a dropped read has received, and what waits in the kernel.
fn what_was_received_in_every_way_comes_along() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        // A read that is dropped, and receives all the same.
        drop(poll_at_most(1, there.read([0; 2])).await);
        here.write_all("zero one").await.0.unwrap();
        // Whatever it received is still in front.
        let (count, zero) = there.read([0; 5]).await;
        let mut position = count.unwrap();
        assert_eq!(zero[..position], b"zero "[..position]);
        while position < 8 {
            position += there.recv().await.unwrap().unwrap().len();
        }
        // The standing receive takes it, and a part of it is left over.
        here.write_all("two").await.0.unwrap();
        context::sleep(Duration::from_millis(1)).await;
        let (count, two) = there.read([0; 1]).await;
        assert_eq!((count.unwrap(), &two), (1, b"t"));
        here.write_all("three").await.0.unwrap();
        here.close().await.unwrap();
        let detached = there.into_detached().await.unwrap();
        assert!(detached.received().starts_with(b"wo"));
        let reader = std::thread::spawn(move || {
            run(async {
                let there = detached.attach();
                let mut all = Vec::new();
                while let Some(bytes) = there.recv().await.unwrap() {
                    all.extend_from_slice(&bytes);
                }
                all
            })
        });
        assert_eq!(reader.join().unwrap(), b"wothree");
    });
    run(async {
        let (mut here, there) = std::os::unix::net::UnixStream::pair().unwrap();
        let there = UnixStream::from_std(there);
        drop(poll_at_most(1, there.recv()).await);
        here.write_all(b"to the standard library").unwrap();
        let detached = there.into_detached().await.unwrap();
        let (mut there, mut bytes) = detached.into_std().unwrap();
        drop(here);
        there.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"to the standard library");
    });
}

fn an_error_that_was_not_told_comes_along() {
    run(async {
        let (client, server) = pair().await;
        drop(poll_at_most(1, server.recv()).await);
        context::yield_now().await;
        client.abort();
        context::sleep(Duration::from_millis(1)).await;
        let detached = server.into_detached().await.unwrap();
        let server = detached.attach();
        let error = server.recv().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

fn writes_that_were_begun_are_finished_first() {
    run(async {
        let (client, server) = pair().await;
        client.set_send_buffer_size(4096).unwrap();
        let begun = client.write_all(bytes_at(3, 0, 1 << 20));
        assert!(poll_at_most(1, begun).await.is_none());
        let detaching = context::spawn(client.into_detached());
        let mut position = 0;
        while position < 1 << 20 {
            let bytes = server.recv().await.unwrap().unwrap();
            check_bytes(3, position, &bytes);
            position += bytes.len() as u64;
        }
        let client = detaching.await.unwrap().unwrap().attach();
        client.write_all("and more").await.0.unwrap();
        assert_eq!(&*server.recv().await.unwrap().unwrap(), b"and more");
        // A write that failed is told now, and the connection is closed.
        let begun = client.write_all(vec![0; 1 << 22]);
        assert!(poll_at_most(1, begun).await.is_none());
        server.abort();
        let error = client.into_detached().await.unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ),
            "{error}"
        );
    });
}

fn a_detached_one_that_goes_away_closes() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (detached, peer) = listener.accept_detached().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        drop(detached);
        assert!(client.recv().await.unwrap().is_none());
        // A context that never takes it up.
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (detached, _) = listener.accept_detached().await.unwrap();
        let scheduler = Scheduler::new(1);
        let never = async move { drop(detached.attach()) };
        drop(scheduler.contexts()[0].submit_with(move || never).unwrap());
        drop(scheduler);
        assert!(client.recv().await.unwrap().is_none());
    });
}

fn dropped_at_every_poll() {
    for polls in 0..6 {
        run(async {
            let (client, server) = pair().await;
            server.set_send_buffer_size(4096).unwrap();
            drop(poll_at_most(1, server.recv()).await);
            let begun = server.write_all(bytes_at(4, 0, 300_000));
            drop(poll_at_most(1, begun).await);
            let reader = context::spawn(async move {
                let mut position = 0;
                while let Some(bytes) = client.recv().await.unwrap() {
                    check_bytes(4, position, &bytes);
                    position += bytes.len() as u64;
                }
                position
            });
            // What dropping the stream does: the write is finished, the connection closed.
            drop(poll_at_most(polls, server.into_detached()).await);
            assert_eq!(reader.await.unwrap(), 300_000);
        });
    }
}
