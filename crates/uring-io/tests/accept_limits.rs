//! Accepting goes on after descriptors have run out.

mod support;

use support::{in_own_process, limit_descriptors, run};
use uring_io::net::{TcpListener, TcpStream};

#[test]
fn emfile_is_an_error_and_not_the_end() {
    in_own_process("emfile_is_an_error_and_not_the_end", || run(starve()));
}

async fn starve() {
    // Before the first accept: the kernel goes by the limit of the moment when an accept was submitted.
    limit_descriptors(64);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let first = TcpStream::connect(address).await.unwrap();
    let accepted = listener.accept().await.unwrap();
    let (mut hoard, mut kept) = (Vec::new(), Vec::new());
    while let Ok(file) = std::fs::File::open("/dev/null") {
        hoard.push(file);
    }
    for _ in 0..3 {
        // One for the client, none for the listener.
        drop(hoard.pop());
        let late = std::net::TcpStream::connect(address).unwrap();
        for _ in 0..3 {
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        }
        drop(hoard.pop());
        let (stream, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, late.local_addr().unwrap());
        kept.push((late, stream));
    }
    drop((first, accepted, kept));
}
