//! What the tests share: pairs of streams, known bytes, futures that are dropped early, a count of descriptors.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use uring_io::net::{TcpListener, TcpStream};

/// After this time a test has failed: what it waits for was lost.
const LIMIT: Duration = Duration::from_secs(180);

/// Runs a future on a context.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    context::block_on(context::timeout(LIMIT, future))
        .expect("a context runs here")
        .expect("it waits for something that does not come")
}

/// Two connected streams.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

/// Two connected streams, the first of which sends little at a time, so that writes have to wait.
pub(crate) async fn narrow_pair() -> (TcpStream, TcpStream) {
    let (client, server) = pair().await;
    client.set_send_buffer_size(16 * 1024).unwrap();
    (client, server)
}

/// Whether the current context runs on a ring of the kernel, and not on what stands in for it.
pub(crate) fn on_ring() -> bool {
    context::driver().engine().report().driver == "io_uring"
}

/// The length after which the bytes of a stream begin again: a prime, so that no power of two is a multiple of it.
const PERIOD: usize = 65_521;

/// One period, twice, so that any piece of up to a period lies in it without a break.
static PERIODS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mixed =
        |at: usize| ((at % PERIOD) as u64 ^ 0x5bd1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    (0..2 * PERIOD).map(|at| mixed(at) as u8).collect()
});

/// Known bytes from a position of a stream on, at most a period.
fn piece(stream: u64, position: u64, length: usize) -> &'static [u8] {
    let begin = ((position + stream * 7919) % PERIOD as u64) as usize;
    &PERIODS[begin..begin + length.min(PERIOD)]
}

/// The byte at a position of a stream.
pub(crate) fn byte_at(stream: u64, position: u64) -> u8 {
    piece(stream, position, 1)[0]
}

/// A piece of a stream.
pub(crate) fn bytes_at(stream: u64, position: u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        bytes.extend_from_slice(piece(
            stream,
            position + bytes.len() as u64,
            length - bytes.len(),
        ));
    }
    bytes
}

/// Checks that `bytes` are what the stream holds from `position` on.
#[track_caller]
pub(crate) fn check_bytes(stream: u64, position: u64, bytes: &[u8]) {
    if bytes != bytes_at(stream, position, bytes.len()) {
        let wrong = (position..)
            .zip(bytes)
            .find(|(at, byte)| **byte != byte_at(stream, *at));
        panic!("bytes {position}.. of stream {stream} are wrong from {wrong:?} on");
    }
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

/// Lets one test of a file run at a time, as those must that count the descriptors of the process.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Descriptors that this process has open.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Limits the descriptors that this process may have open, for good.
pub(crate) fn limit_descriptors(most: u64) {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// Raises the limit of descriptors as far as it goes; how many may be open then.
pub(crate) fn raise_descriptor_limit() -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    maximum.map_or(usize::MAX, |most| most as usize)
}

/// Runs the work of the test of that name in a process of its own, as limits are a process's: by running the test again.
#[track_caller]
pub(crate) fn in_own_process(test: &str, work: impl FnOnce()) {
    const OWN: &str = "CORIO_TEST_IN_OWN_PROCESS";
    if std::env::var_os(OWN).is_some() {
        return work();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(OWN, "1")
        .output()
        .unwrap();
    let (told, wrong) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}\n{wrong}"
    );
}

/// This program, for one of its tests that are ignored otherwise, with pipes for what it says.
pub(crate) fn part(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Random numbers that are the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A line that tells its number, of a length that depends on it: some are longer than a received piece.
pub(crate) fn line(number: u64) -> String {
    let length = match number % 50 {
        0 => 40_000,
        other => other * 7 % 90,
    };
    format!("{number}:{}", "x".repeat(length as usize))
}

/// The most bytes of resident memory that each of so many idle sockets may take: `expected`, and 2 MiB for all together, which
/// huge pages may add. More without a ring, where what waits is in tables of this process, and under AddressSanitizer, which
/// reserves terabytes of addresses and puts a zone around each allocation.
pub(crate) fn memory_limit(expected: usize, sockets: usize) -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').next().unwrap().parse().unwrap();
    if pages * 4096 > 1 << 40 {
        4096
    } else {
        let tables = if has_ring() { 0 } else { 300 };
        expected + tables + (2 << 20) / sockets
    }
}

/// Whether contexts of this process run on a ring.
fn has_ring() -> bool {
    let asked = std::thread::spawn(|| {
        context::block_on(async { context::driver().engine().has_ring() }).unwrap()
    });
    asked.join().unwrap()
}
