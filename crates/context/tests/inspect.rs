//! Seeing inside: the tasks of several contexts, what they wait on, as values and as text; and who cannot be asked.

mod support;

use std::collections::HashSet;
use std::future::pending;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;

use context::inspect::{self, ContextState, Snapshot, TaskInfo, WaitingOn};
use context::{Context, ContextBuilder, Handle, TaskState};
use uring_engine::Target;
use uring_engine::op::Recv;

use support::{Gate, Watchdog, poll_once, started, stop, until};

/// Long enough for any machine, for contexts that do answer.
const LONG: Duration = Duration::from_secs(60);

fn named<'a>(snapshot: &'a Snapshot, name: &str) -> &'a TaskInfo {
    snapshot
        .tasks()
        .find(|task| task.name.as_deref() == Some(name))
        .unwrap_or_else(|| panic!("no task {name} in:\n{snapshot}"))
}

/// Receives a byte on a socket whose other end says nothing.
async fn receive(socket: UnixStream) {
    let engine = context::driver().engine().clone();
    let operation = Recv::new(Target::of(&socket), Vec::<u8>::with_capacity(1));
    let _ = engine.op(operation).await;
}

/// Spawns one task of each kind that waits, and a task that keeps their handles.
fn spawn_waiting(context: &Handle, socket: UnixStream) {
    let spawned = context.submit_with(move || async move {
        let timer = context::spawn_named("timer", context::sleep(Duration::from_secs(3_600)));
        let receive = context::spawn_named("receive", receive(socket));
        let label = context::spawn_named(
            "label",
            inspect::waiting_for("a job", std::future::pending::<()>()),
        );
        let unknown = context::spawn_named("unknown", std::future::pending::<()>());
        // So many that each has a waker of its own.
        let sleeps: Vec<_> = (1..=100)
            .map(|minutes| context::sleep(Duration::from_secs(60 * minutes)))
            .collect();
        let several = context::spawn_named("several", async {
            context::when_any_iter(sleeps).await;
        });
        let joins = context::spawn_named("joins", timer);
        for task in [unknown, label, receive] {
            task.detach();
        }
        several.detach();
        joins.detach();
    });
    spawned.unwrap().detach();
}

/// Each wait that a context can know is named, from another thread and while the context sleeps.
#[test]
fn a_snapshot_says_what_tasks_wait_on() {
    let _watchdog = Watchdog::new("a_snapshot_says_what_tasks_wait_on");
    let (socket, mut other_end) = UnixStream::pair().unwrap();
    let fd = socket.as_raw_fd();
    let mut context = started();
    let handle = context.handle();
    spawn_waiting(&handle, socket);
    until(|| {
        let tasks = handle.tasks();
        tasks.len() == 6 && tasks.iter().all(|task| task.state == TaskState::Waiting)
    });
    let snapshot = inspect::within(std::slice::from_ref(&handle), LONG);
    let info = &snapshot.contexts[0];
    assert!(info.answered);
    assert_eq!((info.id, &*info.name), (handle.id(), "context"));
    assert_eq!(info.metrics.tasks_live, 6);
    assert!(info.setup.is_some());

    let hours = |on: &WaitingOn| match on {
        WaitingOn::Timer { due_in } => *due_in > Duration::from_secs(50),
        _ => false,
    };
    let timer = named(&snapshot, "timer");
    assert!(
        matches!(&timer.waiting_on[..], [on] if hours(on)),
        "{timer:?}"
    );
    let several = named(&snapshot, "several");
    assert!(
        several.waiting_on.len() == 100 && several.waiting_on.iter().all(hours),
        "{several:?}"
    );
    let recv = WaitingOn::Operation {
        name: "recv",
        fd: Some(fd),
    };
    assert_eq!(named(&snapshot, "receive").waiting_on, [recv]);
    assert_eq!(
        named(&snapshot, "joins").waiting_on,
        [WaitingOn::Join { task: timer.id }]
    );
    assert_eq!(
        named(&snapshot, "label").waiting_on,
        [WaitingOn::Named { what: "a job" }]
    );
    assert!(named(&snapshot, "unknown").waiting_on.is_empty());
    assert!(timer.future.contains("Sleep"), "{}", timer.future);
    assert_eq!(timer.context, handle.id());
    assert!(timer.location.file().ends_with("inspect.rs"));

    // The same as text: a line for each task, with all of that in it.
    let text = snapshot.to_string();
    for part in [
        "recv on fd",
        "timer in 3",
        "end of task",
        "a job",
        "a wake-up",
        "inspect.rs:",
        "granted:",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    // Nothing has changed by it: the context sleeps again, and what wakes the tasks still does.
    let state = || inspect::within(std::slice::from_ref(&handle), Duration::ZERO).contexts[0].state;
    until(|| state() == ContextState::Asleep);
    other_end.write_all(b"x").unwrap();
    until(|| {
        handle
            .tasks()
            .iter()
            .all(|task| task.name.as_deref() != Some("receive"))
    });
    stop(&mut context);

    let after = inspect::of(&[handle]);
    assert_eq!(after.contexts[0].state, ContextState::Stopped);
    assert!(!after.contexts[0].answered && after.contexts[0].tasks.is_empty());
}

/// A named wait is listed while it lasts, and no longer.
#[test]
fn a_named_wait_ends_with_its_future() {
    let labels = || {
        inspect::of(&[context::handle()]).contexts[0].tasks[1]
            .waiting_on
            .clone()
    };
    context::block_on(async {
        let gate = Gate::default();
        let inside = gate.clone();
        let task = context::spawn(async move {
            let mut kept = pin!(inspect::waiting_for("the gate", async {
                inside.wait().await;
            }));
            kept.as_mut().await;
            let mut dropped = inspect::waiting_for("nobody", std::future::pending::<()>());
            assert!(poll_once(&mut dropped).is_pending());
            drop(dropped);
            context::sleep(Duration::from_secs(3_600)).await;
        });
        until_async(|| labels() == [WaitingOn::Named { what: "the gate" }]).await;
        gate.open();
        // What it waits on in the end, and nothing else.
        until_async(|| {
            labels()
                .iter()
                .any(|on| matches!(on, WaitingOn::Timer { .. }))
        })
        .await;
        assert_eq!(labels().len(), 1, "{:?}", labels());
        task.abort();
        let _ = task.await;
    })
    .unwrap();
}

async fn until_async(condition: impl Fn() -> bool) {
    while !condition() {
        context::yield_now().await;
    }
}

/// A context that a task holds does not answer; everything else about it is there, and nobody waits for it longer than told.
#[test]
fn a_context_that_is_held_does_not_answer() {
    let _watchdog = Watchdog::new("a_context_that_is_held_does_not_answer");
    let mut held = started();
    let mut free = started();
    let (release, blocked) = mpsc::channel::<()>();
    let task = held
        .handle()
        .submit_named("blocker", async move {
            let _ = blocked.recv();
        })
        .unwrap();
    until(|| {
        held.handle()
            .tasks()
            .iter()
            .any(|task| task.state == TaskState::Running)
    });
    let handles = [held.handle(), free.handle()];
    let snapshot = inspect::within(&handles, Duration::from_millis(1));
    assert!(!snapshot.contexts[0].answered);
    assert_eq!(named(&snapshot, "blocker").state, TaskState::Running);
    assert_eq!(snapshot.contexts[0].state, ContextState::Awake);
    assert!(snapshot.to_string().contains("did not say"), "{snapshot}");
    let ids: Vec<_> = snapshot.contexts.iter().map(|context| context.id).collect();
    assert_eq!(ids, handles.each_ref().map(Handle::id));
    release.send(()).unwrap();
    task.join_blocking().unwrap();
    // The question from before does no harm, and the next one is answered.
    let snapshot = inspect::within(&handles, LONG);
    assert!(snapshot.contexts.iter().all(|context| context.answered));
    stop(&mut held);
    stop(&mut free);
}

/// Two contexts ask for each other at once, over and over, while a third thread asks for both: all get answers.
#[test]
fn contexts_that_ask_for_each_other_do_not_lock_up() {
    let _watchdog = Watchdog::new("contexts_that_ask_for_each_other_do_not_lock_up");
    let mut contexts = [started(), started()];
    let handles = contexts.each_ref().map(Context::handle);
    let short = Duration::from_millis(1);
    let askers: Vec<_> = handles
        .iter()
        .map(|handle| {
            let others = handles.clone();
            let ask = move || async move {
                for _ in 0..50 {
                    let snapshot = inspect::within(&others, short);
                    assert!(snapshot.contexts.iter().any(|context| context.answered));
                    context::yield_now().await;
                }
            };
            handle.submit_with(ask).unwrap()
        })
        .collect();
    for asker in askers {
        asker.join_blocking().unwrap();
    }
    let ids: HashSet<_> = handles.iter().map(Handle::id).collect();
    assert_eq!(ids.len(), 2);
    assert!(
        inspect::within(&handles, LONG)
            .contexts
            .iter()
            .all(|context| context.answered)
    );
    contexts.iter_mut().for_each(stop);
}

/// A question is answered while the context drains, and a stop that comes after it is not lost.
#[test]
fn a_look_and_a_stop_do_not_hinder_each_other() {
    let _watchdog = Watchdog::new("a_look_and_a_stop_do_not_hinder_each_other");
    let mut context = started();
    let gate = Gate::default();
    let inside = gate.clone();
    let task = context
        .handle()
        .submit(async move { inside.wait().await })
        .unwrap();
    until(|| gate.waiting() == 1);
    context.notify_stop(context::Stop::Drain { deadline: None });
    let snapshot = inspect::within(&[context.handle()], LONG);
    assert!(snapshot.contexts[0].answered);
    assert_eq!(snapshot.contexts[0].tasks.len(), 1);
    gate.open();
    context.join().unwrap();
    task.join_blocking().unwrap();
}

/// The time of polls is kept where the builder says so, and nowhere else.
#[test]
fn task_times_are_an_option() {
    fn tasks() -> Vec<TaskInfo> {
        inspect::of(&[context::handle()]).contexts.remove(0).tasks
    }
    let busy = |builder: ContextBuilder| {
        let mut context = builder.build();
        let running = context.block_on(async {
            let other = context::spawn(async {
                let began = std::time::Instant::now();
                while began.elapsed() < Duration::from_millis(2) {}
                let within = tasks().remove(1).busy;
                context::yield_now().await;
                within
            });
            context::yield_now().await;
            let after = tasks().remove(1).busy;
            [other.await.unwrap(), after]
        });
        running.unwrap()
    };
    assert_eq!(busy(ContextBuilder::new()), [None, None]);
    let [within, after] = busy(ContextBuilder::new().task_times(true)).map(Option::unwrap);
    // It has measured two milliseconds itself, within a poll, and the poll that is on counts.
    assert!(within >= Duration::from_millis(2), "{within:?}");
    assert!(after >= within);
}

/// Names may have come from anywhere.
#[test]
fn a_name_breaks_no_line_of_the_text() {
    let mut context = ContextBuilder::new().name("two\nlines").build();
    let text = context.block_on(async {
        let task = context::spawn_named(
            "a\r\nb\u{1b}[2J\"é\"",
            inspect::waiting_for("x\ty", pending::<()>()),
        );
        context::yield_now().await;
        let snapshot = inspect::of(&[context::handle()]);
        let of_task = snapshot
            .tasks()
            .find(|info| info.id == task.id())
            .unwrap()
            .to_string();
        (snapshot.to_string(), of_task)
    });
    let (all, of_task) = text.unwrap();
    for text in [&all, &of_task] {
        let line = text.lines().find(|line| line.contains("\"é\"")).unwrap();
        assert!(
            line.contains("a\\r\\nb\\u{1b}[2J") && line.contains("x\\ty"),
            "{line}"
        );
        assert!(
            text.chars()
                .all(|character| character == '\n' || !character.is_control())
        );
    }
    assert!(
        all.starts_with("context ") && all.lines().next().unwrap().contains("(two\\nlines)"),
        "{all}"
    );
}

/// As JSON: numbers, text and lists under stable names.
#[cfg(feature = "serde")]
#[test]
fn a_snapshot_is_json() {
    let (socket, _other_end) = UnixStream::pair().unwrap();
    let fd = socket.as_raw_fd();
    let mut context = ContextBuilder::new().name("a \"quoted\" name").build();
    context.start().unwrap();
    let handle = context.handle();
    handle
        .submit_with(move || async move {
            context::spawn_named("receive", receive(socket)).detach();
        })
        .unwrap()
        .detach();
    until(|| {
        let tasks = handle.tasks();
        tasks.len() == 1 && tasks[0].state == TaskState::Waiting
    });
    let json = inspect::within(&[handle], LONG).to_json();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let context_value = &value["contexts"][0];
    assert_eq!(context_value["name"], "a \"quoted\" name");
    assert_eq!(context_value["answered"], true);
    assert_eq!(context_value["metrics"]["tasks_live"], 1);
    assert!(context_value["metrics"]["busy_ns"].is_u64());
    assert!(context_value["setup"]["granted"].is_array());
    assert!(context_value["setup"]["driver"].is_string());
    let task = &context_value["tasks"][0];
    assert_eq!(task["name"], "receive");
    assert_eq!(task["state"], "waiting");
    assert!(task["location"].as_str().unwrap().contains("inspect.rs:"));
    assert!(task["busy_ns"].is_null() && task["age_ns"].is_u64());
    assert_eq!(
        task["waiting_on"],
        serde_json::json!([{ "operation": { "name": "recv", "fd": fd } }])
    );
    stop(&mut context);
}
