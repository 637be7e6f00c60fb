//! What the tests share: a small loop around `turn`, and sockets.

#![allow(dead_code)]

pub(crate) mod refusal;

use std::future::Future;
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use uring_engine::{Engine, EngineConfig, Target, Wait};

/// An engine with default settings.
pub(crate) fn engine() -> Engine {
    engine_with(EngineConfig::default())
}

pub(crate) fn engine_with(config: EngineConfig) -> Engine {
    Engine::new(&config).expect("io_uring is needed for these tests")
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) wakes: AtomicUsize,
    ready: AtomicBool,
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        self.ready.store(true, Ordering::SeqCst);
    }
}

/// Runs a future on an engine: polls it only when its waker was woken.
pub(crate) fn block_on<F: Future>(engine: &Engine, future: F) -> F::Output {
    let mut future = pin!(future);
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while !counter.ready.swap(false, Ordering::SeqCst) {
            engine.turn(Wait::Until(None)).expect("a turn failed");
        }
    }
}

/// Polls once with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Turns until nothing is in flight.
pub(crate) fn settle(engine: &Engine) {
    while engine.in_flight() > 0 {
        let turn = engine
            .turn(Wait::Until(Some(Duration::from_secs(20))))
            .expect("a turn failed");
        assert!(!turn.timed_out, "an operation does not end");
    }
}

/// Keeps tests that count descriptors apart from the others of their file.
pub(crate) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Two ends of a TCP connection.
pub(crate) fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (client, server)
}

/// Read and write end of a pipe.
pub(crate) fn pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    std::io::pipe().unwrap()
}

pub(crate) fn fd(of: &impl std::os::fd::AsRawFd) -> Target {
    Target::of(of)
}

/// Open descriptors of this process.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
