//! Descriptors that have run out: whatever would open one says `EMFILE`, and works once there is one again.
//!
//! The limit is a process's, so the test runs itself again as a child. `accept_limits.rs` has the same for accepting.

mod support;

use std::fs::File as StdFile;
use std::io;

use support::{alone, in_own_process, limit_descriptors, open_descriptors, poll_at_most, run};
use uring_io::fs::File;
use uring_io::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use uring_io::pipe::pipe;

#[test]
fn emfile_is_told_by_whatever_opens_a_descriptor() {
    let _alone = alone();
    in_own_process("emfile_is_told_by_whatever_opens_a_descriptor", || {
        limit_descriptors(64);
        run(starve());
    });
}

/// What opens descriptors, each by a name.
const OPENERS: [&str; 7] = [
    "connect",
    "bind",
    "open",
    "pipe",
    "Unix pair",
    "Unix datagrams",
    "UDP",
];

async fn open(opener: &str, address: std::net::SocketAddr) -> io::Result<()> {
    match opener {
        "connect" => TcpStream::connect(address).await.map(drop),
        "bind" => TcpListener::bind("127.0.0.1:0").await.map(drop),
        "open" => File::open("/dev/null").await.map(drop),
        "pipe" => pipe().map(drop),
        "Unix pair" => UnixStream::pair().map(drop),
        "Unix datagrams" => UnixDatagram::pair().map(drop),
        _ => UdpSocket::bind("127.0.0.1:0").await.map(drop),
    }
}

async fn starve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // A stream that is there already works all the time.
    let (a, b) = UnixStream::pair().unwrap();
    let before = open_descriptors();
    let mut hoard = Vec::new();
    for round in 0..3 {
        while let Ok(file) = StdFile::open("/dev/null") {
            hoard.push(file);
        }
        for opener in OPENERS {
            let error = open(opener, address).await.expect_err(opener);
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{opener}");
            // Nor does one that is dropped change anything.
            drop(poll_at_most(round, open(opener, address)).await);
        }
        a.write_all("still here").await.0.unwrap();
        assert_eq!(*b.recv().await.unwrap().unwrap(), *b"still here");
        // One too few for those that need two.
        hoard.pop();
        for opener in ["pipe", "Unix pair", "Unix datagrams"] {
            let error = open(opener, address).await.expect_err(opener);
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{opener}");
        }
        hoard.clear();
        for opener in OPENERS {
            open(opener, address).await.expect(opener);
        }
        context::sleep(std::time::Duration::from_millis(1)).await;
        assert_eq!(open_descriptors(), before);
    }
}
