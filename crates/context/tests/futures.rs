//! `Spawn`, `LocalSpawn` and `Stream` of the futures family.

mod support;

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use context::{ContextBuilder, Spawner, Stop};
use futures_util::task::{LocalSpawn, LocalSpawnExt, Spawn, SpawnExt};
use futures_util::{FutureExt, StreamExt};

use support::{Witness, started, stop};

/// As a library takes it that knows no runtime.
fn spawn_on(spawner: &dyn LocalSpawn, counter: &Rc<Cell<u32>>) {
    let counter = counter.clone();
    spawner
        .spawn_local(async move {
            context::yield_now().await;
            counter.set(counter.get() + 1);
        })
        .unwrap();
}

#[test]
fn local_tasks_run_on_the_current_context() {
    let counter = Rc::new(Cell::new(0));
    let output = context::block_on(async {
        for _ in 0..10 {
            spawn_on(&Spawner, &counter);
        }
        assert_eq!(counter.get(), 0, "a task ran inside of the call");
        let local = counter.clone();
        let task = Spawner.spawn_local_with_handle(async move { local.get() });
        task.unwrap().await
    });
    // In order of arrival: it came after the first polls of the others, and before their second.
    assert_eq!(output.unwrap(), 0);
    context::block_on(async {
        spawn_on(&Spawner, &counter);
        while counter.get() == 0 {
            context::yield_now().await;
        }
    })
    .unwrap();
}

#[test]
fn sendable_tasks_run_on_the_current_context() {
    let (inside, there) = context::block_on(async {
        let task = Spawner.spawn_with_handle(async { std::thread::current().id() });
        (std::thread::current().id(), task.unwrap().await)
    })
    .unwrap();
    assert_eq!(inside, there);
}

#[test]
fn outside_a_context_there_is_an_error_and_the_future_is_dropped() {
    assert!(Spawner.status().unwrap_err().is_shutdown());
    assert!(Spawner.status_local().unwrap_err().is_shutdown());
    let witness = Witness::new();
    let (token, other) = (witness.token(), witness.token());
    let spawned = Spawner.spawn(async move { drop(token) });
    assert!(spawned.unwrap_err().is_shutdown());
    let spawned = Spawner.spawn_local(async move { drop(other) });
    assert!(spawned.unwrap_err().is_shutdown());
    assert_eq!(witness.holders(), 0);
    context::block_on(async {
        assert!(Spawner.status().is_ok() && Spawner.status_local().is_ok());
    })
    .unwrap();
}

#[test]
fn a_handle_takes_tasks_from_any_thread() {
    let mut context = started();
    let handle = context.handle();
    let home = handle
        .submit(async { std::thread::current().id() })
        .unwrap()
        .join_blocking();
    assert!(handle.status().is_ok());
    // As a value, by reference, and as one of many kinds of spawner.
    let spawners: [Box<dyn Spawn + Send>; 2] = [Box::new(handle.clone()), Box::new(handle)];
    for spawner in spawners {
        let there = std::thread::spawn(move || {
            let task = spawner.spawn_with_handle(async { std::thread::current().id() });
            context::block_on(task.unwrap()).unwrap()
        });
        assert_eq!(there.join().unwrap(), *home.as_ref().unwrap());
    }
    stop(&mut context);
}

#[test]
fn after_the_end_a_handle_refuses() {
    let mut context = started();
    let handle = context.handle();
    stop(&mut context);
    assert!(handle.status().unwrap_err().is_shutdown());
    let witness = Witness::new();
    let token = witness.token();
    let refused = handle.spawn(async move { drop(token) });
    assert!(refused.unwrap_err().is_shutdown());
    assert_eq!(witness.holders(), 0);

    // A new run takes tasks again.
    context.start().unwrap();
    assert!(handle.status().is_ok());
    let task = handle.spawn_with_handle(async { 3 }).unwrap();
    assert_eq!(context::block_on(task).unwrap(), 3);
    stop(&mut context);
}

/// The traits have no error for it but that of the end.
#[test]
fn a_full_context_refuses_too() {
    let mut context = ContextBuilder::new().capacity(1).build();
    let handle = context.handle();
    let witness = Witness::new();
    let (first, second) = (witness.token(), witness.token());
    handle.spawn(async move { drop(first) }).unwrap();
    assert!(handle.spawn(async move { drop(second) }).is_err());
    assert_eq!(witness.holders(), 1);
    context.start().unwrap();
    context.notify_stop(Stop::Drain { deadline: None });
    context.join().unwrap();
    assert_eq!(witness.holders(), 0);
}

#[test]
fn what_is_spawned_ends_with_the_context() {
    let witness = Witness::new();
    let token = witness.token();
    context::block_on(async {
        let forever = async move {
            let _token = token;
            std::future::pending::<()>().await;
        };
        Spawner.spawn_local(forever).unwrap();
        context::yield_now().await;
        assert_eq!(witness.holders(), 1);
    })
    .unwrap();
    assert_eq!(witness.holders(), 0);
}

#[test]
fn dropping_the_handle_of_futures_ends_the_task() {
    let witness = Witness::new();
    let token = witness.token();
    context::block_on(async {
        let forever = async move {
            let _token = token;
            std::future::pending::<()>().await;
        };
        let task = Spawner.spawn_local_with_handle(forever).unwrap();
        context::yield_now().await;
        drop(task);
        while witness.holders() > 0 {
            context::yield_now().await;
        }
    })
    .unwrap();
}

/// In a process of its own, for its standard error.
#[test]
fn a_panic_is_reported_as_that_of_any_detached_task() {
    const CHILD: &str = "CONTEXT_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        std::panic::set_hook(Box::new(|_| {}));
        let mut context = started();
        context
            .handle()
            .spawn(async { panic!("from elsewhere") })
            .unwrap();
        context.notify_stop(Stop::Drain { deadline: None });
        context.join().unwrap();
        let done = context::block_on(async {
            Spawner.spawn_local(async { panic!("from here") }).unwrap();
            context::yield_now().await;
            let caught = Spawner.spawn_local_with_handle(async { panic!("for the handle") });
            let caught: Result<(), _> = std::panic::AssertUnwindSafe(caught.unwrap())
                .catch_unwind()
                .await;
            caught.is_err()
        });
        assert!(done.unwrap());
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["a_panic_is_reported_as_that_of_any_detached_task"])
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    for message in ["panicked: from here", "panicked: from elsewhere"] {
        assert_eq!(text.matches(message).count(), 1, "{text}");
    }
    assert!(!text.contains("for the handle"), "{text}");
}

/// A `next()` that is dropped takes no tick with it, whenever that happens.
#[test]
fn a_dropped_next_loses_no_tick() {
    let period = Duration::from_millis(1);
    let mut random = Random(7);
    context::block_on(async {
        let mut ticks = context::interval(period);
        let mut due = Vec::new();
        while due.len() < 60 {
            let mut next = ticks.next();
            let mut polls = random.below(3);
            let ready = std::future::poll_fn(|cx| match next.poll_unpin(cx) {
                Poll::Ready(tick) => Poll::Ready(tick),
                _ if polls == 0 => Poll::Ready(None),
                _ => {
                    polls -= 1;
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
            });
            due.extend(ready.await);
            if random.below(4) == 0 {
                context::sleep(period / 2).await;
            }
        }
        for pair in due.windows(2) {
            assert_eq!(pair[1] - pair[0], period);
        }
    })
    .unwrap();
}

/// A tick that is waited for wakes its task, without a poll by anybody else.
#[test]
fn ticks_wake_who_waits_for_them() {
    let count = context::block_on(async {
        let ticks = context::interval(Duration::from_millis(1));
        ticks.take(3).count().await
    });
    assert_eq!(count.unwrap(), 3);
}

/// Numbers that only look random, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
