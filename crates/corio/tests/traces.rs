//! What tasks wait on that no context knows, found by tracing: primitives and channels of this project and of tokio.

use std::time::Duration;

use corio::Context;
use corio::inspect::{self, Snapshot, TaskInfo, TaskState, TracedWait, WaitingOn};

/// Long enough for any machine.
const LONG: Duration = Duration::from_secs(60);

/// Spawns with `spawn` on a context, and traces when all of the `tasks` tasks wait.
fn traced(tasks: usize, spawn: impl FnOnce() + Send + 'static) -> Snapshot {
    let mut context = Context::new();
    context.start().unwrap();
    let handle = context.handle();
    handle.submit_with(|| async { spawn() }).unwrap().detach();
    let all_wait = || {
        let seen = handle.tasks();
        let waits = |task: &TaskInfo| task.state == TaskState::Waiting;
        seen.len() == tasks && seen.iter().all(waits)
    };
    while !all_wait() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let snapshot = inspect::traced_within(&[handle], LONG);
    context.notify_stop(corio::Stop::Abort);
    context.join().unwrap();
    snapshot
}

/// The waits of a task, which were all traced to this file.
fn waits<'a>(snapshot: &'a Snapshot, name: &str) -> Vec<&'a TracedWait> {
    let mut tasks = snapshot.tasks();
    let task = tasks.find(|task| task.name.as_deref() == Some(name));
    let task = task.unwrap_or_else(|| panic!("no {name} in:\n{snapshot}"));
    let mut waits = Vec::new();
    for on in &task.waiting_on {
        let WaitingOn::Traced(wait) = on else {
            panic!("{name}: {on}")
        };
        let place = wait.place.as_ref().unwrap();
        assert!(place.file.as_ref().unwrap().ends_with("traces.rs"));
        waits.push(wait);
    }
    waits
}

/// A task that waits for one thing does so in its module.
fn assert_waits_in(snapshot: &Snapshot, name: &str, module: &str) {
    let found = waits(snapshot, name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    assert!(found[0].future.starts_with(module), "{name}: {}", found[0]);
}

#[test]
fn channels_and_primitives_are_named() {
    let snapshot = traced(7, || {
        let (_full, receiver) = corio::channel::bounded::<u32>(1);
        let (sender, full) = corio::channel::bounded::<u32>(1);
        sender.try_send(1).unwrap();
        let (never, once) = corio::channel::oneshot::channel::<u32>();
        let (changes, mut changed) = corio::channel::watch::channel(0);
        corio::spawn_named("recv", async move {
            let _open = _full;
            receiver.recv().await.unwrap();
        })
        .detach();
        corio::spawn_named("send", async move {
            let _open = full;
            sender.send(2).await.unwrap();
        })
        .detach();
        corio::spawn_named("oneshot", async move {
            let _open = never;
            once.await.unwrap();
        })
        .detach();
        corio::spawn_named("watch", async move {
            let _open = changes;
            changed.changed().await.unwrap();
        })
        .detach();
        corio::spawn_named("rwlock", async {
            let lock = corio::sync::RwLock::new(1);
            let _held = lock.write().await;
            drop(lock.read().await);
        })
        .detach();
        corio::spawn_named("event", async {
            let event = corio::sync::ResetEvent::manual();
            event.wait().await;
        })
        .detach();
        // Its wait for the channel and its label, its limit.
        corio::spawn_named("labelled", async {
            let (_open, receiver) = corio::channel::bounded::<u32>(1);
            let job = inspect::waiting_for("a job", receiver.recv());
            let _ = corio::time::timeout(LONG, job).await;
        })
        .detach();
    });
    assert_waits_in(&snapshot, "recv", "channel::exchange::recv");
    assert_waits_in(&snapshot, "send", "channel::exchange::send");
    assert_waits_in(&snapshot, "oneshot", "channel::oneshot");
    assert_waits_in(&snapshot, "watch", "channel::watch");
    assert_waits_in(&snapshot, "rwlock", "sync_prims::rwlock");
    assert_waits_in(&snapshot, "event", "sync_prims::reset_event");
    let mut tasks = snapshot.tasks();
    let labelled = tasks.find(|task| task.name.as_deref() == Some("labelled"));
    let [
        WaitingOn::Timer { .. },
        WaitingOn::Named { what: "a job" },
        WaitingOn::Traced(wait),
    ] = &labelled.unwrap().waiting_on[..]
    else {
        panic!("{snapshot}");
    };
    assert!(wait.future.starts_with("channel::exchange::recv"), "{wait}");
}

#[test]
fn primitives_of_tokio_are_named() {
    let snapshot = traced(4, || {
        corio::spawn_named("mutex", async {
            let lock = tokio::sync::Mutex::new(1);
            let _held = lock.lock().await;
            *lock.lock().await += 1;
        })
        .detach();
        corio::spawn_named("mpsc", async {
            let (_open, mut receiver) = tokio::sync::mpsc::channel::<u32>(1);
            receiver.recv().await.unwrap();
        })
        .detach();
        corio::spawn_named("notify", async {
            tokio::sync::Notify::new().notified().await;
        })
        .detach();
        corio::spawn_named("two", async {
            let (_open, receiver) = tokio::sync::oneshot::channel::<u32>();
            let notify = tokio::sync::Notify::new();
            tokio::select! {
                _ = receiver => {}
                () = notify.notified() => {}
            }
        })
        .detach();
    });
    assert_waits_in(&snapshot, "mutex", "tokio::sync::mutex");
    assert_waits_in(&snapshot, "mpsc", "tokio::sync::mpsc");
    assert_waits_in(&snapshot, "notify", "tokio::sync::notify");
    let mut two: Vec<_> = waits(&snapshot, "two")
        .iter()
        .map(|wait| wait.future.clone())
        .collect();
    two.sort();
    assert!(two.len() == 2, "{two:?}");
    assert!(two[0].starts_with("tokio::sync::notify"), "{two:?}");
    assert!(two[1].starts_with("tokio::sync::oneshot"), "{two:?}");
}
