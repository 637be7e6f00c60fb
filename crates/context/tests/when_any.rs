//! `when_any` under a small executor of its own: who wins, that the others are dropped, and that wakes arrive.

mod when_support;

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use context::{OneOf1, OneOf2, OneOf3, when_any, when_any_iter};
use when_support::{Alive, Gate, Yield, block_on, count_polls};

async fn value_after(yields: usize, value: usize) -> usize {
    Yield::times(yields).await;
    value
}

#[test]
fn the_first_of_a_tuple_wins() {
    let three = || (value_after(2, 1), async { "text" }, pending::<()>());
    assert_eq!(block_on(when_any(three())), OneOf3::Second("text"));
    assert_eq!(block_on(when_any((ready(5),))), OneOf1::First(5));
    let same = when_any((value_after(3, 1), value_after(1, 2), value_after(2, 3)));
    assert_eq!(block_on(same).into_inner(), 2);
}

#[test]
fn the_first_of_many_wins() {
    assert_eq!(
        block_on(when_any([value_after(2, 1), value_after(1, 2)])),
        (1, 2)
    );
    for count in [1, 24, 25, 1_000, 10_000] {
        let children = (0..count).map(|n| value_after(if n == count / 2 { 1 } else { 5 }, n));
        assert_eq!(block_on(when_any_iter(children)), (count / 2, count / 2));
    }
}

#[test]
fn at_the_first_poll_the_first_in_order_wins() {
    for count in [3, 100] {
        assert_eq!(block_on(when_any_iter((0..count).map(ready))), (0, 0));
    }
}

#[test]
fn the_order_turns_with_each_poll() {
    // All become ready with the same poll; which one wins tells where that poll began.
    for polls in 0..7 {
        let open = Cell::new(false);
        let child = |n: usize| {
            let open = &open;
            std::future::poll_fn(move |_| {
                if open.get() {
                    Poll::Ready(n)
                } else {
                    Poll::Pending
                }
            })
        };
        let mut group = pin!(when_any([child(0), child(1), child(2)]));
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            assert!(group.as_mut().poll(&mut cx).is_pending());
        }
        open.set(true);
        let winner = polls % 3;
        assert_eq!(group.as_mut().poll(&mut cx), Poll::Ready((winner, winner)));
    }
}

#[test]
fn the_losers_are_dropped_before_it_resolves() {
    for count in [3, 100] {
        let alive = Alive::new(count);
        let mut group = Box::pin(when_any_iter((0..count).map(|n| {
            let token = alive.token(n);
            async move {
                Yield::times(if n == 1 { 2 } else { 3 }).await;
                token
            }
        })));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(group.as_mut().poll(&mut cx).is_pending());
        assert!(group.as_mut().poll(&mut cx).is_pending());
        assert_eq!(alive.dropped(), vec![0; count]);
        let Poll::Ready((1, token)) = group.as_mut().poll(&mut cx) else {
            panic!("child 1 is first");
        };
        let mut expected = vec![1; count];
        expected[1] = 0;
        assert_eq!(alive.dropped(), expected);
        drop((token, group));
        assert_eq!(alive.dropped(), vec![1; count]);
    }
}

#[test]
fn a_drop_at_each_await_point_drops_each_child_once() {
    for count in [2, 100] {
        for polls in 0..4 {
            let alive = Alive::new(count);
            let mut group = Box::pin(when_any_iter((0..count).map(|n| {
                let token = alive.token(n);
                async move {
                    Yield::times(4).await;
                    drop(token);
                }
            })));
            let mut cx = Context::from_waker(Waker::noop());
            for _ in 0..polls {
                assert!(group.as_mut().poll(&mut cx).is_pending());
            }
            drop(group);
            assert_eq!(alive.dropped(), vec![1; count]);
        }
    }
}

#[test]
fn the_winner_ends_the_poll() {
    for count in [4, 100] {
        let polls: Vec<_> = (0..count).map(|_| Cell::new(0)).collect();
        let children = polls.iter().enumerate().map(|(n, polls)| {
            count_polls(
                async move { if n == 1 { n } else { pending().await } },
                polls,
            )
        });
        assert_eq!(block_on(when_any_iter(children)), (1, 1));
        let polled: Vec<_> = polls.iter().map(Cell::get).collect();
        assert_eq!(polled[..4], [1, 1, 0, 0]);
    }
}

#[test]
fn only_woken_children_are_polled() {
    let gates: Vec<_> = (0..100).map(|_| Gate::new()).collect();
    let polls: Vec<_> = (0..100).map(|_| Cell::new(0)).collect();
    let children = gates
        .iter()
        .zip(&polls)
        .map(|(gate, polls)| count_polls(gate.wait(), polls));
    let mut group = pin!(when_any_iter(children));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(group.as_mut().poll(&mut cx).is_pending());
    assert!(group.as_mut().poll(&mut cx).is_pending());
    gates[70].open();
    assert_eq!(group.as_mut().poll(&mut cx), Poll::Ready((70, ())));
    for (n, polls) in polls.iter().enumerate() {
        assert_eq!(polls.get(), if n == 70 { 2 } else { 1 });
    }
}

#[test]
fn a_wake_from_another_thread() {
    for count in [2, 100] {
        let gates: Vec<_> = (0..count).map(|_| Gate::new()).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| gates[count - 1].open());
            let first = block_on(when_any_iter(gates.iter().map(Gate::wait)));
            assert_eq!(first, (count - 1, ()));
        });
    }
}

#[test]
fn a_tuple_of_different_futures_from_another_thread() {
    let gate = Gate::new();
    std::thread::scope(|scope| {
        scope.spawn(|| gate.open());
        let first = block_on(when_any((pending::<u8>(), gate.wait())));
        assert_eq!(first, OneOf2::Second(()));
    });
}

#[test]
#[should_panic(expected = "at least one future")]
fn none_at_all_is_refused() {
    drop(when_any(Vec::<Yield>::new()));
}

#[test]
fn a_poll_after_the_end_panics() {
    let mut group = Box::pin(when_any([ready(1)]));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(group.as_mut().poll(&mut cx).is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| group.as_mut().poll(&mut cx).is_ready())).is_err());
}

#[test]
fn a_panic_leaves_no_leak() {
    for count in [3, 100] {
        let alive = Alive::new(count);
        let group = when_any_iter((0..count).map(|n| {
            let token = alive.token(n);
            async move {
                Yield::times(1).await;
                assert!(n != 2, "child 2 panics");
                let () = pending().await;
                drop(token);
            }
        }));
        assert!(catch_unwind(AssertUnwindSafe(|| block_on(group))).is_err());
        assert_eq!(alive.dropped(), vec![1; count]);
    }
}
