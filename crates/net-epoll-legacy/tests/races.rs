//! Several threads at once: wakes, stops and closes that come in between.

mod support;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use net_epoll_legacy::{Connection, IoContext, JoinError};
use support::{give_way, pair, receive_exactly, run};

/// Fails if it does not end: in a thread of its own, as what hangs is the loop.
fn ends<T: Send + 'static>(what: &str, test: impl FnOnce() -> T + Send + 'static) -> T {
    let (said, heard) = mpsc::channel();
    let testing = thread::spawn(move || {
        let output = test();
        let _ = said.send(());
        output
    });
    if heard.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("{what} does not end");
    }
    testing.join().unwrap()
}

#[test]
fn a_stop_ends_in_time_whenever_it_comes() {
    ends("a stop", || {
        for round in 0..600 {
            let context = IoContext::multi_threaded(1 + round % 2).unwrap();
            context.spawn(std::future::pending::<()>());
            let handle = context.handle();
            let stopper = thread::spawn(move || {
                for _ in 0..round % 50 * 20 {
                    std::hint::spin_loop();
                }
                handle.stop_within(Duration::from_millis(1));
            });
            context.run().unwrap();
            stopper.join().unwrap();
        }
    });
}

#[test]
fn a_stop_may_be_cut_short_but_not_drawn_out() {
    for graces in [[3600, 0], [0, 3600]] {
        ends("a second stop", move || {
            let context = IoContext::new().unwrap();
            context.spawn(std::future::pending::<()>());
            let handle = context.handle();
            thread::scope(|scope| {
                scope.spawn(|| {
                    for seconds in graces {
                        handle.stop_within(Duration::from_secs(seconds));
                        // It sleeps by then.
                        thread::sleep(Duration::from_millis(20));
                    }
                });
                context.run().unwrap();
            });
        });
    }
}

#[test]
fn threads_that_sleep_take_what_others_leave() {
    ends("two tasks that need two threads", || {
        run(2, |handle| async move {
            for _ in 0..200 {
                let meeting = Arc::new(Barrier::new(2));
                let (said, wakers) = mpsc::channel::<Waker>();
                let tasks: Vec<_> = (0..2)
                    .map(|_| {
                        let (meeting, said, mut is_woken) = (meeting.clone(), said.clone(), false);
                        let waits = poll_fn(move |cx| {
                            if std::mem::replace(&mut is_woken, true) {
                                meeting.wait();
                                return Poll::Ready(());
                            }
                            said.send(cx.waker().clone()).unwrap();
                            Poll::Pending
                        });
                        handle.spawn_joined("meets", waits)
                    })
                    .collect();
                // All threads sleep.
                thread::sleep(Duration::from_millis(1));
                let wakers: Vec<_> = wakers.try_iter().collect();
                wakers.into_iter().for_each(Waker::wake);
                for task in tasks {
                    task.await.unwrap();
                }
            }
        });
    });
}

#[test]
fn a_future_that_parks_its_thread_loses_no_wake() {
    for threads in [1, 2] {
        let polls = ends("a future that parks its thread", move || {
            run(threads, |_| {
                let mut polls = 0;
                poll_fn(move |cx| {
                    polls += 1;
                    if polls == 3 {
                        return Poll::Ready(polls);
                    }
                    cx.waker().wake_by_ref();
                    // As whatever blocks in it may: it takes the token of another's wake.
                    thread::park_timeout(Duration::from_millis(1));
                    Poll::Pending
                })
            })
        });
        assert_eq!(polls, 3);
    }
}

#[test]
fn what_is_spawned_during_an_abort_ends() {
    ends("a task that is spawned during an abort", || {
        for round in 0..300 {
            let context = IoContext::multi_threaded(1 + round % 2).unwrap();
            let handle = context.handle();
            context.spawn(std::future::pending::<()>());
            let spawner = thread::spawn(move || {
                let mut tasks = Vec::new();
                while !handle.is_stopping() {
                    let clock = handle.clone();
                    tasks.push(handle.spawn_joined("", async move {
                        give_way().await;
                        clock.sleep(Duration::from_secs(3600)).await;
                    }));
                }
                tasks
            });
            let handle = context.handle();
            let aborter = thread::spawn(move || handle.request_abort());
            context.run().unwrap();
            aborter.join().unwrap();
            // The context is still there: its end is not what ends them.
            for task in spawner.join().unwrap() {
                let mut task = std::pin::pin!(task);
                let ended = loop {
                    let polled = task
                        .as_mut()
                        .poll(&mut std::task::Context::from_waker(Waker::noop()));
                    match polled {
                        Poll::Ready(ended) => break ended,
                        Poll::Pending => thread::yield_now(),
                    }
                };
                assert!(matches!(ended, Err(JoinError::Cancelled { .. })));
            }
            assert_eq!(context.tasks(), 0);
        }
    });
}

#[test]
fn numbers_of_closed_descriptors_are_used_again_without_a_mix_up() {
    ends("short connections on several threads", || {
        let moved = run(3, |handle| async move {
            let mut tasks = Vec::new();
            for number in 0..8_u8 {
                let handle = handle.clone();
                tasks.push(handle.clone().spawn_joined("short", async move {
                    let mut moved = 0;
                    for round in 0..300_usize {
                        let (one, other) = Connection::pair(&handle).unwrap();
                        let length = 1 + round * 7 % 300;
                        let sender = handle.spawn_joined("sender", async move {
                            give_way().await;
                            one.send_all(&vec![number; length]).await
                        });
                        let mut buffer = vec![0; length];
                        // An event for the one that had this number before may come now.
                        receive_exactly(&other, &mut buffer).await.unwrap();
                        assert!(buffer.iter().all(|byte| *byte == number));
                        sender.await.unwrap().unwrap();
                        assert_eq!(other.receive(&mut buffer).await.unwrap(), 0);
                        moved += length;
                    }
                    moved
                }));
            }
            let mut moved = 0;
            for task in tasks {
                moved += task.await.unwrap();
            }
            (moved, handle)
        });
        assert_eq!(
            moved.0,
            8 * (0..300).map(|round| 1 + round * 7 % 300).sum::<usize>()
        );
        assert!(moved.1.is_stopping());
    });
}

#[test]
fn awaiters_are_dropped_on_other_threads_while_bytes_come() {
    ends("awaiters that are dropped elsewhere", || {
        run(2, |handle| async move {
            let (one, other) = pair(&handle).await.unwrap();
            let (give, take) = mpsc::channel::<Pin<Box<dyn Future<Output = u8> + Send>>>();
            let dropper = thread::spawn(move || take.into_iter().for_each(drop));
            const TOTAL: usize = 20_000;
            let sending = handle.spawn_joined("sender", async move {
                for at in 0..TOTAL {
                    one.send_all(&[(at % 251) as u8]).await.unwrap();
                }
            });
            let mut at = 0;
            while at < TOTAL {
                // It may be told at the very moment in which it is dropped.
                let receiver = other.clone();
                let mut waiting = Box::pin(async move {
                    let mut byte = [0];
                    receiver.receive(&mut byte).await.unwrap();
                    byte[0]
                });
                let byte = match poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx))).await {
                    Poll::Ready(byte) => byte,
                    Poll::Pending => {
                        give.send(waiting).unwrap();
                        let mut byte = [0];
                        other.receive(&mut byte).await.unwrap();
                        byte[0]
                    }
                };
                assert_eq!(byte, (at % 251) as u8);
                at += 1;
            }
            sending.await.unwrap();
            drop(give);
            dropper.join().unwrap();
        });
    });
}
