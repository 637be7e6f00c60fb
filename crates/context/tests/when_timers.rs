//! Sleeping, timeouts and intervals on a running context. Bounds from below only: how late a timer may be is not a
//! test's business.

mod when_support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::time::{Duration, Instant};

use context::{
    MissedTickBehavior, Sleep, block_on, interval, interval_at, sleep, sleep_until, spawn, timeout,
    timeout_at, when_all_iter,
};
use when_support::{Flag, Gate, Yield};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3_600);

fn poll(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

#[test]
fn no_sleep_ends_early() {
    block_on(async {
        for nanos in [0, 1, 1_000, 65_535, 65_536, 65_537, 1_000_000, 3_456_789] {
            let duration = Duration::from_nanos(nanos);
            let before = Instant::now();
            let sleep = sleep(duration);
            let deadline = sleep.deadline();
            sleep.await;
            assert!(before.elapsed() >= duration);
            assert!(Instant::now() >= deadline);
        }
    })
    .unwrap();
}

#[test]
fn zero_and_past_deadlines_are_over_at_once() {
    let past = Instant::now();
    for mut sleep in [sleep(Duration::ZERO), sleep_until(past)] {
        assert!(sleep.is_elapsed());
        assert!(poll(&mut sleep, Waker::noop()).is_ready());
        assert!(poll(&mut sleep, Waker::noop()).is_ready(), "it stays over");
    }
}

#[test]
fn tasks_wake_in_the_order_of_their_deadlines() {
    let order = Rc::new(RefCell::new(Vec::new()));
    block_on(async {
        let start = Instant::now();
        let tasks: Vec<_> = [7_u32, 3, 9, 1, 5, 8, 2, 6, 4, 0]
            .into_iter()
            .map(|n| {
                let order = Rc::clone(&order);
                spawn(async move {
                    sleep_until(start + MS + n * MS / 2).await;
                    order.borrow_mut().push(n);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    })
    .unwrap();
    assert_eq!(*order.borrow(), (0..10).collect::<Vec<_>>());
}

#[test]
fn many_timers_all_fire() {
    let fired = block_on(async {
        let fired = Cell::new(0);
        when_all_iter((0..100_000_u64).map(|n| {
            let fired = &fired;
            async move {
                sleep(Duration::from_nanos(n * 7_919 % 50_000_000)).await;
                fired.set(fired.get() + 1);
            }
        }))
        .await;
        fired.get()
    });
    assert_eq!(fired.unwrap(), 100_000);
}

#[test]
fn a_dropped_sleep_leaves_nothing_behind() {
    block_on(async {
        let flag = Flag::new();
        let waker = flag.waker();
        let mut sleeping = sleep(LONG);
        assert!(poll(&mut sleeping, &waker).is_pending());
        assert_eq!(Arc::strong_count(&flag), 3, "the wheel holds a waker");
        drop(sleeping);
        assert_eq!(Arc::strong_count(&flag), 2);
    })
    .unwrap();
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    block_on(async {
        let (first, second) = (Flag::new(), Flag::new());
        let mut sleeping = sleep(2 * MS);
        assert!(poll(&mut sleeping, &first.waker()).is_pending());
        assert!(poll(&mut sleeping, &first.waker()).is_pending());
        assert_eq!(Arc::strong_count(&first), 2);
        assert!(poll(&mut sleeping, &second.waker()).is_pending());
        assert_eq!(Arc::strong_count(&first), 1, "the old one was given back");
        sleep_until(sleeping.deadline() + MS).await;
        assert!(second.is_set() && !first.is_set());
        assert!(poll(&mut sleeping, &second.waker()).is_ready());
    })
    .unwrap();
}

#[test]
fn a_sleep_that_changes_its_context_registers_anew() {
    let (flag, sleeping) = block_on(async {
        let flag = Flag::new();
        let mut sleeping = sleep(2 * MS);
        assert!(poll(&mut sleeping, &flag.waker()).is_pending());
        let elsewhere = std::thread::spawn(move || {
            block_on(async {
                // The first timer here, as the one that comes along was the first there: their keys are alike.
                let mut another = sleep(LONG);
                assert!(poll(&mut another, Waker::noop()).is_pending());
                (&mut sleeping).await;
                Some(another)
            })
        });
        // The entry that was left behind fires here, for nothing.
        while !flag.is_set() {
            sleep(MS).await;
        }
        (flag, elsewhere.join().unwrap().unwrap())
    })
    .unwrap();
    // Dropped outside of any context, after its own has ended.
    drop(sleeping);
    assert_eq!(Arc::strong_count(&flag), 1);
}

#[test]
fn outside_of_a_context_it_cannot_wait() {
    let mut sleeping = sleep(LONG);
    let panic = catch_unwind(AssertUnwindSafe(|| poll(&mut sleeping, Waker::noop()))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("no context"), "{message}");
}

#[test]
fn a_sleep_may_be_sent_before_it_is_polled() {
    fn check<T: Send + Unpin>(value: T) -> T {
        value
    }
    let sleeping = check(sleep(MS));
    std::thread::spawn(move || block_on(sleeping).unwrap())
        .join()
        .unwrap();
}

/// A waker that, whatever is done to it, makes, polls and drops a timer of its own.
fn reentrant() -> Waker {
    fn enter(_: *const ()) {
        let mut sleeping = sleep(LONG);
        assert!(poll(&mut sleeping, Waker::noop()).is_pending());
    }
    fn clone(_: *const ()) -> RawWaker {
        enter(std::ptr::null());
        RawWaker::new(std::ptr::null(), &VTABLE)
    }
    static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, enter, enter, enter);
    // SAFETY: the functions use nothing of the pointer and may be called from any thread.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &VTABLE)) }
}

#[test]
fn wakers_may_use_timers_themselves() {
    block_on(async {
        let waker = reentrant();
        let mut fires = sleep(MS);
        let mut dropped = sleep(LONG);
        let mut replaced = sleep(LONG);
        assert!(poll(&mut fires, &waker).is_pending());
        assert!(poll(&mut dropped, &waker).is_pending());
        assert!(poll(&mut replaced, &waker).is_pending());
        assert!(poll(&mut replaced, Waker::noop()).is_pending());
        assert!(poll(&mut replaced, &waker).is_pending());
        drop(dropped);
        sleep(3 * MS).await;
        assert!(poll(&mut fires, &waker).is_ready());
        replaced.reset(Instant::now());
        assert!(replaced.is_elapsed());
    })
    .unwrap();
}

#[test]
fn a_timeout_polls_its_future_first() {
    block_on(async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        assert_eq!(timeout_at(Instant::now(), ready(2)).await, Ok(2));
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
    })
    .unwrap();
}

#[test]
fn a_timeout_ends_what_takes_too_long() {
    block_on(async {
        let before = Instant::now();
        let elapsed = timeout(2 * MS, sleep(Duration::MAX)).await.unwrap_err();
        assert!(before.elapsed() >= 2 * MS);
        assert_eq!(
            std::io::Error::from(elapsed).kind(),
            std::io::ErrorKind::TimedOut
        );
        assert_eq!(
            timeout(Duration::MAX, async {
                sleep(MS).await;
                3
            })
            .await,
            Ok(3)
        );
        let inner = timeout(LONG, Yield::times(2)).into_inner();
        inner.await;
    })
    .unwrap();
}

#[test]
fn a_timed_out_future_is_not_polled_again() {
    block_on(async {
        let last = Cell::new(None);
        let watched = poll_fn(|_| {
            last.set(Some(Instant::now()));
            Poll::<()>::Pending
        });
        let mut bounded = pin!(timeout(MS, watched));
        let deadline = bounded.deadline();
        assert!(bounded.as_mut().await.is_err());
        let polled = last.get();
        assert!(Instant::now() >= deadline);
        Yield::times(3).await;
        assert_eq!(last.get(), polled);
    })
    .unwrap();
}

#[test]
fn an_interval_ticks_on_its_grid() {
    block_on(async {
        let before = Instant::now();
        let mut ticks = interval(MS);
        let first = ticks.tick().await;
        assert!(
            first >= before && first <= Instant::now(),
            "the first tick comes at once"
        );
        for n in 1..=5 {
            let due = ticks.tick().await;
            assert_eq!(due, first + n * MS);
            assert!(Instant::now() >= due);
        }
        assert_eq!(ticks.period(), MS);
    })
    .unwrap();
}

#[test]
fn missed_ticks_follow_the_policy() {
    block_on(async {
        let start = Instant::now();
        let mut burst = interval_at(start, MS);
        let mut skip = interval_at(start, MS);
        skip.set_missed_tick_behavior(MissedTickBehavior::Skip);
        sleep_until(start + 5 * MS).await;
        for n in 0..5 {
            assert_eq!(burst.tick().await, start + n * MS);
        }
        assert_eq!(skip.tick().await, start);
        let next = skip.tick().await;
        assert!(next > start + 5 * MS, "missed ticks are skipped");
        assert_eq!(
            (next - start).as_nanos() % MS.as_nanos(),
            0,
            "the schedule stays"
        );
    })
    .unwrap();
}

#[test]
fn a_tick_that_was_dropped_is_not_lost() {
    block_on(async {
        let start = Instant::now();
        let mut ticks = interval_at(start + 3 * MS, LONG);
        let delivered = loop {
            if let Ok(due) = timeout(Duration::ZERO, ticks.tick()).await {
                break due;
            }
            sleep(MS / 4).await;
        };
        assert_eq!(delivered, start + 3 * MS);
    })
    .unwrap();
}

#[test]
fn an_interval_can_start_again() {
    block_on(async {
        let mut ticks = interval(LONG);
        ticks.tick().await;
        let before = Instant::now();
        ticks.reset();
        assert!(timeout(MS, ticks.tick()).await.is_err());
        assert!(before.elapsed() >= MS);
    })
    .unwrap();
}

#[test]
fn a_wake_beats_a_far_deadline() {
    let gate = Gate::new();
    std::thread::scope(|scope| {
        scope.spawn(|| gate.open());
        assert_eq!(block_on(timeout(LONG, gate.wait())).unwrap(), Ok(()));
    });
}
