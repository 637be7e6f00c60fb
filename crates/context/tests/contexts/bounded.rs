//! Requirement 2: a bounded context: `try_submit` gives the future back, `submit().await` waits its turn.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Wake, Waker};

use context::{BoundedHandle, Context, ContextBuilder, Stop, SubmitError};

use crate::support::{CountWakes, Drops, PanickingWaker, Watchdog, poll_once, stop};

fn bounded(capacity: usize) -> (Context, BoundedHandle) {
    let context = ContextBuilder::new().capacity(capacity).build();
    let handle = context.handle().bounded().unwrap();
    (context, handle)
}

/// 2: without room the future comes back, undropped; a context without a bound has no bounded handle.
#[test]
fn try_submit_gives_the_future_back() {
    let drops = Drops::default();
    let (mut context, handle) = bounded(2);
    for _ in 0..2 {
        handle.try_submit(async {}).unwrap().detach();
    }
    let guard = drops.guard();
    let Err(SubmitError::Full(future)) = handle.try_submit(async move { drop(guard) }) else {
        panic!("there was no room");
    };
    assert!(matches!(
        context.handle().submit(async {}),
        Err(SubmitError::Full(_))
    ));
    assert_eq!(drops.count(), 0);
    context.start().unwrap();
    // Once the two are taken up, there is room.
    let mut future = Some(future);
    while let Some(tried) = future.take() {
        match handle.try_submit(tried) {
            Ok(task) => task.join_blocking().unwrap(),
            Err(error) => {
                future = Some(error.into_inner());
                std::thread::yield_now();
            }
        }
    }
    assert_eq!(drops.count(), 1);
    stop(&mut context);
    assert!(Context::new().handle().bounded().is_none());
}

/// 2: waiters are served first come, first served, many more than there is room for; none is lost.
#[test]
fn waiters_are_served_in_order() {
    let _watchdog = Watchdog::new("waiters_are_served_in_order");
    let (mut target, handle) = bounded(3);
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    let submitters = context::block_on(async move {
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let (handle, seen) = (handle.clone(), seen.clone());
                context::spawn(async move {
                    let submission = handle.submit(async move { seen.lock().unwrap().push(n) });
                    submission.await.unwrap()
                })
            })
            .collect();
        context::yield_now().await;
        target.start().unwrap();
        for task in tasks {
            task.await.unwrap().await.unwrap();
        }
        target
    });
    assert!(order.lock().unwrap().iter().copied().eq(0..200));
    stop(&mut submitters.unwrap());
}

/// 2: a waiting submission that is dropped, due or not, passes its turn on; its future is dropped, not submitted.
#[test]
fn a_cancelled_submission_passes_its_turn_on() {
    for drop_when_due in [false, true] {
        let drops = Drops::default();
        let (mut target, handle) = bounded(1);
        handle.try_submit(async {}).unwrap().detach();
        let guard = drops.guard();
        let mut first = Some(handle.submit(async move { drop(guard) }));
        let mut second = handle.submit(async { 2 });
        let (first_woken, second_woken) =
            (Arc::<CountWakes>::default(), Arc::<CountWakes>::default());
        assert!(poll_with(first.as_mut().unwrap(), first_woken.clone()).is_pending());
        assert!(poll_with(&mut second, second_woken.clone()).is_pending());
        assert!(
            matches!(handle.try_submit(async {}), Err(SubmitError::Full(_))),
            "nobody overtakes those who wait"
        );
        if !drop_when_due {
            first = None;
            assert_eq!(second_woken.count(), 0, "there is no room yet");
        }
        target.start().unwrap();
        if drop_when_due {
            crate::support::until(|| first_woken.count() == 1);
            assert_eq!(second_woken.count(), 0);
            drop(first);
        }
        crate::support::until(|| second_woken.count() == 1);
        assert_eq!(drops.count(), 1);
        let Poll::Ready(Ok(task)) = poll_once(&mut second) else {
            panic!("it is the second one's turn");
        };
        assert_eq!(task.join_blocking().unwrap(), 2);
        stop(&mut target);
    }
}

/// 2, 5: submissions that wait when the context ends get their future back.
#[test]
fn waiters_learn_of_the_end() {
    let (mut target, handle) = bounded(1);
    handle.try_submit(async {}).unwrap().detach();
    let woken = Arc::<CountWakes>::default();
    let mut waiting = handle.submit(async { 2 });
    assert!(poll_with(&mut waiting, woken.clone()).is_pending());
    target.notify_stop(Stop::Abort);
    assert!(target.run().is_err());
    assert!(woken.count() >= 1);
    let Poll::Ready(Err(SubmitError::Ended(future))) = poll_once(&mut waiting) else {
        panic!("the context has ended");
    };
    assert_eq!(context::block_on(future).unwrap(), 2);
}

/// 1, 2: a submission that waits over the end of one run and the start of the next is not forgotten.
#[test]
fn a_waiter_survives_a_restart() {
    let _watchdog = Watchdog::new("a_waiter_survives_a_restart");
    let (mut target, handle) = bounded(1);
    handle.try_submit(async {}).unwrap().detach();
    let mut waiting = handle.submit(async { 2 });
    assert!(poll_once(&mut waiting).is_pending());
    target.notify_stop(Stop::Abort);
    assert!(target.run().is_err());
    target.start().unwrap();
    let submitted = context::block_on(waiting).unwrap();
    match submitted {
        Ok(task) => assert_eq!(task.join_blocking().unwrap(), 2),
        Err(SubmitError::Ended(_)) => {}
        Err(SubmitError::Full(_)) => panic!("a waiting submission is never full"),
    }
    stop(&mut target);
}

/// 2: repeated polls add no waiter: one place each, one wake each.
#[test]
fn repeated_polls_wait_once() {
    let (mut target, handle) = bounded(1);
    handle.try_submit(async {}).unwrap().detach();
    let mut first = handle.submit(async { 1 });
    let mut second = handle.submit(async { 2 });
    let (old, new) = (Arc::<CountWakes>::default(), Arc::<CountWakes>::default());
    for _ in 0..5 {
        assert!(poll_with(&mut first, old.clone()).is_pending());
    }
    assert!(poll_with(&mut first, new.clone()).is_pending());
    assert!(poll_once(&mut second).is_pending());
    target.start().unwrap();
    crate::support::until(|| new.count() == 1);
    assert_eq!(old.count(), 0);
    let Poll::Ready(Ok(task)) = poll_once(&mut first) else {
        panic!("it is the first one's turn");
    };
    task.join_blocking().unwrap();
    stop(&mut target);
}

/// A waker of another executor that panics when it is woken, and one that submits to the same context.
struct Reenter(BoundedHandle);

impl Wake for Reenter {
    fn wake(self: Arc<Self>) {
        drop(self.0.try_submit(async {}));
    }
}

/// 2: foreign wakers of waiting submissions may panic or come back; neither the context nor the others suffer.
#[test]
fn foreign_wakers() {
    let _watchdog = Watchdog::new("foreign_wakers");
    let (mut target, handle) = bounded(1);
    handle.try_submit(async {}).unwrap().detach();
    let mut panics = handle.submit(async {});
    let mut comes_back = handle.submit(async {});
    let last_woken = Arc::<CountWakes>::default();
    let mut last = handle.submit(async { 3 });
    assert!(poll_with(&mut panics, Arc::new(PanickingWaker)).is_pending());
    assert!(poll_with(&mut comes_back, Arc::new(Reenter(handle.clone()))).is_pending());
    assert!(poll_with(&mut last, last_woken.clone()).is_pending());
    target.start().unwrap();
    while poll_once(&mut panics).is_pending() {
        std::thread::yield_now();
    }
    while poll_once(&mut comes_back).is_pending() {
        std::thread::yield_now();
    }
    crate::support::until(|| last_woken.count() == 1);
    // The others' wakers are woken as the context ends, too.
    let mut panics = handle.submit(async {});
    let _ = poll_with(&mut panics, Arc::new(PanickingWaker));
    stop(&mut target);
}

fn poll_with<F: Future + Unpin>(
    future: &mut F,
    waker: Arc<impl Wake + Send + Sync + 'static>,
) -> Poll<F::Output> {
    let waker = Waker::from(waker);
    Pin::new(future).poll(&mut TaskContext::from_waker(&waker))
}
