//! Panics in every place where a user's code runs: they end what they belong to, and nothing else.

mod support;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use net_epoll_legacy::{Connection, IoContext, JoinError};
use support::{give_way, run};

/// Panics when it is dropped.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("in a destructor, on purpose");
    }
}

/// Panics when it is to wake, or when it is let go.
struct BadWaker {
    in_wake: bool,
}

impl Wake for BadWaker {
    fn wake(self: Arc<Self>) {
        assert!(!self.in_wake, "in a waker, on purpose");
    }
}

impl Drop for BadWaker {
    fn drop(&mut self) {
        assert!(self.in_wake, "in a waker's destructor, on purpose");
    }
}

#[test]
fn a_panic_of_the_future_that_is_blocked_on_reaches_the_caller() {
    for threads in [1, 3] {
        let context = IoContext::multi_threaded(threads).unwrap();
        let clock = context.handle();
        context.spawn(async move { clock.sleep(Duration::from_secs(3600)).await });
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            context.block_on(async {
                give_way().await;
                panic!("on purpose")
            })
        }));
        assert!(panicked.is_err());
        // The context is as good as before.
        assert_eq!(context.block_on(async { 5 }).unwrap(), 5);
        assert_eq!(context.tasks(), 1);
    }
}

#[test]
fn a_destructor_that_panics_ends_nothing_but_its_task() {
    for threads in [1, 3] {
        run(threads, |handle| async move {
            // In a future that has ended, in an output that nobody takes, in what a panic carries, and in a future that is aborted.
            handle.spawn(async {
                give_way().await;
                PanicsOnDrop
            });
            let _left = handle.spawn_joined("left", async {
                give_way().await;
                PanicsOnDrop
            });
            handle.spawn(async {
                give_way().await;
                std::panic::resume_unwind(Box::new(PanicsOnDrop));
            });
            let clock = handle.clone();
            let aborted = handle.spawn_joined("aborted", async move {
                let _guard = PanicsOnDrop;
                clock.sleep(Duration::from_secs(3600)).await;
            });
            aborted.abort();
            let watched = handle.spawn_joined("watched", async { 7 });
            assert_eq!(watched.await.unwrap(), 7);
            for _ in 0..10 {
                give_way().await;
            }
        });
    }
    // What is left when the context goes.
    let context = IoContext::new().unwrap();
    let clock = context.handle();
    let left = context.handle().spawn_joined("left", async move {
        let _guard = PanicsOnDrop;
        clock.sleep(Duration::from_secs(3600)).await;
    });
    drop(context);
    let mut left = pin!(left);
    let joined = left.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(
        joined,
        Poll::Ready(Err(JoinError::Cancelled { .. }))
    ));
}

#[test]
fn a_waker_that_panics_ends_neither_the_loop_nor_the_turn_of_others() {
    for in_wake in [true, false] {
        for threads in [1, 2] {
            run(threads, |handle| async move {
                let (one, other) = Connection::pair(&handle).unwrap();
                let bad = Waker::from(Arc::new(BadWaker { in_wake }));
                let served = Arc::new(AtomicUsize::new(0));
                {
                    let (mut byte, receiver) = ([0], one.clone());
                    let mut first = Box::pin(receiver.receive(&mut byte));
                    let mut timer = Box::pin(handle.sleep(Duration::from_millis(1)));
                    let foreign = &mut Context::from_waker(&bad);
                    assert!(first.as_mut().poll(foreign).is_pending());
                    assert!(timer.as_mut().poll(foreign).is_pending());
                    let (next, counted) = (one.clone(), served.clone());
                    let second = handle.spawn_joined("second", async move {
                        next.receive(&mut [0]).await.unwrap();
                        counted.fetch_add(1, Ordering::SeqCst);
                    });
                    other.send_all(b"x").await.unwrap();
                    handle.sleep(Duration::from_millis(5)).await;
                    // It was told, and leaves: the next one is.
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(first)));
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(timer)));
                    second.await.unwrap();
                }
                assert_eq!(served.load(Ordering::SeqCst), 1);
                let _ = catch_unwind(AssertUnwindSafe(|| drop(bad)));
            });
        }
    }
}
