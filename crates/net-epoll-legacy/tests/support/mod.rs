//! What the tests share.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;

use net_epoll_legacy::{Acceptor, Connection, Handle, IoContext};

/// Runs a test inside a context of so many threads.
pub(crate) fn run<F: Future>(threads: usize, test: impl FnOnce(Handle) -> F) -> F::Output {
    let context = IoContext::multi_threaded(threads).unwrap();
    let future = test(context.handle());
    context.block_on(future).unwrap()
}

/// Two connected TCP sockets.
pub(crate) async fn pair(handle: &Handle) -> io::Result<(Connection, Connection)> {
    let acceptor = Acceptor::bind(handle, "127.0.0.1:0").await?;
    let client = Connection::connect(handle, acceptor.local_addr()?).await?;
    let (server, _) = acceptor.accept().await?;
    Ok((client, server))
}

/// Polls a future at most `polls` times, and drops it if it is still pending then.
pub(crate) async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Lets other tasks go on once.
pub(crate) async fn give_way() {
    let mut gave = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Receives until the buffer is full.
pub(crate) async fn receive_exactly(connection: &Connection, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match connection.receive(&mut buffer[filled..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(())
}

/// Descriptors that this process has open.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
