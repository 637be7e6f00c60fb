//! Requirement 18 on a running context: timers against the end of the run, other tasks and other threads.

use std::time::Duration;

use context::{Context, Stop};

use crate::support::{CountWakes, Watchdog, poll_once, started};

/// 18: zero and past deadlines are over at once; an endless sleep neither fires nor panics.
#[test]
fn extremes() {
    context::block_on(async {
        context::sleep(Duration::ZERO).await;
        context::sleep_until(std::time::Instant::now()).await;
        let mut endless = context::sleep(Duration::MAX);
        assert!(poll_once(&mut endless).is_pending());
        let timed = context::timeout(Duration::from_millis(1), endless).await;
        assert!(timed.is_err());
    })
    .unwrap();
}

/// 18, 5: a run that ends with thousands of timers pending drops them all.
#[test]
fn the_end_of_a_run_drops_its_timers() {
    let _watchdog = Watchdog::new("the_end_of_a_run_drops_its_timers");
    let mut context = Context::new();
    for _ in 0..3 {
        context
            .block_on(async {
                for n in 0..5000 {
                    context::spawn(async move {
                        context::sleep(Duration::from_secs(n)).await;
                    })
                    .detach();
                }
                context::yield_now().await;
            })
            .unwrap();
    }
}

/// 18: a sleep kept past its run does no harm when polled or dropped in the next.
#[test]
fn a_sleep_outlives_its_run() {
    let mut context = Context::new();
    let mut sleep = context
        .block_on(async {
            let mut sleep = context::sleep(Duration::from_millis(2));
            assert!(poll_once(&mut sleep).is_pending());
            sleep
        })
        .unwrap();
    let mut other = context
        .block_on(async {
            let mut other = context::sleep(Duration::from_secs(100));
            assert!(poll_once(&mut other).is_pending());
            (&mut sleep).await;
            other
        })
        .unwrap();
    drop(sleep);
    context
        .block_on(async move {
            let _ = poll_once(&mut other);
        })
        .unwrap();
}

/// 18: a timer's foreign waker is woken once, on the context's thread, and one that panics harms nobody.
#[test]
fn foreign_wakers_of_timers() {
    let woken = std::sync::Arc::<CountWakes>::default();
    context::block_on(async {
        let mut quiet = context::sleep(Duration::from_millis(1));
        let mut loud = context::sleep(Duration::from_millis(1));
        let waker = std::task::Waker::from(woken.clone());
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(std::pin::Pin::new(&mut quiet).poll(&mut cx).is_pending());
        let waker = std::task::Waker::from(std::sync::Arc::new(crate::support::PanickingWaker));
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(std::pin::Pin::new(&mut loud).poll(&mut cx).is_pending());
        context::sleep(Duration::from_millis(5)).await;
        assert!(poll_once(&mut loud).is_ready());
    })
    .unwrap();
    assert_eq!(woken.count(), 1);
}

/// 5, 18: a sleeping context with a far timer is woken by a stop and by a submission.
#[test]
fn a_far_timer_does_not_hold_up_other_threads() {
    let _watchdog = Watchdog::new("a_far_timer_does_not_hold_up_other_threads");
    let mut context = started();
    let far = context
        .handle()
        .submit_with(|| context::sleep(Duration::from_secs(10_000)))
        .unwrap();
    for n in 0..10 {
        assert_eq!(
            context
                .handle()
                .submit(async move { n })
                .unwrap()
                .join_blocking()
                .unwrap(),
            n
        );
    }
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
    assert!(far.join_blocking().unwrap_err().is_cancelled());
}
