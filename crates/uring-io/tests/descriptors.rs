//! Descriptors over Unix streams: each arrives once with its bytes, is `CLOEXEC`, and is closed when nobody takes it.

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use support::{Random, bytes_at, check_bytes, open_descriptors, poll_at_most, run};
use uring_io::net::UnixStream;

/// So many ends of pairs, and their other ends, which see it when the former are closed.
fn ends(count: usize) -> (Vec<StdStream>, Vec<OwnedFd>) {
    (0..count)
        .map(|_| {
            let (ours, theirs) = StdStream::pair().unwrap();
            ours.set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            (ours, OwnedFd::from(theirs))
        })
        .unzip()
}

/// Checks that these are the other ends, in order, and closes both.
fn check_ends(ours: Vec<StdStream>, theirs: Vec<OwnedFd>) {
    assert_eq!(ours.len(), theirs.len());
    for (at, (mut ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
        // SAFETY: this only asks.
        let flags = unsafe { libc::fcntl(theirs.as_raw_fd(), libc::F_GETFD) };
        assert_eq!(flags, libc::FD_CLOEXEC);
        StdStream::from(theirs).write_all(&[at as u8]).unwrap();
        let mut bytes = Vec::new();
        ours.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [at as u8]);
    }
}

/// Checks that the other ends are closed.
fn check_closed(ours: Vec<StdStream>) {
    for mut ours in ours {
        assert_eq!(ours.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn descriptors_travel() {
    // One after the other: all of them count the process's descriptors.
    let tests: [(&str, fn()); 10] = [
        ("with bytes", they_come_with_their_bytes),
        ("long", a_long_message_carries_them_once),
        ("refused", what_cannot_be_sent_is_refused),
        ("room", what_does_not_fit_is_closed_and_reported),
        ("standing", a_standing_receive_gives_way),
        ("dropped write", a_dropped_write_sends_them_all_the_same),
        (
            "dropped reads",
            dropped_reads_lose_neither_bytes_nor_descriptors,
        ),
        (
            "cancelled reads",
            cancelled_reads_give_the_buffer_back_and_lose_nothing,
        ),
        ("closed", what_is_kept_is_closed_with_the_socket),
        ("detached", what_is_kept_moves_with_the_stream),
    ];
    for (name, test) in tests {
        let before = open_descriptors();
        test();
        assert_eq!(open_descriptors(), before, "{name}");
    }
}

fn they_come_with_their_bytes() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let (reader, _writer) = there.into_split();
        for count in [0, 1, 5, 253] {
            let (ours, theirs) = ends(count);
            let (result, (buffer, theirs)) = here.write_all_with_descriptors("abc", theirs).await;
            result.unwrap();
            assert_eq!((buffer, theirs.len()), ("abc", count));
            drop(theirs);
            let (received, buffer) = reader.read_with_descriptors([0; 8], 253).await;
            let received = received.unwrap();
            assert_eq!(&buffer[..received.count], b"abc");
            assert!(!received.truncated);
            check_ends(ours, received.descriptors);
        }
        // Messages with descriptors are not run together.
        for byte in ["a", "b"] {
            let (_, theirs) = ends(1);
            let sent = here.write_all_with_descriptors(byte, theirs).await;
            sent.0.unwrap();
        }
        for byte in *b"ab" {
            let (received, buffer) = reader.read_with_descriptors([0; 8], 2).await;
            let received = received.unwrap();
            assert_eq!((received.count, buffer[0]), (1, byte));
            assert_eq!(received.descriptors.len(), 1);
        }
        let nothing = reader.read_with_descriptors([0; 0], 2).await.0.unwrap();
        assert_eq!(nothing.count, 0);
        drop(here);
        let end = reader.read_with_descriptors([0; 8], 2).await.0.unwrap();
        assert_eq!((end.count, end.descriptors.len()), (0, 0));
    });
}

fn a_long_message_carries_them_once() {
    const LENGTH: usize = 3_000_000;
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        here.set_send_buffer_size(4096).unwrap();
        let (ours, theirs) = ends(3);
        let writer = context::spawn(async move {
            let bytes = bytes_at(1, 0, LENGTH);
            let (result, _) = here.write_all_with_descriptors(bytes, theirs).await;
            result.unwrap();
        });
        let (mut position, mut descriptors) = (0, Vec::new());
        loop {
            let (received, buffer) = there.read_with_descriptors(vec![0; 100_000], 8).await;
            let received = received.unwrap();
            if received.count == 0 {
                break;
            }
            assert!(descriptors.is_empty() || received.descriptors.is_empty());
            descriptors.extend(received.descriptors);
            check_bytes(1, position, &buffer[..received.count]);
            position += received.count as u64;
        }
        assert_eq!(position, LENGTH as u64);
        check_ends(ours, descriptors);
        writer.await.unwrap();
    });
}

fn what_cannot_be_sent_is_refused() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        for others_runnable in [false, true] {
            if others_runnable {
                // Then writes take another way.
                context::spawn(context::yield_now()).detach();
            }
            let (_, theirs) = ends(1);
            let (result, (_, theirs)) = here.write_all_with_descriptors("", theirs).await;
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(theirs.len(), 1);
            if others_runnable {
                context::spawn(context::yield_now()).detach();
            }
            let (_, theirs) = ends(254);
            let (result, (_, theirs)) = here.write_all_with_descriptors("x", theirs).await;
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("253"), "{error}");
            assert_eq!(theirs.len(), 254);
        }
        // Nothing of it is on its way.
        here.write_all("good").await.0.unwrap();
        let (received, buffer) = there.read_with_descriptors([0; 8], 9).await;
        assert_eq!(received.unwrap().descriptors.len(), 0);
        assert_eq!(&buffer[..4], b"good");
        drop(there);
        let (_, theirs) = ends(1);
        let (result, _) = here.write_all_with_descriptors("x", theirs).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

fn what_does_not_fit_is_closed_and_reported() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        for most in [0, 1, 2] {
            let (mut ours, theirs) = ends(3);
            let sent = here.write_all_with_descriptors("x", theirs).await;
            drop(sent);
            let received = there.read_with_descriptors([0; 8], most).await.0.unwrap();
            assert!(received.truncated);
            assert_eq!(received.descriptors.len(), most);
            let rest = ours.split_off(most);
            check_closed(rest);
            check_ends(ours, received.descriptors);
        }
    });
}

fn a_standing_receive_gives_way() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        here.write_all("first").await.0.unwrap();
        assert_eq!(&*there.recv().await.unwrap().unwrap(), b"first");
        // The standing receive has this, which comes first.
        here.write_all("second").await.0.unwrap();
        context::sleep(Duration::from_millis(1)).await;
        let (received, buffer) = there.read_with_descriptors([0; 3], 1).await;
        assert_eq!((received.unwrap().count, &buffer), (3, b"sec"));
        let (received, buffer) = there.read_with_descriptors([0; 9], 1).await;
        assert_eq!(&buffer[..received.unwrap().count], b"ond");
        // From now on nothing takes bytes without their descriptors.
        let (ours, theirs) = ends(1);
        drop(here.write_all_with_descriptors("third", theirs).await);
        context::sleep(Duration::from_millis(1)).await;
        let (received, buffer) = there.read_with_descriptors([0; 9], 1).await;
        let received = received.unwrap();
        assert_eq!(&buffer[..received.count], b"third");
        check_ends(ours, received.descriptors);
    });
}

fn a_dropped_write_sends_them_all_the_same() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        here.set_send_buffer_size(4096).unwrap();
        let mut position = 0;
        for polls in 1..4 {
            let (ours, theirs) = ends(2);
            let bytes = bytes_at(1, position, 50_000);
            let writing = here.write_all_with_descriptors(bytes, theirs);
            assert!(poll_at_most(polls.min(1), writing).await.is_none());
            let mut descriptors = Vec::new();
            let end = position + 50_000;
            while position < end {
                let (received, buffer) = there.read_with_descriptors(vec![0; 7000], 2).await;
                let received = received.unwrap();
                descriptors.extend(received.descriptors);
                check_bytes(1, position, &buffer[..received.count]);
                position += received.count as u64;
            }
            check_ends(ours, descriptors);
        }
        // Never polled: nothing is sent, and they are closed.
        let (ours, theirs) = ends(1);
        drop(here.write_all_with_descriptors("x", theirs));
        check_closed(ours);
    });
}

fn dropped_reads_lose_neither_bytes_nor_descriptors() {
    const MESSAGES: usize = 400;
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let (sender, sent) = std::sync::mpsc::channel();
        let writer = context::spawn(async move {
            let mut random = Random(9);
            let mut position = 0;
            for _ in 0..MESSAGES {
                let length = 1 + random.below(300);
                let (ours, theirs) = ends(random.below(3) as usize);
                sender.send(ours).unwrap();
                let bytes = bytes_at(1, position, length as usize);
                let (result, _) = here.write_all_with_descriptors(bytes, theirs).await;
                result.unwrap();
                position += length;
                match random.below(3) {
                    0 => context::sleep(Duration::from_micros(random.below(200))).await,
                    1 => context::yield_now().await,
                    _ => {}
                }
            }
            position
        });
        let mut random = Random(10);
        let (mut position, mut dropped, mut descriptors) = (0, 0, Vec::new());
        loop {
            let room = 1 + random.below(400) as usize;
            let polls = random.below(3) as usize;
            let reading = there.read_with_descriptors(vec![0; room], 20);
            let Some((received, buffer)) = poll_at_most(polls, reading).await else {
                dropped += 1;
                if random.below(2) == 0 {
                    context::sleep(Duration::from_micros(random.below(100))).await;
                }
                continue;
            };
            let received = received.unwrap();
            if received.count == 0 {
                break;
            }
            assert!(!received.truncated);
            descriptors.extend(received.descriptors);
            check_bytes(1, position, &buffer[..received.count]);
            position += received.count as u64;
        }
        assert_eq!(writer.await.unwrap(), position);
        assert!(dropped > 5, "{dropped}");
        let ours: Vec<_> = sent.into_iter().flatten().collect();
        assert!(ours.len() > MESSAGES / 2);
        for (ours, theirs) in ours.into_iter().zip(descriptors) {
            check_ends(vec![ours], vec![theirs]);
        }
    });
}

fn cancelled_reads_give_the_buffer_back_and_lose_nothing() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        for round in 0..60 {
            let (polls, comes_first, wait) = (round % 5, round % 2 == 0, round % 3 > 0);
            let mut read = there.read_with_descriptors(vec![7; 10], 2);
            let (ours, theirs) = ends(1);
            let send = here.write_all_with_descriptors("one", theirs);
            let (first, last) = if comes_first {
                (Some(send), None)
            } else {
                (None, Some(send))
            };
            if let Some(send) = first {
                send.await.0.unwrap();
            }
            let mut output = None;
            for _ in 0..polls {
                if output.is_none() {
                    output = poll_at_most(1, &mut read).await;
                    context::yield_now().await;
                }
            }
            let is_idle = !comes_first && output.is_none();
            let (result, buffer) = match output {
                Some(output) => output,
                None if wait => read.cancel().await,
                None => {
                    drop(read.cancel());
                    (Err(ErrorKind::Other.into()), vec![7; 10])
                }
            };
            if let Some(send) = last {
                assert!(is_idle, "nothing had been sent");
                send.await.0.unwrap();
            }
            let received = match result {
                Ok(received) => {
                    assert_eq!(buffer[..received.count], *b"one");
                    received
                }
                Err(error) => {
                    assert!(!wait || error.raw_os_error() == Some(libc::ECANCELED));
                    assert_eq!(buffer, [7; 10]);
                    let (received, buffer) = there.read_with_descriptors([0; 10], 2).await;
                    assert_eq!(buffer[..3], *b"one");
                    received.unwrap()
                }
            };
            check_ends(ours, received.descriptors);
        }
    });
}

/// Has a dropped read receive a byte and a descriptor.
async fn keep_one(here: &UnixStream, there: &UnixStream) -> Vec<StdStream> {
    let (ours, theirs) = ends(1);
    // It is in the ring, and gets them, before it is dropped.
    let mut dropped = Box::pin(there.read_with_descriptors([0; 8], 1));
    assert!(poll_at_most(1, dropped.as_mut()).await.is_none());
    context::sleep(Duration::from_millis(1)).await;
    drop(here.write_all_with_descriptors("x", theirs).await);
    context::sleep(Duration::from_millis(1)).await;
    drop(dropped);
    ours
}

fn what_is_kept_is_closed_with_the_socket() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let ours = keep_one(&here, &there).await;
        drop(there);
        check_closed(ours);
        // A plain read gets the byte, and the descriptor stays for who asks for it.
        let (here, there) = UnixStream::pair().unwrap();
        let ours = keep_one(&here, &there).await;
        assert_eq!(there.read([0; 8]).await.0.unwrap(), 1);
        here.write_all("y").await.0.unwrap();
        let received = there.read_with_descriptors([0; 8], 1).await.0.unwrap();
        assert_eq!(received.count, 1);
        check_ends(ours, received.descriptors);
    });
}

fn what_is_kept_moves_with_the_stream() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let ours = keep_one(&here, &there).await;
        let detached = there.into_detached().await.unwrap();
        let reader = std::thread::spawn(move || {
            run(async {
                let there = detached.attach();
                let (received, buffer) = there.read_with_descriptors([0; 8], 1).await;
                (received.unwrap(), buffer[0])
            })
        });
        let (received, byte) = reader.join().unwrap();
        assert_eq!((received.count, byte), (1, b'x'));
        check_ends(ours, received.descriptors);
    });
}
