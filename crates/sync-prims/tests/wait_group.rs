//! `WaitGroup`: add, done, wait, and all of it again.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use proptest::prelude::{Strategy, any, proptest};
use proptest::{collection, prop_oneof};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::grid::{GRID, GRID_OF_THREADS, released_in_order, released_on_threads};
use support::{Hand, Watchdog};
use sync_prims::WaitGroup;
use sync_prims::wait_group::{OwnedWaitGroupGuard, Wait, WaitGroupGuard};

assert_impl_all!(WaitGroup: Send, Sync, Unpin, Default, std::fmt::Debug);
assert_impl_all!(Wait<'static>: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(Wait<'static>: Unpin);
assert_impl_all!(WaitGroupGuard<&'static WaitGroup>: Send, Sync, Clone);
assert_impl_all!(OwnedWaitGroupGuard: Send, Sync, Clone);

fn at_work(count: usize) -> WaitGroup {
    let group = WaitGroup::new();
    group.add(count);
    group
}

#[test]
fn nobody_at_work_is_nothing_to_wait_for() {
    let group = WaitGroup::new();
    group.wait_blocking();
    group.add(0);
    group.wait_blocking();
    assert_eq!(group.count(), 0);
}

#[test]
fn it_waits_for_all_who_are_at_work() {
    let group = at_work(2);
    let mut wait = Hand::pending(group.wait());
    assert!(!group.done());
    group.add(1);
    assert!(!group.done());
    assert_eq!(wait.wakes(), 0);
    assert!(group.done());
    assert_eq!(wait.wakes(), 1);
    assert!(wait.poll().is_ready());
}

#[test]
fn it_can_be_a_static() {
    static GROUP: WaitGroup = WaitGroup::new();
    let guard = GROUP.enter();
    thread::spawn(move || drop(guard));
    GROUP.wait_blocking();
}

#[test]
fn it_can_be_used_again() {
    let group = WaitGroup::new();
    for round in 1..100 {
        group.add(round);
        let mut wait = Hand::pending(group.wait());
        for _ in 1..round {
            assert!(!group.done());
        }
        assert!(wait.poll().is_pending());
        assert!(group.done());
        assert!(wait.poll().is_ready());
    }
}

#[test]
fn a_wait_that_has_ended_stays_so_when_more_is_added() {
    let group = at_work(1);
    let mut old = Hand::pending(group.wait());
    let given_up = Hand::pending(group.wait());
    group.done();
    group.add(1);
    let mut new = Hand::pending(group.wait());
    // It was told of the old work, and takes nothing with it.
    drop(given_up);
    assert!(old.poll().is_ready());
    // Polled again, it waits for the new work.
    assert!(old.poll().is_pending());
    group.done();
    assert!(old.poll().is_ready());
    assert!(new.poll().is_ready());
}

#[test]
fn done_once_too_often_is_a_panic_that_changes_nothing() {
    let group = WaitGroup::new();
    for _ in 0..2 {
        let panic = catch_unwind(AssertUnwindSafe(|| group.done())).unwrap_err();
        assert_eq!(
            panic.downcast_ref(),
            Some(&"done was called more often than was added")
        );
        assert_eq!(group.count(), 0);
        group.wait_blocking();
    }
    group.add(1);
    let mut wait = Hand::pending(group.wait());
    assert!(group.done());
    assert!(wait.poll().is_ready());
}

#[test]
fn it_counts_as_far_as_its_word() {
    let group = at_work(WaitGroup::MAX);
    let mut wait = Hand::pending(group.wait());
    for too_many in [1, WaitGroup::MAX, usize::MAX] {
        assert!(catch_unwind(AssertUnwindSafe(|| group.add(too_many))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| group.enter())).is_err());
        assert_eq!(group.count(), WaitGroup::MAX);
    }
    assert!(!group.done());
    group.add(1);
    assert!(wait.poll().is_pending());
}

#[test]
fn waiters_are_woken_in_the_order_they_came() {
    for (workers, waiters) in GRID {
        let group = at_work(workers);
        let lasts = AtomicUsize::new(0);
        let done = || {
            lasts.fetch_add(group.done().into(), Ordering::Relaxed);
        };
        released_in_order((workers, waiters), || group.wait(), done);
        assert_eq!(lasts.into_inner(), 1);
    }
}

#[test]
fn threads_wait_and_are_done() {
    let _watchdog = Watchdog::new("threads_wait_and_are_done");
    for (workers, waiters) in GRID_OF_THREADS {
        let group = at_work(workers);
        let worked = AtomicUsize::new(0);
        let wait = || {
            group.wait_blocking();
            assert_eq!(worked.load(Ordering::Relaxed), workers);
        };
        let work = || {
            worked.fetch_add(1, Ordering::Relaxed);
            group.done();
        };
        released_on_threads((workers, waiters), wait, work);
    }
}

#[test]
fn threads_use_it_again_and_again() {
    const ROUNDS: usize = 2_000;
    const WORKERS: usize = 3;
    let _watchdog = Watchdog::new("threads_use_it_again_and_again");
    let (group, worked) = (at_work(WORKERS), AtomicUsize::new(0));
    let next_round = Barrier::new(WORKERS + 1);
    thread::scope(|threads| {
        for _ in 0..WORKERS {
            threads.spawn(|| {
                for _ in 0..ROUNDS {
                    worked.fetch_add(1, Ordering::Relaxed);
                    group.done();
                    next_round.wait();
                }
            });
        }
        for round in 1..=ROUNDS {
            group.wait_blocking();
            assert_eq!(worked.load(Ordering::Relaxed), round * WORKERS);
            group.add(WORKERS);
            next_round.wait();
        }
    });
}

#[test]
fn a_guard_is_done_on_every_way_out() {
    let group = Arc::new(WaitGroup::new());
    let first = group.enter();
    let second = first.clone();
    assert_eq!(group.count(), 2);
    assert_eq!(first.group().count(), 2);
    drop(first);
    drop(second);
    assert_eq!(group.count(), 0);

    let guard = group.enter_owned();
    let thread = thread::spawn(move || {
        let _more = guard.clone();
        let _guard = guard;
        panic!("unwinds past the guards");
    });
    group.wait_blocking();
    assert!(thread.join().is_err());
    assert_eq!(Arc::strong_count(&group), 1);

    let task = Hand::pending(async {
        let _guard = group.enter();
        std::future::pending::<()>().await;
    });
    assert_eq!(group.count(), 1);
    drop(task);
    assert_eq!(group.count(), 0);
}

#[test]
fn a_guard_can_be_for_one_that_was_added_already() {
    let group = Arc::new(at_work(3));
    drop(group.guard());
    assert_eq!(group.count(), 2);
    drop(group.guard_owned());
    assert_eq!(group.count(), 1);
    group.guard().disarm();
    assert_eq!(group.count(), 1);
    assert_eq!(Arc::strong_count(&group), 1);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Add(usize),
    Done,
    Begin,
    Poll(usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3usize).prop_map(Step::Add),
        4 => (0..1u8).prop_map(|_| Step::Done),
        3 => (0..1u8).prop_map(|_| Step::Begin),
        3 => any::<usize>().prop_map(Step::Poll),
        2 => any::<usize>().prop_map(Step::Drop),
    ]
}

proptest! {
    /// Against the group as one would write it down without threads: a count, and a line of waiters, told or not.
    #[test]
    fn it_is_a_count_and_a_line(steps in collection::vec(step(), 1..60)) {
        check(&steps);
    }
}

fn check(steps: &[Step]) {
    let group = Arc::new(WaitGroup::new());
    let mut count = 0;
    let mut line = Vec::new();
    for &step in steps {
        match step {
            Step::Add(more) => {
                group.add(more);
                count += more;
            }
            Step::Done if count > 0 => {
                count -= 1;
                assert_eq!(group.done(), count == 0);
                if count == 0 {
                    line.iter_mut().for_each(|(_, told)| *told = true);
                }
            }
            Step::Begin => {
                let owner = group.clone();
                let mut wait = Hand::new(async move { owner.wait().await });
                assert_eq!(wait.poll().is_ready(), count == 0);
                if count > 0 {
                    line.push((wait, false));
                }
            }
            Step::Poll(which) if !line.is_empty() => {
                let which = which % line.len();
                let (wait, told) = &mut line[which];
                assert_eq!(wait.poll().is_ready(), *told);
                if *told {
                    line.remove(which);
                }
            }
            Step::Drop(which) if !line.is_empty() => {
                line.remove(which % line.len());
            }
            Step::Done | Step::Poll(_) | Step::Drop(_) => {}
        }
        assert_eq!(group.count(), count);
        for (wait, told) in &line {
            assert_eq!(wait.wakes(), usize::from(*told));
        }
    }
}

#[test]
fn it_says_what_it_is() {
    let group = WaitGroup::new();
    assert_eq!(
        format!("{:?}", group.enter()),
        "WaitGroupGuard { group: WaitGroup { count: 1, .. } }"
    );
    assert_eq!(
        format!("{:?}", group.wait()),
        "Wait { group: WaitGroup { count: 0, .. } }"
    );
}
