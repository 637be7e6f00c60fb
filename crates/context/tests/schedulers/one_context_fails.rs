//! What becomes of a scheduler's run when one of its contexts ends before the others.

use context::{RunError, Scheduler, Stop};

use crate::support::Watchdog;

/// 5, 7: a context that is stopped by itself ends the scheduler's run, which says so instead of waiting for ever.
#[test]
fn a_context_that_ends_by_itself_ends_the_run() {
    let _watchdog = Watchdog::new("a_context_that_ends_by_itself_ends_the_run");
    for _ in 0..300 {
        let mut scheduler = Scheduler::new(2);
        let stays = scheduler.contexts()[0]
            .submit(std::future::pending::<()>())
            .unwrap();
        let stopped = scheduler.contexts()[1].clone();
        scheduler.contexts()[0]
            .submit(async move { stopped.notify_stop(Stop::Abort) })
            .unwrap()
            .detach();
        let error = scheduler.run().unwrap_err();
        assert!(matches!(error, RunError::Stopped { .. }), "{error}");
        assert!(stays.join_blocking().unwrap_err().is_cancelled());
    }
}
