//! What the polls do, and that nothing else changes.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::task::Poll;
use std::thread;

use context::Context;
use context::inspect::{self, TaskInfo, TaskState, WaitingOn};
use sync_prims::{Mutex, Notify, Semaphore};

use crate::support::{Gate, Watchdog, started, stop, until};
use crate::{LONG, named, plain, spawn_waiting, traced, until_waiting, waits};

/// Waits of this crate that a context does not know: another context's task, the blocking pool, a group whose children's wakers are
/// A question without traces polls nobody; one with them polls each waiting task once, which changes nothing that tells how long it has
/// waited.
#[test]
fn only_who_asks_for_it_has_tasks_polled() {
    let _watchdog = Watchdog::new("only_who_asks_for_it_has_tasks_polled");
    let mut context = started();
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let task = context
        .handle()
        .submit_named(
            "counts",
            poll_fn(move |_| -> Poll<()> {
                counted.fetch_add(1, Ordering::SeqCst);
                Poll::Pending
            }),
        )
        .unwrap();
    until_waiting(&context.handle(), 1);
    for _ in 0..3 {
        plain(&context);
    }
    assert_eq!(polls.load(Ordering::SeqCst), 1);
    let before = plain(&context);
    let after = traced(&context);
    assert_eq!(polls.load(Ordering::SeqCst), 2);
    let [before_task, after_task] = [&before, &after].map(|snapshot| named(snapshot, "counts"));
    assert_eq!(after_task.polls, 1);
    assert!(after_task.since_poll >= before_task.since_poll);
    assert_eq!(
        after.contexts[0].metrics.polls,
        before.contexts[0].metrics.polls + 1
    );
    drop(task);
    stop(&mut context);
}

/// Those who wait in line, on two contexts in turn, are served in the order in which they came, however often those of one are
/// traced.
#[test]
fn a_line_keeps_its_order() {
    const WAITERS: usize = 10;
    let _watchdog = Watchdog::new("a_line_keeps_its_order");
    let mut contexts = [started(), started()];
    let handles = contexts.each_ref().map(Context::handle);
    let shared = Arc::new((Mutex::new(()), Semaphore::new(0)));
    let order = [(); 2].map(|()| Arc::new(StdMutex::new(Vec::new())));
    let held = shared.0.try_lock().unwrap();
    let mut tasks = Vec::new();
    for number in 0..WAITERS {
        let (for_lock, locked) = (shared.clone(), order[0].clone());
        let (for_permit, permitted) = (shared.clone(), order[1].clone());
        let handle = &handles[number % 2];
        let lock = handle.submit(async move {
            let _held = for_lock.0.lock().await;
            locked.lock().unwrap().push(number);
        });
        let permit = handle.submit(async move {
            for_permit.1.acquire().await.unwrap().forget();
            permitted.lock().unwrap().push(number);
        });
        tasks.extend([lock.unwrap(), permit.unwrap()]);
        // In line before the next one comes.
        until_waiting(handle, 2 * (number / 2 + 1));
    }
    for _ in 0..3 {
        let snapshot = traced(&contexts[0]);
        assert_eq!(snapshot.tasks().count(), WAITERS);
        assert!(snapshot.tasks().all(|task| waits(task).len() == 1));
    }
    drop(held);
    for permits in 1..=WAITERS {
        shared.1.add_permits(1);
        until(|| order[1].lock().unwrap().len() == permits);
        traced(&contexts[0]);
    }
    for task in tasks {
        task.join_blocking().unwrap();
    }
    for served in &order {
        assert_eq!(*served.lock().unwrap(), Vec::from_iter(0..WAITERS));
    }
    contexts.iter_mut().for_each(stop);
}

/// A task that finds itself ready in the poll ends, one that panics there fails, one that goes on to another wait is seen there.
#[test]
fn what_a_traced_poll_does_counts() {
    let _watchdog = Watchdog::new("what_a_traced_poll_does_counts");
    let mut context = started();
    let ready = Arc::new(AtomicBool::new(false));
    // Ready without a wake.
    let flag = ready.clone();
    let silent = move || {
        let flag = flag.clone();
        poll_fn(move |_| match flag.load(Ordering::SeqCst) {
            true => Poll::Ready(7),
            false => Poll::Pending,
        })
    };
    let handle = context.handle();
    let ends = handle.submit(silent()).unwrap();
    let waits_for_panic = silent();
    let fails = handle
        .submit(async move {
            let number: u32 = waits_for_panic.await;
            assert_eq!(number, 0, "in the traced poll");
        })
        .unwrap();
    let waits_for_more = silent();
    spawn_waiting(&handle, || {
        context::spawn_named("goes on", async move {
            waits_for_more.await;
            context::spawn(async {}).await.unwrap();
            context::sleep(LONG).await;
        })
        .detach();
    });
    until_waiting(&handle, 3);
    ready.store(true, Ordering::SeqCst);
    let snapshot = traced(&context);
    // It has spawned a task, and waits for it to be polled.
    let [WaitingOn::Join { .. }] = named(&snapshot, "goes on").waiting_on[..] else {
        panic!("{snapshot}");
    };
    assert_eq!(ends.join_blocking().unwrap(), 7);
    assert!(fails.join_blocking().unwrap_err().is_panic());
    let is_timer = |task: &TaskInfo| matches!(task.waiting_on[..], [WaitingOn::Timer { .. }]);
    until(|| is_timer(named(&plain(&context), "goes on")));
    stop(&mut context);
}

/// A task that is woken in its traced poll, or by that of another, is queued; it waits for nothing and is polled again.
#[test]
fn a_wake_during_the_trace_is_not_lost() {
    let _watchdog = Watchdog::new("a_wake_during_the_trace_is_not_lost");
    let mut context = started();
    let polls = Arc::new(AtomicUsize::new(0));
    let gate = Gate::default();
    let handle = context.handle();
    let counted = polls.clone();
    // In its second poll, the traced one, it wakes itself by the waker that it was given, in its third it ends.
    let itself = handle
        .submit_named(
            "itself",
            poll_fn(move |cx| match counted.fetch_add(1, Ordering::SeqCst) {
                0 => Poll::Pending,
                1 => {
                    let kept = cx.waker().clone();
                    cx.waker().wake_by_ref();
                    drop(kept);
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }),
        )
        .unwrap();
    until_waiting(&handle, 1);
    let (waits, opens) = (gate.clone(), gate.clone());
    let other = handle
        .submit_named("other", async move { waits.wait().await })
        .unwrap();
    until(|| gate.waiting() == 1);
    let mut first = true;
    let opener = handle
        .submit(poll_fn(move |_| {
            if !std::mem::take(&mut first) {
                opens.open();
            }
            Poll::<()>::Pending
        }))
        .unwrap();
    until_waiting(&handle, 3);
    let waits = gate.clone();
    let later = handle
        .submit_named("later", async move { waits.wait().await })
        .unwrap();
    until_waiting(&handle, 4);
    let snapshot = traced(&context);
    // The oldest is traced first, so the last one is not polled: it is to be anyway.
    for name in ["itself", "other", "later"] {
        let task = named(&snapshot, name);
        assert_eq!((task.state, task.polls), (TaskState::Queued, 1), "{name}");
        assert_eq!(task.waiting_on, []);
    }
    later.join_blocking().unwrap();
    itself.join_blocking().unwrap();
    other.join_blocking().unwrap();
    assert_eq!(polls.load(Ordering::SeqCst), 3);
    drop(opener);
    stop(&mut context);
}

/// The waker that a traced poll has handed out is the task's own: the next poll finds the same one, and the last one to be dropped on
/// another thread frees the task.
#[test]
fn a_traced_poll_hands_out_the_task_s_own_waker() {
    let _watchdog = Watchdog::new("a_traced_poll_hands_out_the_task_s_own_waker");
    let mut context = started();
    let wakers = Arc::new(StdMutex::new(Vec::new()));
    let kept = wakers.clone();
    let task = context
        .handle()
        .submit(poll_fn(move |cx| {
            let mut kept = kept.lock().unwrap();
            kept.push(cx.waker().clone());
            match kept.len() {
                3 => Poll::Ready(kept[0].will_wake(&kept[1]) && kept[1].will_wake(cx.waker())),
                _ => Poll::Pending,
            }
        }))
        .unwrap();
    until(|| wakers.lock().unwrap().len() == 1);
    until_waiting(&context.handle(), 1);
    traced(&context);
    assert_eq!(wakers.lock().unwrap().len(), 2);
    // From this thread, by the one that was cloned in the traced poll.
    let waker = wakers.lock().unwrap()[1].clone();
    waker.wake();
    assert!(task.join_blocking().unwrap());
    wakers.lock().unwrap().clear();
    stop(&mut context);
}

/// While two threads ask, one with traces and one without, others wake the tasks: each answer is of the kind that was asked for, and no wake
/// is lost.
#[test]
fn questions_of_both_kinds_and_wakes_do_not_hinder_each_other() {
    const ROUNDS: usize = 200;
    let _watchdog = Watchdog::new("questions_of_both_kinds_and_wakes_do_not_hinder_each_other");
    let mut context = started();
    let handle = context.handle();
    spawn_waiting(&handle, || {
        context::spawn_named("for ever", async { Notify::new().notified().await }).detach();
    });
    let turns = Arc::new([Semaphore::new(0), Semaphore::new(0)]);
    let inside = turns.clone();
    let echo = handle.submit(async move {
        for _ in 0..ROUNDS {
            inside[0].acquire().await.unwrap().forget();
            inside[1].add_permits(1);
        }
    });
    let done = Arc::new(AtomicBool::new(false));
    let askers = [false, true].map(|with_traces| {
        let (handle, done) = (handle.clone(), done.clone());
        thread::spawn(move || {
            let handles = [handle];
            while !done.load(Ordering::SeqCst) {
                let snapshot = match with_traces {
                    true => inspect::traced_within(&handles, LONG),
                    false => inspect::within(&handles, LONG),
                };
                assert!(snapshot.contexts[0].answered);
                let found = named(&snapshot, "for ever").waiting_on.len();
                assert!(found == 1 || !with_traces, "{snapshot}");
            }
        })
    });
    for _ in 0..ROUNDS {
        turns[0].add_permits(1);
        sync_prims::blocking::block_on(turns[1].acquire())
            .unwrap()
            .forget();
    }
    done.store(true, Ordering::SeqCst);
    for asker in askers {
        asker.join().unwrap();
    }
    echo.unwrap().join_blocking().unwrap();
    stop(&mut context);
}

/// Asked on its own thread, a context polls nobody: its tasks may be in the middle of anything. Asked from its pool, it does.
#[test]
fn a_task_has_its_own_context_traced_from_elsewhere() {
    let _watchdog = Watchdog::new("a_task_has_its_own_context_traced_from_elsewhere");
    context::block_on(async {
        let lock = Rc::new(Mutex::new(()));
        let held = lock.lock().await;
        let other = lock.clone();
        let task = context::spawn_named("waits", async move { drop(other.lock().await) });
        context::yield_now().await;
        let handles = [context::handle()];
        let here = inspect::traced_within(&handles, LONG);
        assert!(here.contexts[0].answered);
        assert_eq!(named(&here, "waits").waiting_on, []);
        let there = context::spawn_blocking(move || inspect::traced_within(&handles, LONG)).await;
        assert_eq!(waits(named(&there.unwrap(), "waits")).len(), 1);
        drop(held);
        task.await.unwrap();
    })
    .unwrap();
}

/// A context in somebody else's loop traces in its turns.
#[test]
fn a_driven_context_traces() {
    let _watchdog = Watchdog::new("a_driven_context_traces");
    let mut driven = Context::new().into_driven().unwrap();
    let handle = driven.handle();
    driven.enter(|| {
        context::spawn_named("waits", async { Notify::new().notified().await }).detach();
    });
    while let context::Next::Work = driven.turn().unwrap() {}
    let asker = thread::spawn(move || inspect::traced_within(&[handle], LONG));
    while !asker.is_finished() {
        let _ = driven.turn().unwrap();
        thread::yield_now();
    }
    let snapshot = asker.join().unwrap();
    assert_eq!(
        waits(named(&snapshot, "waits"))[0].future,
        "sync_prims::notify::futures::Notified"
    );
}

/// A run that ends meanwhile answers nobody, and nobody waits for it.
#[test]
fn a_run_that_ends_leaves_nobody_waiting() {
    let _watchdog = Watchdog::new("a_run_that_ends_leaves_nobody_waiting");
    let mut context = started();
    let handle = context.handle();
    spawn_waiting(&handle, || {
        for _ in 0..50 {
            context::spawn(async { Notify::new().notified().await }).detach();
        }
    });
    let asker = thread::spawn(move || {
        while inspect::traced_within(std::slice::from_ref(&handle), LONG).contexts[0].answered {}
    });
    thread::yield_now();
    stop(&mut context);
    asker.join().unwrap();
}
