//! Requirements 2 and 16: a task runs on its home thread only, whoever wakes it, and its wakers are counted right wherever
//! they are cloned and dropped.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use crate::support::{Drops, Witness, own_waker, started, stop};

/// 2: 100,000 wakes by other threads: every poll, and the drop, happen on the home thread.
#[test]
fn polls_stay_at_home() {
    let mut context = started();
    let home = context
        .handle()
        .submit(async { thread::current().id() })
        .unwrap()
        .join_blocking()
        .unwrap();
    let drops = Drops::default();
    let guard = drops.guard();
    let stopping = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let stop_task = stopping.clone();
    let task = context
        .handle()
        .submit(async move {
            let _guard = guard;
            let waker = own_waker().await;
            sender.send(waker).unwrap();
            poll_fn(|_| {
                assert_eq!(thread::current().id(), home);
                if stop_task.load(Ordering::Acquire) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        })
        .unwrap();
    let waker = receiver.recv().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let waker = waker.clone();
            thread::spawn(move || {
                for round in 0..25_000 {
                    match round % 3 {
                        0 => waker.wake_by_ref(),
                        1 => {
                            let clone = waker.clone();
                            clone.wake();
                        }
                        _ => drop(waker.clone()),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    stopping.store(true, Ordering::Release);
    waker.wake();
    task.join_blocking().unwrap();
    assert_eq!(drops.threads(), [home]);
    stop(&mut context);
}

/// Where something is done.
#[derive(Clone, Copy, Debug)]
enum Where {
    Home,
    Elsewhere,
}

use Where::{Elsewhere, Home};

fn at(place: Where, action: impl FnOnce() + Send) {
    match place {
        Home => action(),
        Elsewhere => thread::scope(|scope| {
            scope.spawn(action);
        }),
    }
}

/// 16: wakers cloned here and dropped there, in each combination, before and after the task's end. Counting that is
/// off by one either way frees the task early or never.
#[test]
fn a_clone_is_dropped_anywhere() {
    for cloned in [Home, Elsewhere] {
        for dropped in [Home, Elsewhere] {
            for after_the_end in [false, true] {
                for handle in [false, true] {
                    clone_and_drop(cloned, dropped, after_the_end, handle);
                }
            }
        }
    }
}

fn clone_and_drop(cloned: Where, dropped: Where, after_the_end: bool, keep_handle: bool) {
    let witness = Witness::new();
    context::block_on(async {
        let (sender, receiver) = mpsc::channel();
        let task = context::spawn_named(witness.name(), async move {
            sender.send(own_waker().await).unwrap();
            context::yield_now().await;
        });
        context::yield_now().await;
        let first = receiver.recv().unwrap();
        let mut second = None;
        let slot = &mut second;
        let original = &first;
        at(cloned, move || *slot = Some(original.clone()));
        let second = second.unwrap();
        let handle = if keep_handle {
            Some(task)
        } else {
            task.detach();
            None
        };
        if after_the_end {
            for _ in 0..3 {
                context::yield_now().await;
            }
        }
        at(dropped, move || drop(first));
        assert_eq!(witness.holders(), 1, "the clone keeps the task");
        for _ in 0..3 {
            context::yield_now().await;
        }
        assert_eq!(witness.holders(), 1);
        at(dropped, move || second.wake());
        while witness.holders() > usize::from(keep_handle) {
            context::yield_now().await;
        }
        assert_eq!(witness.holders(), usize::from(keep_handle));
        drop(handle);
        assert_eq!(
            witness.holders(),
            0,
            "{cloned:?} {dropped:?} {after_the_end}"
        );
    })
    .unwrap();
}

/// 16: a task that wakes itself in its last poll, from its own thread and through another, ends once and is freed.
#[test]
fn a_wake_in_the_last_poll() {
    for place in [Home, Elsewhere] {
        for keep_handle in [false, true] {
            let witness = Witness::new();
            let polls = Arc::new(AtomicUsize::new(0));
            context::block_on(async {
                let counted = polls.clone();
                let task = context::spawn_named(
                    witness.name(),
                    poll_fn(move |cx| {
                        counted.fetch_add(1, Ordering::Relaxed);
                        let waker = cx.waker();
                        at(place, move || waker.wake_by_ref());
                        let clone = waker.clone();
                        clone.wake();
                        Poll::Ready(3)
                    }),
                );
                if keep_handle {
                    assert_eq!(task.await.unwrap(), 3);
                } else {
                    task.detach();
                }
                // What came from the other thread is looked at once in a batch.
                while witness.holders() > 0 {
                    context::yield_now().await;
                }
            })
            .unwrap();
            assert_eq!(polls.load(Ordering::Relaxed), 1);
        }
    }
}

/// 16: many wakes of a queued task make it run once.
#[test]
fn wakes_of_a_queued_task_coalesce() {
    context::block_on(async {
        let polls = std::rc::Rc::new(std::cell::Cell::new(0));
        let counted = polls.clone();
        let (sender, receiver) = mpsc::channel::<Waker>();
        let task = context::spawn(poll_fn(move |cx| {
            counted.set(counted.get() + 1);
            let _ = sender.send(cx.waker().clone());
            if counted.get() == 2 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        context::yield_now().await;
        let waker = receiver.recv().unwrap();
        for _ in 0..100 {
            waker.wake_by_ref();
        }
        task.await.unwrap();
        context::yield_now().await;
        assert_eq!(polls.get(), 2);
    })
    .unwrap();
}

/// 16: the race of the biased count: a task completes while other threads clone, wake and drop its wakers.
#[test]
fn completion_races_with_wakers() {
    let mut context = started();
    for round in 0..3000 {
        let witness = Witness::new();
        let (sender, receiver) = mpsc::channel();
        let task = context
            .handle()
            .submit_named(witness.name(), async move {
                let waker = own_waker().await;
                sender.send(waker.clone()).unwrap();
                if round % 2 == 0 {
                    context::yield_now().await;
                }
                drop(waker);
            })
            .unwrap();
        let waker = receiver.recv().unwrap();
        if round % 3 == 0 {
            task.detach();
        } else {
            waker.wake_by_ref();
            task.join_blocking().unwrap();
        }
        let second = waker.clone();
        waker.wake();
        drop(second);
        if witness.holders() != 0 {
            // The context may still be about to let go.
            crate::support::until(|| witness.holders() == 0);
        }
    }
    stop(&mut context);
}
