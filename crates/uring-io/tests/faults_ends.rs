//! Peers that reset, half-close or close, at every phase of every operation: each has its defined outcome, and the
//! context is none the worse.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream as StdStream};
use std::time::Duration;

use socket2::SockRef;
use support::{alone, bytes_at, check_bytes, open_descriptors, poll_at_most, run};
use uring_io::net::{TcpListener, TcpStream};

/// What the peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// The connection is reset.
    Reset,
    /// It sends no more.
    HalfClose,
    /// It goes, with nothing unread.
    Close,
}

const EVENTS: [Event; 3] = [Event::Reset, Event::HalfClose, Event::Close];

/// When it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before the operation is asked for.
    Before,
    /// While it is pending.
    Pending,
    /// After it was pending and was dropped, before the next one.
    Dropped,
    /// As before, and the next one is pending already.
    PendingAgain,
}

const PHASES: [Phase; 4] = [
    Phase::Before,
    Phase::Pending,
    Phase::Dropped,
    Phase::PendingAgain,
];

/// A stream and its peer, a socket of the standard library.
async fn pair() -> (TcpStream, StdStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    (stream, listener.accept().unwrap().0)
}

/// The peer, if there still is one.
fn strike(event: Event, peer: StdStream) -> Option<StdStream> {
    match event {
        Event::Reset => {
            SockRef::from(&peer)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            None
        }
        Event::HalfClose => {
            peer.shutdown(Shutdown::Write).unwrap();
            Some(peer)
        }
        Event::Close => None,
    }
}

/// Lets the kernel tell the engine what happened.
async fn moment() {
    context::sleep(Duration::from_micros(500)).await;
}

/// A connection that has nothing to do with any fault works.
async fn check_health() {
    let (client, server) = support::pair().await;
    client.write_all("healthy?").await.0.unwrap();
    let bytes = server.recv().await.unwrap().unwrap();
    server.write_all(bytes).await.0.unwrap();
    let (count, echoed) = client.read([0; 8]).await;
    assert_eq!((count.unwrap(), &echoed), (8, b"healthy?"));
    client.close().await.unwrap();
    assert!(server.recv().await.unwrap().is_none());
}

/// The two ways to receive.
#[derive(Clone, Copy, Debug)]
enum Way {
    Read,
    Recv,
}

/// Bytes received; none at the end.
async fn receive(stream: &TcpStream, way: Way) -> std::io::Result<Vec<u8>> {
    match way {
        Way::Read => {
            let (result, mut bytes) = stream.read(vec![0; 100]).await;
            result.map(|count| {
                bytes.truncate(count);
                bytes
            })
        }
        Way::Recv => {
            let received = stream.recv().await?;
            Ok(received.map_or_else(Vec::new, |bytes| bytes.to_vec()))
        }
    }
}

#[test]
fn a_receive_ends_with_the_stream_or_with_the_reset() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for event in EVENTS {
            for phase in PHASES {
                for way in [Way::Read, Way::Recv] {
                    for sent in [&b""[..], b"last words"] {
                        received(event, phase, way, sent).await;
                    }
                }
            }
        }
        check_health().await;
    });
    assert_eq!(open_descriptors(), before);
}

async fn received(event: Event, phase: Phase, way: Way, sent: &[u8]) {
    let case = format!("{event:?}, {phase:?}, {way:?}, {} bytes sent", sent.len());
    let (stream, mut peer) = pair().await;
    if matches!(phase, Phase::Dropped | Phase::PendingAgain) {
        assert!(poll_at_most(1, receive(&stream, way)).await.is_none());
    }
    let striking = async {
        moment().await;
        peer.write_all(sent).unwrap();
        let peer = strike(event, peer);
        moment().await;
        peer
    };
    let (first, peer) = match phase {
        Phase::Before | Phase::Dropped => {
            let peer = striking.await;
            (receive(&stream, way).await, peer)
        }
        Phase::Pending | Phase::PendingAgain => {
            context::when_all((receive(&stream, way), striking)).await
        }
    };
    let (mut bytes, mut next) = (Vec::new(), first);
    while let Ok(more) = &next
        && !more.is_empty()
    {
        bytes.extend_from_slice(more);
        next = receive(&stream, way).await;
    }
    assert_eq!(bytes, sent, "{case}");
    match event {
        Event::Reset => assert_eq!(
            next.unwrap_err().kind(),
            ErrorKind::ConnectionReset,
            "{case}"
        ),
        Event::HalfClose | Event::Close => drop(next.expect(&case)),
    }
    // An error is told once; the end lasts.
    for way in [Way::Read, Way::Recv] {
        let end = receive(&stream, way).await;
        assert!(end.expect(&case).is_empty(), "{case}");
    }
    if let Some(mut peer) = peer {
        // The other direction goes on.
        stream.write_all("answer").await.0.unwrap();
        let mut answer = [0; 6];
        peer.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer", "{case}");
    }
}

/// More than the kernel takes in.
const MUCH: usize = 2 << 20;

/// What comes after a write whose peer strikes.
#[derive(Clone, Copy, Debug)]
enum Then {
    Write,
    Shutdown,
    Close,
}

#[test]
fn a_write_ends_whole_or_with_an_error() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for event in EVENTS {
            for phase in PHASES {
                for then in [Then::Write, Then::Shutdown, Then::Close] {
                    written(event, phase, then).await;
                }
            }
        }
        check_health().await;
    });
    assert_eq!(open_descriptors(), before);
}

async fn written(event: Event, phase: Phase, then: Then) {
    let case = format!("{event:?}, {phase:?}, {then:?}");
    let (stream, peer) = pair().await;
    SockRef::from(&stream)
        .set_send_buffer_size(64 << 10)
        .unwrap();
    let is_dropped = matches!(phase, Phase::Dropped | Phase::PendingAgain);
    if is_dropped {
        let dropped = poll_at_most(1, stream.write_all(bytes_at(1, 0, MUCH))).await;
        assert!(dropped.is_none());
    }
    // One that half-closes still reads, in a thread of its own.
    let striking = async {
        moment().await;
        strike(event, peer).map(|mut peer| {
            context::spawn_blocking(move || {
                let mut all = Vec::new();
                peer.read_to_end(&mut all).unwrap();
                all
            })
        })
    };
    let first = stream.write_all(bytes_at(1, if is_dropped { MUCH as u64 } else { 0 }, MUCH));
    let ((result, _), reader) = match phase {
        Phase::Before | Phase::Dropped => {
            let reader = striking.await;
            moment().await;
            (first.await, reader)
        }
        Phase::Pending | Phase::PendingAgain => context::when_all((first, striking)).await,
    };
    let ended = match then {
        Then::Write => stream.write_all("more").await.0,
        Then::Shutdown => stream.shutdown(Shutdown::Write).await,
        Then::Close => stream.close().await,
    };
    let Some(reader) = reader else {
        // Told with the write, and what comes after it finds the connection gone.
        check_broken(&case, result);
        match then {
            Then::Write => check_broken(&case, ended),
            Then::Shutdown => {
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::NotConnected, "{case}");
            }
            Then::Close => ended.expect(&case),
        }
        return;
    };
    result.expect(&case);
    ended.expect(&case);
    if let Then::Write = then {
        // Only then does the reader come to an end.
        return;
    }
    let all = reader.await.unwrap();
    let total = if is_dropped { 2 * MUCH } else { MUCH };
    assert_eq!(all.len(), total, "{case}");
    check_bytes(1, 0, &all);
}

fn check_broken(case: &str, result: std::io::Result<()>) {
    let kind = result.expect_err(case).kind();
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(kinds.contains(&kind), "{case}: {kind:?}");
}

#[test]
fn closing_tells_how_a_dropped_write_ended() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for event in EVENTS {
            let (stream, peer) = pair().await;
            SockRef::from(&stream)
                .set_send_buffer_size(64 << 10)
                .unwrap();
            let dropped = poll_at_most(1, stream.write_all(bytes_at(1, 0, MUCH))).await;
            assert!(dropped.is_none());
            // The peer strikes while the stream is being closed.
            let striking = async {
                moment().await;
                strike(event, peer).map(|mut peer| {
                    context::spawn_blocking(move || {
                        let mut all = Vec::new();
                        peer.read_to_end(&mut all).unwrap();
                        check_bytes(1, 0, &all);
                        all.len()
                    })
                })
            };
            let (closed, reader) = context::when_all((stream.close(), striking)).await;
            match reader {
                None => check_broken(&format!("{event:?}"), closed),
                Some(reader) => {
                    closed.unwrap();
                    assert_eq!(reader.await.unwrap(), MUCH);
                }
            }
        }
        check_health().await;
    });
    assert_eq!(open_descriptors(), before);
}

#[test]
fn a_client_that_goes_before_it_is_accepted_holds_nobody_up() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for event in EVENTS {
            for phase in PHASES {
                accepted(event, phase).await;
            }
        }
        check_health().await;
    });
    assert_eq!(open_descriptors(), before);
}

async fn accepted(event: Event, phase: Phase) {
    let case = format!("{event:?}, {phase:?}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    if matches!(phase, Phase::Dropped | Phase::PendingAgain) {
        assert!(poll_at_most(1, listener.accept()).await.is_none());
    }
    let striking = async {
        moment().await;
        let bad = strike(event, StdStream::connect(address).unwrap());
        let mut good = StdStream::connect(address).unwrap();
        good.write_all(b"good").unwrap();
        moment().await;
        (bad, good)
    };
    let (first, clients) = match phase {
        Phase::Before | Phase::Dropped => {
            let clients = striking.await;
            (listener.accept().await, clients)
        }
        Phase::Pending | Phase::PendingAgain => {
            context::when_all((listener.accept(), striking)).await
        }
    };
    let mut next = first;
    loop {
        let (stream, _) = next.expect(&case);
        match receive(&stream, Way::Recv).await {
            Ok(bytes) if bytes == b"good" => break,
            Ok(bytes) => assert!(bytes.is_empty() && event != Event::Reset, "{case}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{case}");
                assert_eq!(event, Event::Reset, "{case}");
            }
        }
        next = listener.accept().await;
    }
    drop(clients);
}

#[test]
fn a_connect_that_nobody_answers_is_refused_or_dropped() {
    let _alone = alone();
    let before = open_descriptors();
    run(async {
        for round in 0..50 {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            // The listener goes before, or while a connection waits in its queue.
            if round % 2 == 0 {
                drop(listener);
                let error = TcpStream::connect(address).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            } else {
                let stream = TcpStream::connect(address).await.unwrap();
                drop(listener);
                let error = receive(&stream, Way::Read).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
            drop(poll_at_most(1, TcpStream::connect(address)).await);
        }
        check_health().await;
    });
    assert_eq!(open_descriptors(), before);
}
