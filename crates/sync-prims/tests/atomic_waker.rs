//! `AtomicWaker` (requirement 29): what it clones, wakes and drops; wakers that panic and that call back; threads.

mod support;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Poll, Waker};
use std::thread;

use static_assertions::assert_impl_all;
use sync_prims::AtomicWaker;
use sync_prims::blocking::block_on;

use support::Hooks;

assert_impl_all!(AtomicWaker: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, std::fmt::Debug);

/// Hooks, to look at the counts of, and a waker of theirs.
fn counted(hooks: Hooks) -> (Arc<Hooks>, Waker) {
    let hooks = Arc::new(hooks);
    (hooks.clone(), hooks.waker())
}

static IN_A_STATIC: AtomicWaker = AtomicWaker::new();

#[test]
fn a_wake_takes_what_was_registered() {
    let shared = AtomicWaker::new();
    assert!(!shared.wake());
    let (task, waker) = counted(Hooks::default());
    shared.register(&waker);
    assert_eq!((task.clones(), task.wakes()), (1, 0));
    assert!(shared.wake());
    assert!(!shared.wake());
    assert_eq!(task.wakes(), 1);
    drop(waker);
    assert_eq!(task.wakers(), 0);
}

#[test]
fn the_same_waker_is_not_cloned_again() {
    let shared = AtomicWaker::new();
    let (task, waker) = counted(Hooks::default());
    for _ in 0..1000 {
        shared.register(&waker);
        shared.register_by_ref(&waker);
    }
    assert_eq!((task.clones(), task.drops()), (1, 0));
    shared.register_owned(waker.clone());
    assert_eq!((task.clones(), task.drops()), (2, 1));
    assert!(shared.wake());
    shared.register(&waker);
    assert_eq!(task.clones(), 3);
}

#[test]
fn another_waker_replaces_it_and_it_is_dropped() {
    let shared = AtomicWaker::new();
    let (first, first_waker) = counted(Hooks::default());
    let (second, second_waker) = counted(Hooks::default());
    for _ in 0..1000 {
        shared.register(&first_waker);
        assert_eq!((first.wakers(), second.wakers()), (2, 1));
        shared.register(&second_waker);
        assert_eq!((first.wakers(), second.wakers()), (1, 2));
    }
    assert!(shared.wake());
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
}

#[test]
fn a_waker_given_away_is_not_cloned() {
    let shared = AtomicWaker::new();
    let (task, waker) = counted(Hooks::default());
    shared.register_owned(waker);
    assert!(shared.wake());
    assert_eq!((task.clones(), task.wakes(), task.wakers()), (0, 1, 0));
}

#[test]
fn a_waker_can_be_taken() {
    let (task, waker) = counted(Hooks::default());
    assert!(IN_A_STATIC.take_waker().is_none());
    IN_A_STATIC.register(&waker);
    let taken = IN_A_STATIC.take_waker().unwrap();
    assert!(taken.will_wake(&waker));
    assert!(IN_A_STATIC.take_waker().is_none());
    assert_eq!(task.wakes(), 0);
    drop((taken, waker));
    assert_eq!(task.wakers(), 0);
}

#[test]
fn it_drops_what_it_holds() {
    let (task, waker) = counted(Hooks::default());
    let shared = AtomicWaker::default();
    shared.register(&waker);
    assert_eq!(task.wakers(), 2);
    assert_eq!(
        format!("{shared:?}"),
        "AtomicWaker { registered: true, .. }"
    );
    drop(shared);
    assert_eq!(task.wakers(), 1);
}

#[test]
fn a_panic_in_clone_leaves_the_one_before() {
    let shared = AtomicWaker::new();
    let (task, waker) = counted(Hooks::default());
    let (bad, bad_waker) = counted(Hooks {
        clone: Some(Box::new(|| panic!("clone"))),
        ..Hooks::default()
    });
    for _ in 0..10 {
        shared.register(&waker);
        assert!(catch_unwind(AssertUnwindSafe(|| shared.register(&bad_waker))).is_err());
        assert!(shared.wake());
        assert!(catch_unwind(AssertUnwindSafe(|| shared.register(&bad_waker))).is_err());
        assert!(!shared.wake());
    }
    assert_eq!((task.wakes(), bad.wakes(), bad.wakers()), (10, 0, 1));
}

#[test]
fn a_panic_in_drop_leaves_the_one_after() {
    let shared = AtomicWaker::new();
    for _ in 0..10 {
        let armed = Arc::new(AtomicBool::new(true));
        let panics = {
            let armed = armed.clone();
            move || assert!(!armed.load(Ordering::SeqCst), "drop")
        };
        let (bad, bad_waker) = counted(Hooks {
            drop: Some(Box::new(panics)),
            ..Hooks::default()
        });
        let (task, waker) = counted(Hooks::default());
        shared.register_owned(bad_waker);
        assert!(catch_unwind(AssertUnwindSafe(|| shared.register(&waker))).is_err());
        assert_eq!(bad.wakers(), 0);
        assert!(shared.wake());
        assert!(!shared.wake());
        assert_eq!(task.wakes(), 1);
    }
}

#[test]
fn a_panic_in_wake_leaves_it_empty() {
    let shared = AtomicWaker::new();
    let (bad, bad_waker) = counted(Hooks {
        wake: Some(Box::new(|| panic!("wake"))),
        ..Hooks::default()
    });
    for _ in 0..10 {
        shared.register(&bad_waker);
        assert!(catch_unwind(AssertUnwindSafe(|| shared.wake())).is_err());
        assert!(!shared.wake());
    }
    drop(bad_waker);
    assert_eq!((bad.wakes(), bad.wakers()), (10, 0));
}

/// Every method, from within a waker's `clone`, `wake` and `drop`.
#[test]
fn wakers_may_call_back() {
    let shared = Arc::new(AtomicWaker::new());
    let (plain, plain_waker) = counted(Hooks::default());
    // Weak, or the hooks would keep themselves; and registered to the end, they would too.
    let is_over = Arc::new(AtomicBool::new(false));
    let this = Arc::new(OnceLock::<Weak<Hooks>>::new());
    let call_back = {
        let (shared, this) = (shared.clone(), this.clone());
        let own = move || this.get().unwrap().upgrade().unwrap().waker();
        let (depth, is_over) = (AtomicUsize::new(0), is_over.clone());
        Arc::new(move || {
            if depth.fetch_add(1, Ordering::SeqCst) == 0 && !is_over.load(Ordering::SeqCst) {
                shared.register(&plain_waker);
                shared.wake();
                shared.register(&own());
                drop(shared.take_waker());
                shared.register(&plain_waker);
                shared.register(&own());
            }
            depth.fetch_sub(1, Ordering::SeqCst);
        })
    };
    let hook = || {
        let call_back = call_back.clone();
        Some(Box::new(move || call_back()) as Box<_>)
    };
    let (task, waker) = counted(Hooks {
        clone: hook(),
        wake: hook(),
        drop: hook(),
        ..Hooks::default()
    });
    this.set(Arc::downgrade(&task)).unwrap();
    for _ in 0..10 {
        shared.register(&waker);
        assert!(shared.wake());
        // The waker registered itself again from within its wake.
        let taken = shared.take_waker().unwrap();
        assert!(taken.will_wake(&waker));
        drop(taken);
        drop(shared.take_waker());
    }
    assert!(plain.wakes() >= 10);
    assert!(task.wakes() >= 10);
    is_over.store(true, Ordering::SeqCst);
    drop((shared.take_waker(), waker));
    assert_eq!(task.wakers(), 0);
}

/// A task that waits for each step before the other side takes the next one: a lost wake hangs.
#[test]
fn no_wake_is_lost() {
    const ROUNDS: usize = 20_000;
    let (ping, pong) = (AtomicWaker::new(), AtomicWaker::new());
    let (pings, pongs) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wait_for = |shared: &AtomicWaker, steps: &AtomicUsize, goal: usize| {
        block_on(poll_fn(|cx| {
            shared.register(cx.waker());
            if steps.load(Ordering::Relaxed) >= goal {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
    };
    thread::scope(|threads| {
        threads.spawn(|| {
            for round in 1..=ROUNDS {
                pings.store(round, Ordering::Relaxed);
                ping.wake();
                wait_for(&pong, &pongs, round);
            }
        });
        for round in 1..=ROUNDS {
            wait_for(&ping, &pings, round);
            pongs.store(round, Ordering::Relaxed);
            pong.wake();
        }
    });
    assert_eq!(pongs.load(Ordering::Relaxed), ROUNDS);
}

/// By mistake, several threads register, with several wakers, while others wake and take: nothing is leaked or dropped twice.
#[test]
fn many_registrars_are_safe() {
    const GOAL: usize = 20_000;
    let shared = AtomicWaker::new();
    let found = AtomicUsize::new(0);
    let tasks: Vec<_> = (0..4).map(|_| counted(Hooks::default())).collect();
    // Small steps, so that the threads meet on few cores as well.
    let until_the_goal = |step: &mut dyn FnMut(usize)| {
        let mut round = 0;
        while found.load(Ordering::Relaxed) < GOAL {
            (0..8).for_each(|_| step(round));
            round += 1;
            if round.is_multiple_of(16) {
                thread::yield_now();
            }
        }
    };
    thread::scope(|threads| {
        for half in tasks.chunks(2) {
            threads.spawn(|| until_the_goal(&mut |round| shared.register(&half[round % 2].1)));
            threads.spawn(|| {
                until_the_goal(&mut |round| {
                    let woken = if round % 3 == 0 {
                        shared.take_waker().is_some()
                    } else {
                        shared.wake()
                    };
                    found.fetch_add(woken.into(), Ordering::Relaxed);
                });
            });
        }
    });
    drop(shared);
    let mut wakes = 0;
    for (task, waker) in tasks {
        drop(waker);
        assert_eq!(task.wakers(), 0);
        assert_eq!(task.clones() + 1, task.wakes() + task.drops());
        wakes += task.wakes();
    }
    assert!(wakes > 0);
}
