//! Requirement 16: join with output, panics as errors, detach, names, yield.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use crate::support::{Drops, Gate, Witness, poll_once, started, stop};

/// 16: the output arrives, whatever it is: moved, not `Send`, not `Clone`, zero-sized, large.
#[test]
fn outputs_of_all_kinds_arrive() {
    context::block_on(async {
        let rc = context::spawn(async { Rc::new(Cell::new(5)) });
        assert_eq!(rc.await.unwrap().get(), 5);
        context::spawn(async {}).await.unwrap();
        let large = context::spawn(async { [7_u64; 1000] }).await.unwrap();
        assert!(large.iter().all(|n| *n == 7));
        #[repr(align(256))]
        struct Aligned(u8);
        let aligned = context::spawn(async {
            let inner = Aligned(3);
            context::yield_now().await;
            assert_eq!((&raw const inner).addr() % 256, 0);
            inner
        });
        assert_eq!(aligned.await.unwrap().0, 3);
    })
    .unwrap();
}

/// 16: a panic is an error with its payload, and the context lives on.
#[test]
fn a_panic_is_an_error() {
    context::block_on(async {
        let number = std::hint::black_box(5);
        let error = context::spawn(async move { panic!("number {number}") })
            .await
            .unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert!(error.to_string().contains("panicked: number 5"), "{error}");
        let payload = error.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "number 5");

        let error = context::spawn(async { std::panic::panic_any(17_u32) })
            .await
            .unwrap_err();
        assert_eq!(
            *error.try_into_panic().unwrap().downcast::<u32>().unwrap(),
            17
        );
        assert_eq!(context::spawn(async { 1 }).await.unwrap(), 1);
    })
    .unwrap();
}

/// 16: a panicked task drops its future once, at once, on its thread.
#[test]
fn a_panicked_future_is_dropped_once() {
    let drops = Drops::default();
    let guard = drops.guard();
    context::block_on(async {
        let task = context::spawn(async move {
            let _guard = guard;
            context::yield_now().await;
            panic!("with a guard alive");
        });
        assert!(task.await.unwrap_err().is_panic());
    })
    .unwrap();
    assert_eq!(drops.threads(), [std::thread::current().id()]);
}

/// 16: a dropped or detached handle lets the task run on.
#[test]
fn a_detached_task_runs_on() {
    let done = context::block_on(async {
        let done = Rc::new(Cell::new(0));
        for detach in [true, false] {
            let done = done.clone();
            let task = context::spawn(async move {
                context::yield_now().await;
                done.set(done.get() + 1);
            });
            if detach {
                task.detach();
            } else {
                drop(task);
            }
        }
        for _ in 0..4 {
            context::yield_now().await;
        }
        done.get()
    });
    assert_eq!(done.unwrap(), 2);
}

/// 16: names and ids are seen by the task itself, its handle and the task table.
#[test]
fn names_and_ids() {
    context::block_on(async {
        let gate = Gate::default();
        let inner = gate.clone();
        let task = context::spawn_named("lamp", async move {
            inner.wait().await;
            context::task_id().unwrap()
        });
        context::yield_now().await;
        assert_eq!(task.name(), Some("lamp"));
        let id = task.id();
        let listed = context::handle().tasks();
        let info = listed.iter().find(|info| info.id == id).unwrap();
        assert_eq!(info.name.as_deref(), Some("lamp"));
        assert!(info.location.file().ends_with("join.rs"));
        assert_eq!(listed[0].name.as_deref(), Some("main"));
        gate.open();
        assert_eq!(task.await.unwrap(), id);
        assert_ne!(context::task_id().unwrap(), id);
        assert!(context::handle().tasks().iter().all(|info| info.id != id));
    })
    .unwrap();
    assert!(context::task_id().is_none());
}

/// 16: `yield_now` lets every other runnable task run first.
#[test]
fn a_yield_lets_all_others_run() {
    context::block_on(async {
        let ran = Rc::new(Cell::new(0));
        for _ in 0..10 {
            let ran = ran.clone();
            context::spawn(async move { ran.set(ran.get() + 1) }).detach();
        }
        assert_eq!(ran.get(), 0, "a spawned task does not start inside `spawn`");
        context::yield_now().await;
        assert_eq!(ran.get(), 10);
    })
    .unwrap();
}

/// 16: a join handle may be awaited in pieces: polled by one task, then by another.
#[test]
fn a_handle_moves_between_tasks() {
    context::block_on(async {
        let gate = Gate::default();
        let inner = gate.clone();
        let mut task = context::spawn(async move {
            inner.wait().await;
            11
        });
        assert!(poll_once(&mut task).is_pending());
        let other = context::spawn(async move {
            let got = (&mut task).await;
            assert!(task.is_finished());
            got
        });
        context::yield_now().await;
        gate.open();
        assert_eq!(other.await.unwrap().unwrap(), 11);
    })
    .unwrap();
}

/// 16: the handle of a task that another thread awaits is woken there, and by nobody else.
#[test]
fn a_remote_handle_moves_between_executors() {
    let (mut first, mut second) = (started(), started());
    let gate = Gate::default();
    let inner = gate.clone();
    let mut task = first
        .handle()
        .submit(async move {
            inner.wait().await;
            13
        })
        .unwrap();
    // Polled here, then on the second context, then back here.
    assert!(poll_once(&mut task).is_pending());
    let task = second
        .handle()
        .submit(async move {
            assert!(poll_once(&mut task).is_pending());
            task
        })
        .unwrap()
        .join_blocking()
        .unwrap();
    let joiner = second
        .handle()
        .submit(async move { task.await.unwrap() })
        .unwrap();
    gate.open();
    assert_eq!(joiner.join_blocking().unwrap(), 13);
    stop(&mut first);
    stop(&mut second);
}

/// 16: what a handle's registered waker holds is given back when the handle goes or yields.
#[test]
fn a_handle_drops_its_joiner() {
    let held = Arc::new(crate::support::CountWakes::default());
    context::block_on(async {
        let waker = Waker::from(held.clone());
        let mut cx = std::task::Context::from_waker(&waker);
        let mut task = context::spawn(std::future::pending::<()>());
        let _ = std::pin::Pin::new(&mut task).poll(&mut cx);
        drop(task);
        let mut task = context::spawn(std::future::pending::<()>()).into_remote();
        let _ = std::pin::Pin::new(&mut task).poll(&mut cx);
        task.abort();
        let _ = task.await;
    })
    .unwrap();
    assert_eq!(Arc::strong_count(&held), 1);
}

/// 8, 16: two tasks that await each other, and one that awaits itself, stand still; aborted, they are freed.
#[test]
fn tasks_that_await_each_other_are_freed() {
    let witness = Witness::new();
    context::block_on(async {
        let slots: [std::sync::Arc<std::sync::Mutex<Option<context::RemoteJoinHandle<()>>>>; 3] =
            Default::default();
        let tasks: Vec<_> = [1, 0, 2]
            .into_iter()
            .map(|awaited: usize| {
                let slot = slots[awaited].clone();
                context::handle()
                    .submit_named(witness.name(), async move {
                        let task = slot.lock().unwrap().take().unwrap();
                        let _ = task.await;
                    })
                    .unwrap()
            })
            .collect();
        let aborts: Vec<_> = tasks.iter().map(|task| task.abort_handle()).collect();
        for (slot, task) in slots.iter().zip(tasks) {
            *slot.lock().unwrap() = Some(task);
        }
        while context::handle().metrics().polls < 3
            || context::handle().tasks().iter().any(|task| task.polls == 0)
        {
            context::yield_now().await;
        }
        assert_eq!(witness.holders(), 3);
        for abort in aborts {
            abort.abort();
        }
        while context::handle().metrics().tasks_live > 1 {
            context::yield_now().await;
        }
    })
    .unwrap();
    assert_eq!(witness.holders(), 0);
}

/// 16: a task is freed as soon as it has ended and nobody holds it.
#[test]
fn an_ended_task_is_freed() {
    context::block_on(async {
        let witness = Witness::new();
        let detached = context::spawn_named(witness.name(), async {});
        detached.detach();
        let kept = context::spawn_named(witness.name(), async {});
        context::yield_now().await;
        assert_eq!(witness.holders(), 1, "the kept handle's task");
        assert!(kept.is_finished());
        drop(kept);
        assert_eq!(witness.holders(), 0);
    })
    .unwrap();
}

/// Using a handle again after it has yielded is a clear panic, not a wait for ever.
#[test]
#[should_panic(expected = "after it yielded its output")]
fn polling_a_handle_again_panics() {
    context::block_on(async {
        let mut task = context::spawn(async {});
        (&mut task).await.unwrap();
        let _ = (&mut task).await;
    })
    .unwrap();
}

/// 10: `join_blocking` on a context's thread would stop the context, and says so.
#[test]
fn join_blocking_refuses_a_context_thread() {
    let error = context::block_on(async {
        let task = context::spawn(async {}).into_remote();
        context::spawn(async move { task.join_blocking() })
            .await
            .unwrap_err()
    })
    .unwrap();
    assert!(
        error.to_string().contains("await the handle instead"),
        "{error}"
    );
}
