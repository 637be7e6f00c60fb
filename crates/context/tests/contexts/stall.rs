//! Requirement 8: a run that stands still says which tasks wait, where they were spawned and for how long; an abort or a stop
//! gets out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use context::{ContextBuilder, StallReport, Stop, TaskState};

use crate::support::{Gate, Watchdog, stop, until};

type Reports = Arc<Mutex<Vec<StallReport>>>;

fn reporting() -> (ContextBuilder, Reports) {
    let reports = Reports::default();
    let record = reports.clone();
    let builder = ContextBuilder::new()
        .name("stuck")
        .stall_after(Some(Duration::from_millis(5)))
        .on_stall(move |report| record.lock().unwrap().push(report.clone()));
    (builder, reports)
}

/// 8: names, places, states and times of the tasks, oldest first; aborting them ends the run.
#[test]
fn a_stall_is_reported_and_ended_by_abort() {
    let _watchdog = Watchdog::new("a_stall_is_reported_and_ended_by_abort");
    let (builder, reports) = reporting();
    let mut context = builder.build();
    let named = context
        .handle()
        .submit_named("ferry", std::future::pending::<()>())
        .unwrap();
    let unnamed = context
        .handle()
        .submit(std::future::pending::<()>())
        .unwrap();
    let aborts = [named.abort_handle(), unnamed.abort_handle()];
    let seen = reports.clone();
    let aborter = std::thread::spawn(move || {
        until(|| !seen.lock().unwrap().is_empty());
        for abort in aborts {
            abort.abort();
        }
    });
    context.run().unwrap();
    aborter.join().unwrap();
    assert!(named.join_blocking().unwrap_err().is_cancelled());
    let reports = reports.lock().unwrap();
    let report = &reports[0];
    assert_eq!(&*report.context, "stuck");
    assert_eq!(report.tasks.len(), 2);
    let (first, second) = (&report.tasks[0], &report.tasks[1]);
    assert_eq!(
        (first.name.as_deref(), second.name.as_deref()),
        (Some("ferry"), None)
    );
    assert_eq!(second.id, unnamed.id());
    for task in &report.tasks {
        assert_eq!((task.state, task.polls), (TaskState::Waiting, 1));
        assert!(task.location.file().ends_with("stall.rs"));
        assert!(task.since_poll >= Duration::from_millis(5) && task.age >= task.since_poll);
    }
    let text = report.to_string();
    assert!(
        text.contains("ferry") && text.contains("stall.rs:") && text.contains("waiting for"),
        "{text}"
    );
}

/// 8: a stop gets out, too; one report for each stall.
#[test]
fn a_stop_gets_out_and_a_second_stall_is_reported() {
    let _watchdog = Watchdog::new("a_stop_gets_out_and_a_second_stall_is_reported");
    let (builder, reports) = reporting();
    let mut context = builder.build();
    context.start().unwrap();
    let gate = Gate::default();
    let inner = gate.clone();
    let task = context
        .handle()
        .submit(async move {
            inner.wait().await;
            std::future::pending::<()>().await;
        })
        .unwrap();
    until(|| reports.lock().unwrap().len() == 1);
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(reports.lock().unwrap().len(), 1, "once for each stall");
    gate.open();
    until(|| reports.lock().unwrap().len() == 2);
    stop(&mut context);
    assert!(task.join_blocking().unwrap_err().is_cancelled());
}

/// 8: a context that waits for a timer, a guard or nothing at all does not stall.
#[test]
fn waiting_for_something_is_no_stall() {
    let (builder, reports) = reporting();
    let mut context = builder.build();
    context
        .block_on(async {
            context::spawn(std::future::pending::<()>()).detach();
            context::sleep(Duration::from_millis(20)).await;
        })
        .unwrap();
    context.start().unwrap();
    let guard = context.handle().register_wait().unwrap();
    let waits = context
        .handle()
        .submit(std::future::pending::<()>())
        .unwrap();
    std::thread::sleep(Duration::from_millis(20));
    waits.abort();
    drop(guard);
    until(|| waits.is_finished());
    std::thread::sleep(Duration::from_millis(20));
    stop(&mut context);
    assert!(reports.lock().unwrap().is_empty());
}

/// 8: a callback that panics, and one that asks the context to stop.
#[test]
fn what_a_callback_may_do() {
    let _watchdog = Watchdog::new("what_a_callback_may_do");
    let slot: Arc<Mutex<Option<context::Handle>>> = Arc::default();
    let own = slot.clone();
    let mut context = ContextBuilder::new()
        .stall_after(Some(Duration::from_millis(1)))
        .on_stall(move |_| {
            own.lock()
                .unwrap()
                .as_ref()
                .unwrap()
                .notify_stop(Stop::Abort);
            panic!("in the callback");
        })
        .build();
    *slot.lock().unwrap() = Some(context.handle());
    assert!(context.block_on(std::future::pending::<()>()).is_err());
    *slot.lock().unwrap() = None;
}
