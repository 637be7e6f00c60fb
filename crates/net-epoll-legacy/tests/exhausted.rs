//! Descriptors run out: one test, as the limit is that of its process.

mod support;

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;

use net_epoll_legacy::{Acceptor, Connection, DatagramSocket, IoContext};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::run;

fn is_exhausted(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::MFILE.raw_os_error())
}

#[test]
fn descriptors_that_run_out_are_errors_and_the_loop_lives_on() {
    run(1, |handle| async move {
        let acceptor = Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap();
        let address = acceptor.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let spare = std::fs::File::open("/dev/null").unwrap();
        let before = getrlimit(Resource::Nofile);
        // All numbers below the next one are taken.
        let next = std::fs::File::open("/dev/null").unwrap();
        let current = Some(next.as_raw_fd() as u64);
        drop(next);
        setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();

        assert!(is_exhausted(&acceptor.accept().await.unwrap_err()));
        assert!(is_exhausted(
            &Connection::connect(&handle, address).await.unwrap_err()
        ));
        assert!(is_exhausted(
            &Acceptor::bind(&handle, "127.0.0.1:0").await.unwrap_err()
        ));
        assert!(is_exhausted(
            &DatagramSocket::bind(&handle, "127.0.0.1:0")
                .await
                .unwrap_err()
        ));
        assert!(is_exhausted(&Connection::pair(&handle).unwrap_err()));
        assert!(is_exhausted(&IoContext::new().unwrap_err()));

        // The connection has waited.
        drop(spare);
        let (server, peer) = acceptor.accept().await.unwrap();
        assert_eq!(peer, Some(client.local_addr().unwrap()));
        server.send_all(b"x").await.unwrap();
        setrlimit(Resource::Nofile, before).unwrap();
    });
}
