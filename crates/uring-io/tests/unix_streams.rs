//! Unix streams: addresses, files, credentials, ends.

mod support;

use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};
use support::{poll_at_most, run};
use uring_io::net::{UnixListenOptions, UnixListener, UnixStream};

#[test]
fn an_address_may_be_a_path_or_a_name() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(path.to_str().unwrap()).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        assert!(peer.is_unnamed());
        for address in [
            listener.local_addr(),
            client.peer_addr(),
            server.local_addr(),
        ] {
            assert_eq!(address.unwrap().as_pathname(), Some(path.as_path()));
        }
        let name = format!("corio-test\0-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind(&address).unwrap();
        let client = UnixStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let found = client.peer_addr().unwrap();
        assert_eq!(found.as_abstract_name(), Some(name.as_bytes()));
        assert!(format!("{listener:?} {client:?}").starts_with("UnixListener"));
        client.write_all("hello").await.0.unwrap();
        assert_eq!(&*server.recv().await.unwrap().unwrap(), b"hello");
        // The peer is gone before it was accepted, and what it said is not.
        let hasty = UnixStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        hasty.write_all("bye").await.0.unwrap();
        hasty.close().await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        assert_eq!(&*server.recv().await.unwrap().unwrap(), b"bye");
        assert!(server.recv().await.unwrap().is_none());
    });
}

#[test]
fn addresses_that_cannot_be_are_errors_that_say_so() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let long = directory.path().join("x".repeat(108));
        for path in [long.as_path(), Path::new(""), Path::new("a\0b")] {
            let error = UnixListener::bind(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains("1 to 107 bytes"), "{error}");
            let error = UnixStream::connect(path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        let nowhere = UnixStream::pair().unwrap().0.local_addr().unwrap();
        let error = UnixStream::connect(nowhere).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        let missing = directory.path().join("missing");
        let error = UnixStream::connect(&missing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let error = UnixListener::bind(missing.join("below")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        // A socket file that nobody listens on.
        drop(UnixListener::bind(&missing).unwrap());
        let error = UnixStream::connect(&missing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
    });
}

#[test]
fn a_path_that_exists_is_taken_unless_it_is_stale() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let stale = UnixListenOptions {
            remove_stale: true,
            ..UnixListenOptions::default()
        };
        let first = UnixListener::bind(&path).unwrap();
        // Somebody listens.
        for options in [UnixListenOptions::default(), stale.clone()] {
            let error = UnixListener::bind_with(&path, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            assert!(error.to_string().contains("exists already"), "{error}");
        }
        drop(UnixStream::connect(&path).await.unwrap());
        drop(first);
        assert!(path.exists());
        let error = UnixListener::bind(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let second = UnixListener::bind_with(&path, &stale).unwrap();
        drop(UnixStream::connect(&path).await.unwrap());
        drop(second);
        // One that lives, and has its hands full.
        let busy = directory.path().join("busy");
        let options = UnixListenOptions {
            backlog: 0,
            ..stale.clone()
        };
        let _busy = UnixListener::bind_with(&busy, &options).unwrap();
        let mut waiting = Vec::new();
        loop {
            let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            if client.connect(&SockAddr::unix(&busy).unwrap()).is_err() {
                break;
            }
            waiting.push(client);
        }
        let error = UnixListener::bind_with(&busy, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        // Files and directories are nobody's leftovers.
        let file = directory.path().join("file");
        std::fs::write(&file, "precious").unwrap();
        for path in [file.as_path(), directory.path()] {
            let error = UnixListener::bind_with(path, &stale).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        let name = format!("corio-taken-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let _first = UnixListener::bind(&address).unwrap();
        let error = UnixListener::bind_with(&address, &stale).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn the_peer_is_known() {
    run(async {
        let (a, b) = UnixStream::pair().unwrap();
        for stream in [a, b] {
            let peer = stream.peer_credentials().unwrap();
            assert_eq!(peer.pid, Some(std::process::id() as i32));
            // SAFETY: these only ask.
            let ours = unsafe { (libc::geteuid(), libc::getegid()) };
            assert_eq!((peer.uid, peer.gid), ours);
        }
    });
}

#[test]
fn ends_halves_and_broken_pipes() {
    run(async {
        let (a, b) = UnixStream::pair().unwrap();
        let (reader, writer) = a.into_split();
        writer.write_all("last words").await.0.unwrap();
        writer.shutdown().await.unwrap();
        assert_eq!(&*b.recv().await.unwrap().unwrap(), b"last words");
        assert!(b.recv().await.unwrap().is_none());
        assert_eq!(b.read([0; 4]).await.0.unwrap(), 0);
        b.write_all("answer").await.0.unwrap();
        b.shutdown(Shutdown::Write).await.unwrap();
        let (count, bytes) = reader.read(vec![0; 9]).await;
        assert_eq!(&bytes[..count.unwrap()], b"answer");
        assert!(reader.recv().await.unwrap().is_none());
        drop((reader, b));
        let (a, b) = UnixStream::pair().unwrap();
        b.close().await.unwrap();
        let error = a.write_all("anybody?").await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        // Ended at once: what was sent is there, the write in flight is not finished.
        let (a, b) = UnixStream::pair().unwrap();
        let begun = a.write_all(vec![7; 1 << 22]);
        assert!(support::poll_at_most(1, begun).await.is_none());
        a.abort();
        let mut count = 0;
        while let Some(bytes) = b.recv().await.unwrap() {
            count += bytes.len();
        }
        assert!(count < 1 << 22, "{count}");
        // Unread bytes make it a reset.
        let (a, b) = UnixStream::pair().unwrap();
        a.write_all("unread").await.0.unwrap();
        drop(b);
        let error = a.recv().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn standard_streams_come_and_go() {
    run(async {
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let stream = UnixStream::from_std(ours);
        let reader = context::spawn(async move { stream.recv().await.unwrap().unwrap().to_vec() });
        context::yield_now().await;
        std::io::Write::write_all(&mut theirs, b"late").unwrap();
        assert_eq!(reader.await.unwrap(), b"late");
    });
}

/// A receive stops short of what follows a descriptor, although there is more.
#[test]
fn bytes_behind_a_descriptor_that_was_sent_along_are_received() {
    use std::os::fd::AsFd;
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(path.to_str().unwrap()).await.unwrap();
        let (peer, _) = listener.accept().unwrap();
        // It waits by then, and hears of all at once.
        let first = client.recv();
        let mut first = std::pin::pin!(first);
        assert!(poll_at_most(1, first.as_mut()).await.is_none());
        context::sleep(std::time::Duration::from_millis(5)).await;
        let passed = [peer.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = rustix::net::SendAncillaryBuffer::new(&mut space);
        ancillary.push(rustix::net::SendAncillaryMessage::ScmRights(&passed));
        let bytes = [std::io::IoSlice::new(b"abc")];
        let flags = rustix::net::SendFlags::empty();
        rustix::net::sendmsg(&peer, &bytes, &mut ancillary, flags).unwrap();
        std::io::Write::write_all(&mut &peer, b"defg").unwrap();
        let mut received = first.await.unwrap().unwrap().to_vec();
        while received.len() < 7 {
            received.extend_from_slice(&client.recv().await.unwrap().unwrap());
        }
        assert_eq!(received, b"abcdefg");
    });
}
