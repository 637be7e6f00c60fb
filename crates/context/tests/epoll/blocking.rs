//! Operations that threads run: cancelled before they begin, while they run, and where there is no thread for them.

use std::ffi::CString;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use context::{BlockingConfig, BlockingPool, ContextBuilder, DriverChoice};
use uring_engine::{Op, op};

use crate::support::{Watchdog, poll_once};
use crate::{ends, engine, nothing_in_flight, on_epoll};

/// A name that nothing has yet.
fn fresh(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("epoll-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn named_pipe(name: &str) -> PathBuf {
    let path = fresh(name);
    let text = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the path ends with a zero byte.
    assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
    path
}

fn open(path: &std::path::Path, flags: i32) -> Op<op::OpenAt> {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    engine().op(op::OpenAt::new(path, flags).mode(0o600))
}

/// A pool of one thread, which is at work until told.
fn busy_pool() -> (BlockingPool, Sender<()>) {
    let pool = BlockingPool::new(BlockingConfig {
        max_threads: 1,
        ..BlockingConfig::default()
    });
    let (go, wait): (_, Receiver<()>) = channel();
    let (begin, begun) = channel();
    drop(pool.run(move || {
        begin.send(()).unwrap();
        let _ = wait.recv();
    }));
    begun.recv().unwrap();
    (pool, go)
}

#[test]
fn the_opening_of_a_named_pipe_that_is_given_up_at_once() {
    let _watchdog = Watchdog::new("an opening given up at once");
    let path = named_pipe("at-once");
    for flags in [libc::O_RDONLY, libc::O_WRONLY] {
        on_epoll(async {
            let mut opening = open(&path, flags | libc::O_CLOEXEC);
            assert!(poll_once(&mut opening).is_pending());
            drop(opening);
            nothing_in_flight("the opening").await;

            let mut opening = open(&path, flags | libc::O_CLOEXEC);
            assert!(poll_once(&mut opening).is_pending());
            opening.cancel();
            // It may have been opened, as somebody held the other end for a moment.
            let _ = ends("the opening", opening).await;
        });
    }
    std::fs::remove_file(path).unwrap();
}

/// The thread is made to end by opening the other end, which must not take another one in.
#[test]
fn the_opening_of_a_named_pipe_that_is_given_up_beside_another_one() {
    let _watchdog = Watchdog::new("an opening beside another one");
    let path = named_pipe("beside");
    on_epoll(async {
        let mut stays = open(&path, libc::O_RDONLY | libc::O_CLOEXEC);
        let mut goes = open(&path, libc::O_RDONLY | libc::O_CLOEXEC);
        assert!(poll_once(&mut stays).is_pending());
        assert!(poll_once(&mut goes).is_pending());
        context::sleep(Duration::from_millis(10)).await;
        drop(goes);
        let opened = context::timeout(Duration::from_millis(20), &mut stays).await;
        assert!(opened.is_err(), "nobody has opened the other end");
        let other_end = open(&path, libc::O_WRONLY | libc::O_CLOEXEC);
        drop(ends("the other end", other_end).await.unwrap());
        drop(ends("the opening", stays).await.unwrap());
        nothing_in_flight("the one that was given up").await;
    });
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_waits_for_a_thread_is_cancelled_at_once() {
    let _watchdog = Watchdog::new("what waits for a thread");
    let path = fresh("never-made");
    let (pool, go) = busy_pool();
    let mut context = ContextBuilder::new()
        .driver(DriverChoice::Epoll)
        .blocking_pool(pool.clone())
        .build();
    let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_CLOEXEC;
    let left = context.block_on(async {
        let mut opening = open(&path, flags);
        assert!(poll_once(&mut opening).is_pending());
        opening.cancel();
        let cancelled = ends("the operation", opening).await.unwrap_err();
        assert_eq!(cancelled.raw_os_error(), Some(libc::ECANCELED));

        // This one is under way when the context ends, which must not wait for the thread either.
        let mut opening = open(&path, flags);
        assert!(poll_once(&mut opening).is_pending());
        context::yield_now().await;
        [opening]
    });
    drop(left.unwrap());
    go.send(()).unwrap();
    pool.shutdown();
    assert!(!path.exists(), "a cancelled operation ran");
}

#[test]
fn without_threads_operations_fail() {
    let _watchdog = Watchdog::new("operations without threads");
    let pool = BlockingPool::default();
    pool.shutdown();
    let mut context = ContextBuilder::new()
        .driver(DriverChoice::Epoll)
        .blocking_pool(pool)
        .build();
    let opened = context.block_on(async {
        let opening = open("/proc/self/comm".as_ref(), libc::O_RDONLY | libc::O_CLOEXEC);
        ends("the operation", opening).await
    });
    assert_eq!(
        opened.unwrap().unwrap_err().raw_os_error(),
        Some(libc::ECANCELED)
    );
}

#[test]
fn operations_whose_thread_never_comes_fail() {
    let _watchdog = Watchdog::new("operations whose thread never comes");
    let (pool, go) = busy_pool();
    let mut context = ContextBuilder::new()
        .driver(DriverChoice::Epoll)
        .blocking_pool(pool.clone())
        .build();
    let opened = context.block_on(async {
        let mut opening = open("/proc/self/comm".as_ref(), libc::O_RDONLY | libc::O_CLOEXEC);
        assert!(poll_once(&mut opening).is_pending());
        context::sleep(Duration::from_millis(1)).await;
        let ending = std::thread::spawn(move || pool.shutdown_now());
        let output = ends("the operation", opening).await;
        go.send(()).unwrap();
        ending.join().unwrap();
        output
    });
    assert_eq!(
        opened.unwrap().unwrap_err().raw_os_error(),
        Some(libc::ECANCELED)
    );
}
