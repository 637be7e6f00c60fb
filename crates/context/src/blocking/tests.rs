//! The pool: outputs, panics, growth and its bound, idle threads, and both ways to shut down.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::{BlockingConfig, BlockingError, BlockingPool, BlockingTask};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

fn wait<T>(task: BlockingTask<T>) -> Result<T, BlockingError> {
    let mut task = pin!(task);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

fn pool_of(max_threads: usize) -> BlockingPool {
    BlockingPool::new(BlockingConfig {
        max_threads,
        ..BlockingConfig::default()
    })
}

/// A closure that says when it runs and then waits until the other end is dropped.
fn blocker(pool: &BlockingPool) -> (Sender<()>, Receiver<()>, BlockingTask<()>) {
    let (release, released) = channel::<()>();
    let (started, starts) = channel();
    let task = pool.run(move || {
        started.send(()).unwrap();
        let _ = released.recv();
    });
    (release, starts, task)
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_output_arrives() {
    let pool = BlockingPool::default();
    assert_eq!(wait(pool.run(|| 6 * 7)).unwrap(), 42);
    let name = wait(pool.run(|| thread::current().name().map(String::from))).unwrap();
    assert!(name.is_some_and(|name| name.starts_with("corio-block-")));
}

#[test]
fn a_panic_is_an_error_and_the_thread_lives_on() {
    let pool = pool_of(1);
    let first = wait(pool.run(|| thread::current().id())).unwrap();
    let error = wait(pool.run(|| panic!("number {}", 5))).unwrap_err();
    assert_eq!(error.to_string(), "a blocking closure panicked: number 5");
    let BlockingError::Panicked(payload) = error else {
        panic!("it panicked")
    };
    assert_eq!(payload.message().as_deref(), Some("number 5"));
    let error = wait(pool.run(|| panic_any(7_u8))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a blocking closure panicked: a payload that is not text"
    );
    let BlockingError::Panicked(payload) = error else {
        panic!("it panicked")
    };
    assert_eq!(payload.into_inner().downcast_ref(), Some(&7_u8));
    assert_eq!(wait(pool.run(|| thread::current().id())).unwrap(), first);
}

#[test]
fn a_dropped_task_runs_all_the_same() {
    let pool = pool_of(1);
    let (sender, receiver) = channel();
    drop(pool.run(move || sender.send(1)));
    assert_eq!(receiver.recv(), Ok(1));
}

#[test]
fn foreign_destructors_that_panic_do_not_end_the_thread() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor panics");
        }
    }
    let pool = pool_of(1);
    let first = wait(pool.run(|| thread::current().id())).unwrap();
    // The output of a closure that was detached before it ran is dropped on the thread.
    let (release, starts, blocked) = blocker(&pool);
    starts.recv().unwrap();
    drop(pool.run(|| Bomb));
    drop(release);
    wait(blocked).unwrap();
    assert_eq!(wait(pool.run(|| thread::current().id())).unwrap(), first);
    // A closure that never runs is dropped by whoever shuts down, who survives it too.
    let (release, starts, blocked) = blocker(&pool);
    starts.recv().unwrap();
    let bomb = Bomb;
    let refused = pool.run(move || std::mem::forget(bomb));
    let stopper = thread::spawn(move || pool.shutdown_now());
    assert!(matches!(wait(refused), Err(BlockingError::ShutDown)));
    drop(release);
    wait(blocked).unwrap();
    stopper.join().unwrap();
}

#[test]
fn ten_thousand_closures_run_once_each() {
    for max_threads in [1, 4, 64] {
        let pool = pool_of(max_threads);
        let runs = Arc::new(AtomicUsize::new(0));
        let run = |n: usize| {
            let runs = Arc::clone(&runs);
            pool.run(move || {
                runs.fetch_add(1, Ordering::Relaxed);
                n
            })
        };
        let tasks: Vec<_> = (0..10_000).map(run).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(wait(task).unwrap(), n);
        }
        assert_eq!(runs.load(Ordering::Relaxed), 10_000);
        assert!(pool.threads() <= max_threads);
    }
}

#[test]
fn threads_are_started_as_needed_and_no_more() {
    let pool = pool_of(3);
    assert_eq!(pool.threads(), 0);
    let blockers: Vec<_> = (0..5).map(|_| blocker(&pool)).collect();
    for (_, starts, _) in &blockers[..3] {
        starts.recv().unwrap();
    }
    assert_eq!((pool.threads(), pool.queued()), (3, 2));
    for (release, _, task) in blockers {
        drop(release);
        wait(task).unwrap();
    }
    assert_eq!(pool.threads(), 3);
}

#[test]
fn an_idle_thread_is_used_before_another_is_started() {
    let pool = pool_of(3);
    for _ in 0..3 {
        wait(pool.run(|| ())).unwrap();
        until(|| pool.idle_threads() == pool.threads());
        assert_eq!(pool.threads(), 1);
    }
}

#[test]
fn order_of_a_single_thread_is_that_of_submission() {
    let pool = pool_of(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    for n in 0..100 {
        let order = Arc::clone(&order);
        drop(pool.run(move || order.lock().unwrap().push(n)));
    }
    pool.shutdown();
    assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
}

#[test]
fn idle_threads_end() {
    let keep_alive = Duration::from_millis(5);
    let pool = BlockingPool::new(BlockingConfig {
        keep_alive,
        ..BlockingConfig::default()
    });
    let blockers: Vec<_> = (0..8).map(|_| blocker(&pool)).collect();
    for (release, _, task) in blockers {
        drop(release);
        wait(task).unwrap();
    }
    until(|| pool.threads() == 0);
    assert_eq!(wait(pool.run(|| 1)).unwrap(), 1, "it starts anew");
    until(|| pool.threads() == 0);
}

/// The times that a thread of this process gave its processor up by itself.
fn voluntary_switches(thread: libc::pid_t) -> String {
    let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("voluntary_ctxt_switches"));
    line.expect("the kernel counts them").to_string()
}

#[test]
fn an_idle_thread_sleeps() {
    let pool = pool_of(1);
    // SAFETY: the call takes nothing.
    let thread = wait(pool.run(|| unsafe { libc::gettid() })).unwrap();
    until(|| pool.idle_threads() == 1);
    let state = || std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
    until(|| state().contains(") S "));
    let before = voluntary_switches(thread);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(voluntary_switches(thread), before, "it woke without work");
}

#[test]
fn a_shutdown_runs_what_is_queued() {
    let pool = pool_of(2);
    let tasks: Vec<_> = (0..1_000).map(|n| pool.run(move || n)).collect();
    pool.shutdown();
    assert_eq!((pool.threads(), pool.queued()), (0, 0));
    for (n, task) in tasks.into_iter().enumerate() {
        assert!(task.is_finished());
        assert_eq!(wait(task).unwrap(), n);
    }
    assert!(matches!(wait(pool.run(|| 1)), Err(BlockingError::ShutDown)));
    pool.shutdown();
}

#[test]
fn a_shutdown_now_drops_what_is_queued() {
    let pool = pool_of(1);
    let (release, starts, running) = blocker(&pool);
    starts.recv().unwrap();
    let held = Arc::new(());
    let queued: Vec<_> = (0..10)
        .map(|_| {
            let held = Arc::clone(&held);
            pool.run(move || drop(held))
        })
        .collect();
    let stopper = thread::spawn({
        let pool = pool.clone();
        move || pool.shutdown_now()
    });
    for task in queued {
        assert!(matches!(wait(task), Err(BlockingError::ShutDown)));
    }
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(!running.is_finished(), "what runs is waited for");
    drop(release);
    stopper.join().unwrap();
    assert!(running.is_finished());
}

#[test]
fn the_last_handle_shuts_down() {
    let runs = Arc::new(AtomicUsize::new(0));
    let pool = pool_of(2);
    for _ in 0..100 {
        let runs = Arc::clone(&runs);
        drop(
            pool.clone()
                .run(move || runs.fetch_add(1, Ordering::Relaxed)),
        );
    }
    drop(pool);
    assert_eq!(runs.load(Ordering::Relaxed), 100);
    assert_eq!(
        Arc::strong_count(&runs),
        1,
        "nothing is left of the closures"
    );
}

#[test]
fn a_closure_may_drop_the_last_handle() {
    let pool = pool_of(1);
    let (release, starts, _blocked) = blocker(&pool);
    starts.recv().unwrap();
    let (sender, receiver) = channel();
    let inner = pool.clone();
    drop(pool.run(move || {
        drop(inner);
        sender.send(()).unwrap();
    }));
    drop(pool);
    drop(release);
    receiver.recv().unwrap();
}

#[test]
fn a_closure_may_use_the_pool() {
    let pool = pool_of(2);
    let inner = pool.clone();
    let sum = wait(pool.run(move || wait(inner.run(|| 1)).unwrap() + 1)).unwrap();
    assert_eq!(sum, 2);
}

#[test]
fn a_poll_after_the_end_panics() {
    let pool = pool_of(1);
    let mut task = pin!(pool.run(|| 1));
    until(|| task.is_finished());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(task.as_mut().poll(&mut cx).is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx).is_ready()));
    assert!(again.is_err());
    assert!(task.is_finished());
}
