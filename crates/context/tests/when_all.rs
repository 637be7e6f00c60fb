//! `when_all` under a small executor of its own: counts, depth, order, drops, wakes from threads, panics.

mod when_support;

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use context::{when_all, when_all_iter};
use when_support::{Alive, Gate, Yield, block_on, count_polls};

async fn value_after(yields: usize, value: usize) -> usize {
    Yield::times(yields).await;
    value
}

#[test]
fn one_four_and_ten_without_values() {
    let done = Cell::new(0);
    let child = || async {
        Yield::times(1).await;
        done.set(done.get() + 1);
    };
    block_on(async {
        let ((),) = when_all((child(),)).await;
        assert_eq!(done.get(), 1);
        let ((), (), (), ()) = when_all((child(), child(), child(), child())).await;
        assert_eq!(done.get(), 5);
        let ten = when_all([(); 10].map(|()| child())).await;
        assert_eq!(ten, [(); 10]);
        assert_eq!(done.get(), 15);
    });
}

#[test]
fn four_and_ten_with_values() {
    block_on(async {
        let four = when_all((
            value_after(3, 1),
            async { "two" },
            async { Box::new(3) },
            value_after(0, 4),
        ));
        assert_eq!(four.await, (1, "two", Box::new(3), 4));
        let v = value_after;
        let ten = when_all((
            v(9, 0),
            v(8, 1),
            v(7, 2),
            v(6, 3),
            v(5, 4),
            v(4, 5),
            v(3, 6),
            v(2, 7),
            v(1, 8),
            v(0, 9),
        ));
        assert_eq!(ten.await, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
        let v = |n| value_after(n % 3, n);
        let twelve = when_all((
            v(0),
            v(1),
            v(2),
            v(3),
            v(4),
            v(5),
            v(6),
            v(7),
            v(8),
            v(9),
            v(10),
            v(11),
        ));
        assert_eq!(twelve.await, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    });
}

#[test]
fn an_empty_group_is_ready() {
    block_on(async {
        assert_eq!(when_all(Vec::<Yield>::new()).await, []);
        let none: [(); 0] = when_all([] as [Yield; 0]).await;
        assert_eq!(none, []);
        assert_eq!(when_all_iter(std::iter::empty::<Yield>()).await, []);
    });
}

#[test]
fn ranges_in_order_of_input() {
    for count in [10, 23, 24, 25, 64, 65, 100, 1_000, 10_000] {
        let outputs = block_on(when_all_iter(
            (0..count).map(|n| value_after((count - n) % 7, n)),
        ));
        assert_eq!(outputs, (0..count).collect::<Vec<_>>());
    }
    let array = block_on(when_all(std::array::from_fn::<_, 100, _>(|n| {
        value_after(n % 3, n)
    })));
    assert_eq!(array, std::array::from_fn(|n| n));
}

#[test]
fn results_are_outputs_like_any_other() {
    let outputs = block_on(when_all((async { Err::<u8, _>("failed") }, async {
        Yield::times(2).await;
        Ok::<_, &str>(2)
    })));
    assert_eq!(outputs, (Err("failed"), Ok(2)));
}

#[test]
fn children_may_borrow_and_need_not_be_send() {
    let words = [String::from("a"), String::from("bc")];
    let lengths = block_on(when_all_iter(words.iter().map(|word| async {
        let local = Rc::new(word.as_str());
        Yield::times(1).await;
        *local
    })));
    assert_eq!(lengths, ["a", "bc"]);
}

fn nested(depth: usize) -> Pin<Box<dyn Future<Output = usize>>> {
    Box::pin(async move {
        if depth == 0 {
            return value_after(1, 1).await;
        }
        let (left, right) = when_all((nested(depth - 1), nested(depth - 1))).await;
        left + right
    })
}

#[test]
fn nested_up_to_thirteen_deep() {
    for depth in 1..=13 {
        assert_eq!(block_on(nested(depth)), 1 << depth);
    }
}

#[test]
fn nested_groups_with_wakers_of_their_own() {
    let inner = |n: usize| when_all_iter((0..50).map(move |m| value_after(m % 4, n * 50 + m)));
    let all = block_on(when_all_iter((0..50).map(inner)));
    assert_eq!(all.concat(), (0..2_500).collect::<Vec<_>>());
}

/// Drops a group at each await point of its children: each child is dropped exactly once, finished or not.
fn dropped_at_each_point(count: usize) {
    const YIELDS: usize = 4;
    for polls in 0..=YIELDS {
        let alive = Alive::new(count);
        let mut group = Box::pin(when_all_iter((0..count).map(|n| {
            let token = alive.token(n);
            async move {
                Yield::times(n % (YIELDS + 1)).await;
                token
            }
        })));
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            assert!(group.as_mut().poll(&mut cx).is_pending());
        }
        assert_eq!(alive.dropped(), vec![0; count]);
        drop(group);
        assert_eq!(
            alive.dropped(),
            vec![1; count],
            "{count} children, {polls} polls"
        );
    }
}

#[test]
fn a_drop_at_each_await_point_drops_each_child_once() {
    for count in [5, 10, 24, 25, 200] {
        dropped_at_each_point(count);
    }
}

#[test]
fn outputs_are_moved_out_exactly_once() {
    for count in [3, 100] {
        let alive = Alive::new(count);
        let tokens = block_on(when_all_iter((0..count).map(|n| {
            let token = alive.token(n);
            async move { token }
        })));
        assert_eq!(alive.dropped(), vec![0; count]);
        drop(tokens);
        assert_eq!(alive.dropped(), vec![1; count]);
    }
}

#[test]
fn a_finished_child_is_dropped_at_once() {
    let alive = Alive::new(1);
    let gate = Gate::new();
    let token = alive.token(0);
    // The closure holds the token until it is dropped itself, unlike an async block that has ended.
    let first = std::future::poll_fn(move |_| {
        let _ = &token;
        Poll::Ready(())
    });
    let mut group = pin!(when_all((first, gate.wait())));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(group.as_mut().poll(&mut cx).is_pending());
    assert_eq!(
        alive.dropped(),
        [1],
        "what it held is not held until the others are ready"
    );
}

#[test]
fn only_woken_children_are_polled() {
    let count = 1_000;
    let gates: Vec<_> = (0..count).map(|_| Gate::new()).collect();
    let polls: Vec<_> = (0..count).map(|_| Cell::new(0)).collect();
    let children = gates
        .iter()
        .zip(&polls)
        .map(|(gate, polls)| count_polls(gate.wait(), polls));
    let mut group = pin!(when_all_iter(children));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(group.as_mut().poll(&mut cx).is_pending());
    for &woken in &[999, 0, 500] {
        gates[woken].open();
        assert!(group.as_mut().poll(&mut cx).is_pending());
    }
    for (n, polls) in polls.iter().enumerate() {
        let expected = if [999, 0, 500].contains(&n) { 2 } else { 1 };
        assert_eq!(polls.get(), expected, "child {n}");
    }
    gates.iter().for_each(Gate::open);
    assert!(group.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    for count in [2, 100] {
        let gates: Vec<_> = (0..count).map(|_| Gate::new()).collect();
        let mut group = Box::pin(when_all_iter(gates.iter().map(Gate::wait)));
        let (first, second) = (when_support::Flag::new(), when_support::Flag::new());
        assert!(
            group
                .as_mut()
                .poll(&mut Context::from_waker(&first.waker()))
                .is_pending()
        );
        assert!(
            group
                .as_mut()
                .poll(&mut Context::from_waker(&second.waker()))
                .is_pending()
        );
        gates[1].open();
        // Below the threshold an unwoken child was polled again as well, so both sizes know the second waker only.
        assert!(second.is_set());
        assert!(!first.is_set());
    }
}

#[test]
fn wakes_from_other_threads() {
    for count in [10, 1_000] {
        let gates: Vec<_> = (0..count).map(|_| Gate::new()).collect();
        std::thread::scope(|scope| {
            for part in gates.chunks(count / 2) {
                scope.spawn(move || part.iter().for_each(Gate::open));
            }
            let outputs = block_on(when_all_iter(gates.iter().map(Gate::wait)));
            assert_eq!(outputs.len(), count);
        });
    }
}

#[test]
fn a_wake_that_outlives_the_group_is_harmless() {
    let gates: Vec<_> = (0..100).map(|_| Gate::new()).collect();
    let mut group = Box::pin(when_all_iter(gates.iter().map(Gate::wait)));
    assert!(
        group
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(group);
    gates.iter().for_each(Gate::open);
}

fn panics_at(yields: usize, count: usize, culprit: usize) {
    let alive = Alive::new(count);
    let mut group = Box::pin(when_all_iter((0..count).map(|n| {
        let token = alive.token(n);
        async move {
            Yield::times(if n == 0 { 0 } else { yields }).await;
            assert!(n != culprit, "child {n} panics");
            // Some are finished, some not when it happens.
            Yield::times(n % 2).await;
            token
        }
    })));
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = || catch_unwind(AssertUnwindSafe(|| group.as_mut().poll(&mut cx).is_ready()));
    for _ in 0..yields {
        assert!(matches!(poll(), Ok(false)));
    }
    let payload = poll().expect_err("the panic goes on");
    assert_eq!(
        payload.downcast_ref::<String>(),
        Some(&format!("child {culprit} panics"))
    );
    assert_eq!(
        alive.dropped(),
        vec![1; count],
        "all were dropped, though the group still exists"
    );
    assert!(
        poll().is_err(),
        "a further poll does not wait for what is gone"
    );
    drop(group);
    assert_eq!(alive.dropped(), vec![1; count]);
}

#[test]
fn a_panic_drops_the_others_and_goes_on() {
    for count in [4, 100] {
        for yields in 0..3 {
            panics_at(yields, count, 2);
            panics_at(yields, count, count - 1);
        }
    }
    let alive = Alive::new(2);
    let (first, second) = (alive.token(0), alive.token(1));
    let panicking = async move {
        let _token = second;
        panic!("in a tuple");
    };
    let group = async move { when_all((async move { first }, panicking)).await };
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(group))).is_err());
    assert_eq!(alive.dropped(), [1, 1]);
}

#[test]
fn a_poll_after_the_end_panics() {
    for count in [1, 100] {
        let mut group = Box::pin(when_all_iter((0..count).map(|n| async move { n })));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(
            matches!(group.as_mut().poll(&mut cx), Poll::Ready(outputs) if outputs.len() == count)
        );
        let again = catch_unwind(AssertUnwindSafe(|| group.as_mut().poll(&mut cx).is_ready()));
        // An emptied Vec group is an empty group.
        assert!(again.is_err());
    }
}

#[test]
fn works_with_the_futures_of_other_crates() {
    let ready = futures_util::future::ready(1);
    let nested = futures_util::future::join(when_all((ready, async { 2 })), async { 3 });
    assert_eq!(block_on(nested), ((1, 2), 3));
}
