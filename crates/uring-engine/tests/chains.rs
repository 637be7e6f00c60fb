//! Linked operations run in order; a failure ends a soft chain and not a hard one.

#![cfg(not(loom))]

mod common;

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;

use common::{block_on, engine, fd};
use uring_engine::{Completion, LinkKind, Operation as _, Target, op};

#[test]
fn write_then_sync_then_read() {
    let engine = engine();
    let file = tempfile::tempfile().unwrap();
    let chain = engine
        .chain((
            op::Write::at(fd(&file), 0, vec![9_u8; 10_000]),
            op::Fsync::new(fd(&file)),
            op::Read::at(fd(&file), 0, Vec::with_capacity(10_000)),
            op::Fsync::data(fd(&file)),
        ))
        .unwrap();
    let ((written, _), synced, (read, bytes), data) = block_on(&engine, chain);
    assert_eq!(written.unwrap(), 10_000);
    synced.unwrap();
    data.unwrap();
    assert_eq!(read.unwrap(), 10_000);
    assert_eq!(bytes, vec![9_u8; 10_000]);
    let stats = engine.stats();
    assert_eq!((stats.submitted, stats.queue_full), (4, 0));
}

#[test]
fn a_failure_ends_a_soft_chain_only() {
    let engine = engine();
    for kind in [LinkKind::Soft, LinkKind::Hard] {
        let bad = op::Fsync::new(Target::Fd(-1));
        let chain = engine.chain((bad, op::Nop::new())).unwrap().link(kind);
        let (bad, nop) = block_on(&engine, chain);
        assert_eq!(bad.unwrap_err().raw_os_error(), Some(libc::EBADF));
        match kind {
            LinkKind::Soft => {
                assert_eq!(nop.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
            }
            LinkKind::Hard => nop.unwrap(),
        }
    }
}

#[test]
fn a_chain_that_is_never_polled_submits_nothing() {
    let engine = engine();
    drop(engine.chain((op::Nop::new(), op::Nop::new())).unwrap());
    assert_eq!((engine.queued(), engine.in_flight()), (0, 0));
    let late = engine.chain((op::Nop::new(), op::Nop::new())).unwrap();
    engine.shutdown();
    let mut late = late;
    let std::task::Poll::Ready((first, second)) = common::poll_once(&mut late) else {
        panic!("a chain polled after shutdown is cancelled");
    };
    assert!(first.is_err() && second.is_err());
}

#[test]
fn operations_are_taken_back_until_they_are_polled() {
    let engine = engine();
    let (pipe, _writer) = common::pipe();
    let read = || engine.op(op::Read::new(fd(&pipe), vec![5_u8; 3]));
    let operation = read().withdraw().expect("it was not polled");
    let (result, buffer) = operation.complete(Completion::CANCELLED);
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    assert_eq!(buffer, [5; 3]);
    let chain = engine.chain((op::Nop::new(), op::Nop::new())).unwrap();
    assert!(chain.withdraw().is_ok());
    assert_eq!((engine.queued(), engine.in_flight()), (0, 0));

    let mut polled = read();
    assert!(common::poll_once(&mut polled).is_pending());
    let mut polled = polled.withdraw().expect_err("it is under way");
    polled.cancel();
    let (result, buffer) = block_on(&engine, polled);
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    assert_eq!(buffer, [5; 3]);
    let mut chain = engine.chain((op::Nop::new(), op::Nop::new())).unwrap();
    assert!(common::poll_once(&mut chain).is_pending());
    let chain = chain.withdraw().expect_err("it is under way");
    let (first, second) = block_on(&engine, chain);
    first.and(second).unwrap();
}

#[test]
fn files_are_opened_and_closed() {
    let engine = engine();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new");
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    let open = op::OpenAt::new(name, libc::O_RDWR | libc::O_CREAT | libc::O_EXCL).mode(0o600);
    let file = block_on(&engine, engine.op(open)).unwrap();
    let (written, _) = block_on(&engine, engine.op(op::Write::at(fd(&file), 0, "text")));
    assert_eq!(written.unwrap(), 4);
    block_on(&engine, engine.op(op::Close::new(file))).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"text");
    let missing = op::OpenAt::new(c"/nonexistent/file".to_owned(), libc::O_RDONLY);
    let error = block_on(&engine, engine.op(missing)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
