//! What is told of a wait.

use std::future::pending;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use context::RemoteJoinHandle;
use context::inspect::{self, TracedWait, WaitingOn};
use sync_prims::{Mutex, Notify, Semaphore};
use uring_engine::Target;
use uring_engine::op::Recv;

use crate::support::{Watchdog, started, stop, until};
use crate::{LONG, named, plain, spawn_waiting, traced, waits};

/// Where the program awaits, in this file.
fn line(wait: &TracedWait) -> u32 {
    let place = wait.place.as_ref().unwrap();
    assert!(place.file.as_ref().unwrap().ends_with("traces/told.rs"));
    place.line.unwrap()
}

/// The line of this file that is marked with this.
fn marked(mark: &str) -> u32 {
    let mark = format!("// here: {mark}");
    let mut lines = include_str!("told.rs").lines();
    lines.position(|line| line.ends_with(&mark)).unwrap() as u32 + 1
}

/// What is awaited, and on which line: a lock, two things at once, a lock for a limited time.
#[test]
fn a_traced_wait_says_for_what_and_where() {
    let _watchdog = Watchdog::new("a_traced_wait_says_for_what_and_where");
    let mut context = started();
    spawn_waiting(&context.handle(), || {
        let lock = Rc::new(Mutex::new(0));
        let other = lock.clone();
        context::spawn_named("lock", async move {
            std::mem::forget(lock.lock().await);
            drop(lock.lock().await); // here: lock
        })
        .detach();
        context::spawn_named("two", async {
            let (notify, semaphore) = (Notify::new(), Semaphore::new(0));
            let first = async { notify.notified().await }; // here: first
            let second = async { semaphore.acquire().await.is_ok() }; // here: second
            context::when_any((first, second)).await;
        })
        .detach();
        context::spawn_named("limited", async move {
            let _ = context::timeout(LONG, other.lock()).await; // here: limited
        })
        .detach();
        context::spawn_named("itself", Box::pin(async { pending::<()>().await })).detach();
    });
    let snapshot = traced(&context);

    let lock = waits(named(&snapshot, "lock"));
    assert_eq!(lock.len(), 1);
    assert_eq!(lock[0].future, "sync_prims::mutex::lock::Lock");
    assert_eq!(line(lock[0]), marked("lock"));
    assert!(lock[0].calls.iter().any(|call| call.line.is_some()));

    // Which of the two is polled first changes with each poll.
    let mut two = waits(named(&snapshot, "two"));
    two.sort_by_key(|wait| line(wait));
    assert_eq!(two.len(), 2, "{two:?}");
    assert_eq!(two[0].future, "sync_prims::notify::futures::Notified");
    assert_eq!(line(two[0]), marked("first"));
    assert_eq!(two[1].future, "sync_prims::semaphore::futures::Acquire");
    assert_eq!(line(two[1]), marked("second"));

    let limited = named(&snapshot, "limited");
    let [WaitingOn::Timer { .. }, WaitingOn::Traced(wait)] = &limited.waiting_on[..] else {
        panic!("{limited}");
    };
    assert_eq!(wait.future, "sync_prims::mutex::lock::Lock");
    assert_eq!(line(wait), marked("limited"));

    // Nobody took its waker.
    assert_eq!(named(&snapshot, "itself").waiting_on, []);

    // The same as text, in its column.
    let text = snapshot.to_string();
    let expected = format!("tests/traces/told.rs:{}", marked("lock"));
    assert!(
        text.contains("sync_prims::mutex::lock::Lock in traces::told"),
        "{text}"
    );
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("a wake-up"), "{text}");
    // Who does not ask is told nothing of it.
    assert_eq!(named(&plain(&context), "lock").waiting_on, []);
    stop(&mut context);
}

/// What the context knows by itself is shown as ever, and once.
#[test]
fn waits_that_are_known_are_not_shown_twice() {
    let _watchdog = Watchdog::new("waits_that_are_known_are_not_shown_twice");
    let mut context = started();
    let (socket, _other_end) = UnixStream::pair().unwrap();
    let fd = socket.as_raw_fd();
    spawn_waiting(&context.handle(), move || {
        let timer = context::spawn_named("timer", context::sleep(LONG));
        context::spawn_named("joins", timer).detach();
        context::spawn_named("receive", async move {
            let engine = context::driver().engine().clone();
            let operation = Recv::new(Target::of(&socket), Vec::<u8>::with_capacity(1));
            let _ = engine.op(operation).await;
        })
        .detach();
        // So many that each has a waker of its own.
        let sleeps: Vec<_> = (0..100).map(|_| context::sleep(LONG)).collect();
        context::spawn_named("many", context::when_any_iter(sleeps)).detach();
        context::spawn_named("label", inspect::waiting_for("a job", pending::<()>())).detach();
    });
    let before = plain(&context);
    let snapshot = traced(&context);
    for name in ["timer", "many"] {
        let waiting_on = &named(&snapshot, name).waiting_on;
        let is_timer = |on: &WaitingOn| matches!(on, WaitingOn::Timer { .. });
        assert!(waiting_on.iter().all(is_timer), "{name}: {waiting_on:?}");
        assert_eq!(waiting_on.len(), named(&before, name).waiting_on.len());
    }
    for name in ["joins", "receive", "label"] {
        let known = &named(&before, name).waiting_on;
        assert_eq!(&named(&snapshot, name).waiting_on, known);
        assert_eq!(known.len(), 1);
    }
    let recv = WaitingOn::Operation {
        name: "recv",
        fd: Some(fd),
    };
    assert_eq!(named(&snapshot, "receive").waiting_on, [recv]);
    stop(&mut context);
}

/// not looked at.
#[test]
fn waits_for_other_threads_are_named_after_this_crate() {
    let _watchdog = Watchdog::new("waits_for_other_threads_are_named_after_this_crate");
    let (mut context, mut other) = (started(), started());
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let remote: RemoteJoinHandle<()> = other.handle().submit(pending()).unwrap();
    spawn_waiting(&context.handle(), move || {
        context::spawn_named("remote", remote).detach();
        context::spawn_named("blocking", context::spawn_blocking(move || blocked.recv())).detach();
        let none: Vec<_> = (0..100).map(|_| pending::<()>()).collect();
        context::spawn_named("group", context::when_all_iter(none)).detach();
    });
    let snapshot = traced(&context);
    for (name, future) in [
        ("remote", "context::task::remote_join"),
        ("blocking", "context::blocking::task"),
        ("group", "context::when::all"),
    ] {
        let found = waits(named(&snapshot, name));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(found[0].future.starts_with(future), "{found:?}");
    }
    release.send(()).unwrap();
    until(|| context.handle().tasks().len() == 2);
    stop(&mut context);
    stop(&mut other);
}

/// As JSON: what, where, and the calls.
#[cfg(feature = "serde")]
#[test]
fn a_traced_wait_is_json() {
    let _watchdog = Watchdog::new("a_traced_wait_is_json");
    let mut context = started();
    spawn_waiting(&context.handle(), || {
        context::spawn_named("waits", async { Notify::new().notified().await }).detach();
    });
    let json = traced(&context).to_json();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let wait = &value["contexts"][0]["tasks"][0]["waiting_on"][0]["traced"];
    assert_eq!(wait["future"], "sync_prims::notify::futures::Notified");
    assert!(
        wait["place"]["function"]
            .as_str()
            .unwrap()
            .starts_with("traces")
    );
    assert!(
        wait["place"]["file"]
            .as_str()
            .unwrap()
            .ends_with("traces/told.rs")
    );
    assert!(wait["place"]["line"].is_u64());
    assert!(wait["calls"].as_array().unwrap().len() > 1);
    stop(&mut context);
}
