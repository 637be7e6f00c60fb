//! Requirement 10: the functions of the current context, outside one, during its end, and on other threads.

use std::sync::{Arc, Mutex};

use context::{Context, OutsideContext};

use crate::support::{Drops, OnDrop, poll_once};

/// 10: the `try_` forms give an error, and `try_spawn` gives the future back undropped.
#[test]
fn try_forms() {
    assert!(!context::in_context());
    assert!(context::task_id().is_none());
    assert!(matches!(context::try_handle(), Err(OutsideContext)));
    assert!(matches!(context::try_driver(), Err(OutsideContext)));
    assert!(context::local_state(|_| 5).is_err());
    let drops = Drops::default();
    let guard = drops.guard();
    let Err((OutsideContext, future)) = context::try_spawn(async move { drop(guard) }) else {
        panic!("spawned without a context");
    };
    assert_eq!(drops.count(), 0);
    context::block_on(future).unwrap();
    assert_eq!(drops.count(), 1);
}

/// 10: the plain forms panic with a message that says what to do.
#[test]
fn plain_forms() {
    let calls: [fn(); 6] = [
        || drop(context::handle()),
        || drop(context::driver()),
        || context::spawn(async {}).detach(),
        || context::spawn_named("name", async {}).detach(),
        || drop(context::spawn_blocking(|| ())),
        || {
            let _ = poll_once(&mut context::sleep(std::time::Duration::from_secs(1)));
        },
    ];
    for call in calls {
        let payload = std::panic::catch_unwind(call).unwrap_err();
        let message = payload.downcast_ref::<String>().unwrap();
        assert!(
            message.contains("no context runs on this thread"),
            "{message}"
        );
    }
}

/// 10: a thread that a task starts is outside.
#[test]
fn another_thread_is_outside() {
    context::block_on(async {
        assert!(context::in_context());
        std::thread::spawn(|| assert!(!context::in_context()))
            .join()
            .unwrap();
    })
    .unwrap();
    assert!(!context::in_context());
}

/// 10: futures dropped by the end of the run are still inside, with a driver; nothing dangles after that.
#[test]
fn the_end_of_the_run_is_inside() {
    let seen = Arc::new(Mutex::new(None));
    let record = seen.clone();
    let mut context = Context::new();
    context
        .block_on(async move {
            let on_drop = OnDrop::new(move || {
                *record.lock().unwrap() = Some((
                    context::in_context(),
                    context::try_handle().is_ok(),
                    context::try_driver().is_ok(),
                    context::task_id().is_some(),
                ));
            });
            context::spawn(async move {
                let _on_drop = on_drop;
                std::future::pending::<()>().await;
            })
            .detach();
        })
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), Some((true, true, true, true)));
    assert!(!context::in_context());
}

/// 10: a driver kept past the end gives an error, and drops harmlessly, wherever.
#[test]
fn a_driver_kept_past_the_end() {
    let (engine, mut op) = context::block_on(async {
        let engine = context::driver().engine().clone();
        let mut op = engine.op(uring_engine::op::Nop::new());
        assert!(poll_once(&mut op).is_pending());
        (engine, op)
    })
    .unwrap();
    // Submitted before the end or cancelled by it: it has ended either way.
    assert!(poll_once(&mut op).is_ready());
    let mut late = engine.op(uring_engine::op::Nop::new());
    assert!(matches!(
        poll_once(&mut late),
        std::task::Poll::Ready(Err(_))
    ));
}
