//! Sockets that take all of the context's buffers for datagrams hold nobody up, and lose nothing.

mod support;

use std::rc::Rc;
use std::time::Duration;

use support::{bytes_at, open_descriptors, poll_at_most, run};
use uring_io::net::UnixDatagram;

/// Together more than the context has buffers for.
const HOARDERS: u64 = 12;
const HOARD: u64 = 60;

#[test]
fn hoarded_buffers_hold_nobody_up() {
    let before = open_descriptors();
    run(async {
        let mut hoarders = Vec::new();
        for stream in 0..HOARDERS {
            let (sender, receiver) = UnixDatagram::pair().unwrap();
            let mut kept = Vec::new();
            for number in 0..HOARD {
                sender.send(bytes_at(stream, number, 500)).await.0.unwrap();
                kept.push(receiver.recv().await.unwrap());
            }
            hoarders.push((stream, sender, receiver, kept));
        }
        // All buffers are out by now. Others get theirs from the heap, whole, in order, and dropped receives lose none.
        let (sender, receiver) = UnixDatagram::pair().unwrap();
        let receiver = Rc::new(receiver);
        for number in 0..200_u64 {
            let time = Duration::from_micros(number % 150);
            let early = match number % 3 {
                0 => context::timeout(time, receiver.recv()).await.is_err(),
                1 => poll_at_most(1, receiver.recv_from([0; 3])).await.is_none(),
                _ => context::timeout(time, receiver.peek_from([0; 3]))
                    .await
                    .is_err(),
            };
            assert!(early, "nothing was sent");
            let waiting = context::spawn({
                let receiver = receiver.clone();
                async move {
                    context::timeout(time, receiver.recv_from([0; 3]))
                        .await
                        .ok()
                }
            });
            context::yield_now().await;
            let sent = bytes_at(99, number, 100_000);
            sender.send(sent.clone()).await.0.unwrap();
            match waiting.await.unwrap() {
                Some((info, start)) => {
                    assert_eq!((info.unwrap().length, &start[..]), (100_000, &sent[..3]));
                }
                None => assert_eq!(*receiver.recv().await.unwrap().bytes, *sent),
            }
        }
        // Dropped after a poll each, while there is something: whoever is too late leaves it for the next.
        for number in 0..200_u8 {
            sender.send([number]).await.0.unwrap();
            let mut received = None;
            for _ in 0..number % 5 {
                if received.is_none() {
                    received = poll_at_most(1, receiver.recv()).await;
                    context::yield_now().await;
                }
            }
            let packet = match received {
                Some(packet) => packet,
                None => context::timeout(Duration::from_secs(5), receiver.recv())
                    .await
                    .expect("it was lost"),
            };
            assert_eq!(*packet.unwrap().bytes, [number]);
        }
        // The first waits in the kernel's hands when two are there, and is dropped: it gets its datagram all the same, which
        // nobody may overtake.
        for polls in 1..6 {
            for number in [1, 2] {
                sender.send([polls as u8, number]).await.0.unwrap();
            }
            let early = poll_at_most(polls, receiver.recv()).await;
            let first = early.map_or(1, |packet| packet.unwrap().bytes[1] + 1);
            for number in first..=2 {
                let packet = context::timeout(Duration::from_secs(5), receiver.recv())
                    .await
                    .expect("it was lost")
                    .unwrap();
                assert_eq!(*packet.bytes, [polls as u8, number]);
            }
        }
        // Cancelled in the kernel's hands, the buffer comes back.
        let mut waiting = receiver.recv_from(vec![7; 3]);
        assert!(poll_at_most(1, &mut waiting).await.is_none());
        let (error, buffer) = waiting.cancel().await;
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
        assert_eq!(buffer, [7; 3]);
        // What the hoarders hold is theirs, and they go on.
        for (stream, sender, receiver, kept) in hoarders {
            for (number, packet) in kept.iter().enumerate() {
                assert_eq!(*packet.bytes, bytes_at(stream, number as u64, 500));
            }
            drop(kept);
            sender.send("more").await.0.unwrap();
            assert_eq!(*receiver.recv().await.unwrap().bytes, *b"more");
        }
    });
    assert_eq!(open_descriptors(), before);
}
