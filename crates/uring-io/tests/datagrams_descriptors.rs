//! Descriptors that travel with Unix datagrams: each arrives with its datagram, and none is left open.

mod support;

use std::io::{Read, Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use support::{open_descriptors, poll_at_most, run};
use uring_io::net::UnixDatagram;

/// A file that holds this text.
fn file(text: &str) -> OwnedFd {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.into()
}

fn text(file: OwnedFd) -> String {
    // SAFETY: the descriptor is open, and the call only looks at its flags.
    let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFD) };
    assert_ne!(flags & libc::FD_CLOEXEC, 0);
    let mut file = std::fs::File::from(file);
    file.rewind().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn descriptors_arrive_with_their_datagrams_and_none_stays_open() {
    let before = open_descriptors();
    run(async {
        let (a, b) = UnixDatagram::pair().unwrap();
        // Not asked for: closed by the kernel.
        let (sent, _) = a
            .send_with_descriptors("closed", vec![file("closed")])
            .await;
        sent.unwrap();
        let packet = b.recv().await.unwrap();
        assert!(packet.descriptors.is_empty() && packet.descriptors_missing);

        b.set_most_descriptors(2);
        for number in 0..50 {
            let count = number % 4;
            let files = (0..count)
                .map(|at| file(&format!("{number} {at}")))
                .collect();
            let (sent, (_, files)) = a.send_with_descriptors(vec![number], files).await;
            sent.unwrap();
            assert_eq!(files.len(), usize::from(count));
        }
        for number in 0..50_u8 {
            let count = number % 4;
            // Dropped receives lose neither datagram nor descriptors.
            let _ = poll_at_most(1, b.peek_from([0])).await;
            let packet = b.recv().await.unwrap();
            assert_eq!(*packet.bytes, [number]);
            assert_eq!(packet.descriptors.len(), usize::from(count.min(2)));
            assert_eq!(packet.descriptors_missing, count > 2);
            for (at, file) in packet.descriptors.into_iter().enumerate() {
                assert_eq!(text(file), format!("{number} {at}"));
            }
        }
        // A datagram of no bytes carries them, and one that goes to another context keeps them.
        let (sent, _) = a.send_with_descriptors("", vec![file("moved")]).await;
        sent.unwrap();
        assert!(
            poll_at_most(1, b.recv_many(&mut Vec::new(), 0))
                .await
                .is_some()
        );
        b.peek_from([]).await.0.unwrap();
        let detached = b.into_detached().await.unwrap();
        assert_eq!(detached.received(), 1);
        let b = detached.attach();
        let mut packet = b.recv().await.unwrap();
        assert_eq!(text(packet.descriptors.pop().unwrap()), "moved");
        // Those that nobody takes are closed with the socket.
        a.send_with_descriptors("x", vec![file("x")])
            .await
            .0
            .unwrap();
        a.send_with_descriptors("y", vec![file("y")])
            .await
            .0
            .unwrap();
        context::sleep(Duration::from_millis(2)).await;
        let too_many = (0..254).map(|_| file("")).collect();
        let error = a.send_with_descriptors("z", too_many).await.0.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    });
    assert_eq!(open_descriptors(), before);
}
