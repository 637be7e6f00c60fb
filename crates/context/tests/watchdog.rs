//! A task that holds its context is named, once for each poll; one that gives way is not.

mod support;

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use context::ContextBuilder;
use context::watchdog::{Held, Watchdog};

use support::{started, stop, until};

type Reports = mpsc::Receiver<Held>;

fn watching() -> (Watchdog, Reports) {
    let (send, reports) = mpsc::channel();
    let watchdog = Watchdog::builder()
        .threshold(Duration::from_millis(5))
        .interval(Duration::from_millis(1))
        .on_held(move |held| {
            let _ = send.send(held.clone());
        })
        .start()
        .unwrap();
    (watchdog, reports)
}

/// Whatever else runs, the task blocks until the watchdog has spoken.
#[test]
fn a_task_that_blocks_is_named_while_it_does() {
    let _limit = support::Watchdog::new("a_task_that_blocks_is_named_while_it_does");
    let (watchdog, reports) = watching();
    let mut context = started();
    watchdog.watch(&context.handle());
    let line = line!() + 3;
    let task = context
        .handle()
        .submit_named("blocker", async move {
            let first = reports.recv().unwrap();
            // The same poll: nothing more about it, however long it lasts.
            let again = reports.recv_timeout(Duration::from_millis(30));
            assert!(again.is_err(), "{again:?}");
            context::yield_now().await;
            // Another poll of the same task.
            let second = reports.recv().unwrap();
            (first, second)
        })
        .unwrap();
    let id = task.id();
    let (first, second) = task.join_blocking().unwrap();
    for held in [first, second] {
        assert_eq!(&*held.context, "context");
        assert_eq!(held.task.id, id);
        assert_eq!(held.task.name.as_deref(), Some("blocker"));
        assert!(held.task.location.file().ends_with("watchdog.rs"));
        assert!(held.task.location.line().abs_diff(line) <= 3);
        assert!(held.at_least >= Duration::from_millis(5));
        assert_eq!(held.task.state, context::TaskState::Running);
        let text = held.to_string();
        assert!(
            text.contains("blocker") && text.contains("watchdog.rs:"),
            "{text}"
        );
    }
    stop(&mut context);
}

/// Of two contexts the right one is named; a task that waits is not, while another is held, which proves the watchdog to be looking.
#[test]
fn only_who_holds_is_named() {
    let _limit = support::Watchdog::new("only_who_holds_is_named");
    let reports = Arc::new(Mutex::new(Vec::new()));
    let record = reports.clone();
    let watchdog = Watchdog::builder()
        .threshold(Duration::from_millis(20))
        .on_held(move |held| record.lock().unwrap().push(held.clone()))
        .start()
        .unwrap();
    let (mut good, mut bad) = (started(), started());
    let waits = good
        .handle()
        .submit(async { context::sleep(Duration::from_secs(3_600)).await })
        .unwrap();
    // From here on nothing of it is polled.
    until(|| {
        good.handle()
            .tasks()
            .iter()
            .any(|task| task.state == context::TaskState::Waiting)
    });
    watchdog.watch(&good.handle());
    watchdog.watch(&bad.handle());
    let seen = reports.clone();
    let blocker = bad
        .handle()
        .submit_named(
            "bad",
            async move { until(|| !seen.lock().unwrap().is_empty()) },
        )
        .unwrap();
    blocker.join_blocking().unwrap();
    assert_eq!(reports.lock().unwrap()[0].task.name.as_deref(), Some("bad"));
    assert!(
        reports
            .lock()
            .unwrap()
            .iter()
            .all(|held| held.task.id != waits.id())
    );
    stop(&mut good);
    stop(&mut bad);
}

/// A callback may panic, and may end the watch.
#[test]
fn a_callback_may_do_as_it_likes() {
    let _limit = support::Watchdog::new("a_callback_may_do_as_it_likes");
    let place = Arc::new(Mutex::new(None::<Watchdog>));
    let (spoken, heard) = mpsc::channel();
    let own = place.clone();
    let watchdog = Watchdog::builder()
        .threshold(Duration::from_millis(1))
        .on_held(move |_| {
            let mut place = own
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            drop(place.take());
            drop(place);
            let _ = spoken.send(());
            panic!("on purpose");
        })
        .start()
        .unwrap();
    let mut context = started();
    watchdog.watch(&context.handle());
    *place.lock().unwrap() = Some(watchdog);
    let task = context
        .handle()
        .submit(async move { heard.recv().unwrap() })
        .unwrap();
    task.join_blocking().unwrap();
    // The thread that dropped its own watchdog has ended, and with it the callback and what it holds.
    until(|| Arc::strong_count(&place) == 1);
    stop(&mut context);
}

/// A program that makes a context for each job does not gather them in its watchdog.
#[test]
fn a_context_that_has_gone_is_forgotten() {
    let _limit = support::Watchdog::new("a_context_that_has_gone_is_forgotten");
    let (watchdog, _reports) = watching();
    let mine = Arc::new(());
    let kept = mine.clone();
    let mut context = ContextBuilder::new()
        .on_stop(move || drop(kept.clone()))
        .build();
    watchdog.watch(&context.handle());
    context.block_on(async {}).unwrap();
    assert_eq!(Arc::strong_count(&mine), 2);
    drop(context);
    // With its settings.
    until(|| Arc::strong_count(&mine) == 1);
}

#[test]
fn a_context_that_is_watched_twice_is_reported_once() {
    let _limit = support::Watchdog::new("a_context_that_is_watched_twice_is_reported_once");
    let (watchdog, reports) = watching();
    let mut context = started();
    for _ in 0..2 {
        watchdog.watch(&context.handle());
    }
    let task = context.handle().submit(async move {
        reports.recv().unwrap();
        reports.recv_timeout(Duration::from_millis(30)).is_err()
    });
    assert!(task.unwrap().join_blocking().unwrap());
    stop(&mut context);
}
