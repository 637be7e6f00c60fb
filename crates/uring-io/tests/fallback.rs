//! Where the kernel refuses a ring, contexts run on epoll, say so and why, and do all the same.

mod support;

#[path = "../../uring-engine/tests/common/refusal.rs"]
mod refusal;

use std::time::Duration;

use context::{ContextBuilder, DriverChoice};
use refusal::{forbid_setup, in_child};
use support::{bytes_at, pair, poll_at_most, run};
use uring_engine::{Target, op};
use uring_io::fs;
use uring_io::net::UnixDatagram;
use uring_io::pipe::pipe;
use uring_io::process::Command;

/// One of each kind.
async fn works() {
    let (client, server) = pair().await;
    let echo = context::spawn(async move {
        while let Some(bytes) = server.recv().await.unwrap() {
            server.write_all(bytes).await.0.unwrap();
        }
    });
    for length in [1, 1000, 300_000] {
        let (sent, bytes) = client.write_all(bytes_at(1, 0, length)).await;
        sent.unwrap();
        let (read, back) = client.read_exact(vec![0; length]).await;
        read.unwrap();
        assert!(back == bytes);
    }
    client.close().await.unwrap();
    echo.await.unwrap();

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "text").await.0.unwrap();
    assert_eq!(fs::read(&path).await.unwrap(), b"text");

    let (sender, receiver) = pipe().unwrap();
    sender.write_all("through a pipe").await.0.unwrap();
    assert_eq!(&*receiver.recv().await.unwrap().unwrap(), b"through a pipe");

    let (one, other) = UnixDatagram::pair().unwrap();
    one.send("datagram").await.0.unwrap();
    assert_eq!(&*other.recv().await.unwrap().bytes, b"datagram");

    let output = Command::new("echo").arg("child").output().await.unwrap();
    assert_eq!(output.stdout, b"child\n");
    context::sleep(Duration::from_millis(1)).await;
    let elapsed = context::timeout(Duration::from_millis(1), other.recv()).await;
    assert!(elapsed.is_err());
}

/// Everything works, on epoll, and the report says that `reason` is why.
fn on_epoll(reason: &str) {
    let report = run(async {
        works().await;
        context::driver().engine().report().to_string()
    });
    assert!(report.starts_with("epoll on Linux"), "{report}");
    assert!(report.contains(reason), "{report}");
}

#[test]
fn forbidden() {
    in_child("forbidden", || {
        forbid_setup(libc::EPERM);
        on_epoll("io_uring is forbidden here (EPERM)");
    });
}

#[test]
fn unknown_to_the_kernel() {
    in_child("unknown_to_the_kernel", || {
        forbid_setup(libc::ENOSYS);
        on_epoll("this kernel offers no io_uring (ENOSYS)");
    });
}

#[test]
fn without_memory() {
    in_child("without_memory", || {
        forbid_setup(libc::ENOMEM);
        on_epoll("no memory for a ring");
    });
}

#[test]
fn chosen_by_the_builder() {
    let mut chosen = ContextBuilder::new().driver(DriverChoice::Epoll).build();
    let driver = chosen.block_on(async {
        works().await;
        context::driver().engine().report().driver
    });
    assert_eq!(driver.unwrap(), "epoll");
    in_child("chosen_by_the_builder", || {
        forbid_setup(libc::EPERM);
        let mut insists = ContextBuilder::new().driver(DriverChoice::Uring).build();
        let error = insists.block_on(async {}).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("io_uring is forbidden here (EPERM)"),
            "{error}"
        );
    });
}

/// A splice that waits first for its source and then for its destination is known in one place only.
#[test]
fn what_has_waited_in_two_places_is_forgotten_in_both() {
    let mut context = ContextBuilder::new().driver(DriverChoice::Epoll).build();
    let done = context.block_on(async {
        let engine = context::driver().engine().clone();
        let (from, mut filler) = std::io::pipe().unwrap();
        let (mut drain, to) = std::io::pipe().unwrap();
        let room = rustix::pipe::fcntl_getpipe_size(&to).unwrap();
        std::io::Write::write_all(&mut &to, &vec![0; room]).unwrap();

        let pipes = (Target::of(&from), Target::of(&to));
        let mut splice = engine.op(op::Splice::new(pipes.0, pipes.1, 1));
        assert!(poll_at_most(1, &mut splice).await.is_none());
        context::sleep(Duration::from_millis(1)).await;
        std::io::Write::write_all(&mut filler, b"ab").unwrap();
        context::sleep(Duration::from_millis(1)).await;
        std::io::Read::read_exact(&mut drain, &mut vec![0; room]).unwrap();
        assert_eq!(splice.await.unwrap(), 1);

        // Its place goes to this one, which an event of the source must not reach.
        let mut timeout = engine.op(op::Timeout::new(Duration::from_millis(30)));
        assert!(poll_at_most(1, &mut timeout).await.is_none());
        context::sleep(Duration::from_millis(1)).await;
        std::io::Write::write_all(&mut filler, b"c").unwrap();
        timeout.await.unwrap();
        context::sleep(Duration::from_millis(60)).await;
        works().await;
    });
    done.unwrap();
}
