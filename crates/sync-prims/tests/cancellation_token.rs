//! `CancellationToken`: who is cancelled with whom, what is left of tokens that go, deep and wide trees.

mod support;

use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use sync_prims::CancellationToken;
use sync_prims::blocking::block_on;
use sync_prims::cancellation_token::{
    Cancelled, DropGuard, DropGuardRef, OwnedCancelled, RunUntilCancelled, RunUntilCancelledOwned,
};

use support::{Hand, Hooks, allocator, poll_once, poll_with};

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

assert_impl_all!(CancellationToken: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Clone, Default, std::fmt::Debug);
assert_impl_all!(Cancelled<'static>: Send, Sync, std::fmt::Debug);
assert_impl_all!(OwnedCancelled: Send, Sync, std::fmt::Debug);
assert_impl_all!(RunUntilCancelled<'static, u8>: Send, Sync, std::fmt::Debug);
assert_impl_all!(RunUntilCancelledOwned<u8>: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(RunUntilCancelled<'static, *const u8>: Send, Sync);
assert_not_impl_any!(RunUntilCancelledOwned<*const u8>: Send, Sync);
assert_not_impl_any!(Cancelled<'static>: Unpin);
assert_not_impl_any!(OwnedCancelled: Unpin);
assert_impl_all!(DropGuard: Send, Sync, std::fmt::Debug);
assert_impl_all!(DropGuardRef<'static>: Send, Sync, std::fmt::Debug);

#[test]
fn descendants_are_cancelled_and_nobody_else() {
    let root = CancellationToken::new();
    let [left, right] = [root.child_token(), root.child_token()];
    let [first, second] = [left.child_token(), left.child_token()];
    first.cancel();
    let cancelled = || [&root, &left, &right, &first, &second].map(CancellationToken::is_cancelled);
    assert_eq!(cancelled(), [false, false, false, true, false]);
    left.clone().cancel();
    assert_eq!(cancelled(), [false, true, false, true, true]);
    root.cancel();
    root.cancel();
    assert_eq!(cancelled(), [true; 5]);
    assert!(left.child_token().child_token().is_cancelled());
}

#[test]
fn waiters_are_woken_children_first() {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let root = CancellationToken::new();
    let first = root.child_token();
    let second = root.child_token();
    let below = first.child_token();
    let mut waits = Vec::new();
    for (name, token) in [
        ("root", &root),
        ("second", &second),
        ("first", &first),
        ("below", &below),
        ("first again", &first),
    ] {
        let order = order.clone();
        let hooks = Arc::new(Hooks {
            wake: Some(Box::new(move || order.lock().unwrap().push(name))),
            ..Hooks::default()
        });
        let mut wait = Box::pin(token.cancelled());
        assert!(poll_with(wait.as_mut(), &hooks.waker()).is_pending());
        waits.push(wait);
    }
    root.cancel();
    assert_eq!(
        *order.lock().unwrap(),
        ["below", "first", "first again", "second", "root"]
    );
    for wait in &mut waits {
        // Ready, and again.
        assert!(poll_once(wait.as_mut()).is_ready());
        assert!(poll_once(wait.as_mut()).is_ready());
    }
}

#[test]
fn an_owned_wait_is_a_handle() {
    let root = CancellationToken::new();
    let mut wait = Hand::pending(root.child_token().cancelled_owned());
    root.cancel();
    assert_eq!(wait.wakes(), 1);
    drop(root);
    assert!(wait.poll().is_ready());
}

#[test]
fn children_outlive_their_parents_and_keep_their_order() {
    let root = CancellationToken::new();
    let parent = root.child_token();
    let before = root.child_token();
    let children: Vec<_> = (0..3).map(|_| parent.child_token()).collect();
    let twice = parent.clone();
    drop(parent);
    drop(twice);
    let grandchild = children[1].child_token();
    drop(children);
    assert!(!grandchild.is_cancelled());
    root.cancel();
    assert!(grandchild.is_cancelled() && before.is_cancelled());
}

#[test]
fn the_children_of_a_root_that_goes_are_independent() {
    let root = CancellationToken::new();
    let [left, right] = [root.child_token(), root.child_token()];
    drop(root);
    let below = left.child_token();
    left.cancel();
    assert!(below.is_cancelled() && !right.is_cancelled());
    right.cancel();
    assert!(right.is_cancelled());
}

/// With a stack far too small for a call for each level.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

const DEPTH: usize = 100_000;

fn chain(root: &CancellationToken) -> Vec<CancellationToken> {
    let mut chain = vec![root.child_token()];
    for _ in 1..DEPTH {
        chain.push(chain[chain.len() - 1].child_token());
    }
    chain
}

#[test]
fn a_deep_tree_is_cancelled_and_dropped() {
    on_a_small_stack(|| {
        let root = CancellationToken::new();
        let tokens = chain(&root);
        root.cancel();
        assert!(tokens.iter().all(CancellationToken::is_cancelled));
    });
}

#[test]
fn a_deep_tree_is_dropped_from_either_end() {
    on_a_small_stack(|| {
        let root = CancellationToken::new();
        drop(chain(&root));
        let mut tokens = chain(&root);
        tokens.reverse();
        drop(tokens);
        let mut tokens = chain(&root);
        drop(root);
        let last = tokens.pop().unwrap();
        drop(tokens.split_off(DEPTH / 2));
        tokens[DEPTH / 4].cancel();
        assert!(last.is_cancelled() && !tokens[0].is_cancelled());
    });
}

#[test]
fn a_wide_tree_is_cancelled_and_dropped() {
    let root = CancellationToken::new();
    let parent = root.child_token();
    let children: Vec<_> = (0..DEPTH).map(|_| parent.child_token()).collect();
    let waits: Vec<_> = children
        .iter()
        .map(|child| Hand::pending(child.cancelled()))
        .collect();
    // All of them move up.
    drop(parent);
    root.cancel();
    assert!(waits.iter().all(|wait| wait.wakes() == 1));
}

#[test]
fn nothing_is_left_of_tokens_that_go() {
    let root = CancellationToken::new();
    let mut newest = root.child_token();
    let before = allocator::kept();
    for _ in 0..1_000 {
        // Whoever is between the root and the newest one goes.
        newest = newest.child_token();
        drop(newest.child_token());
        let wait = Hand::pending(newest.cancelled());
        drop(wait);
    }
    assert_eq!(allocator::kept(), before);
    root.cancel();
    assert!(newest.is_cancelled());
    drop((root, newest));
    // The root and the newest one.
    assert_eq!(allocator::kept(), before - 2);
}

#[test]
fn guards_cancel_on_every_way_out() {
    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    assert!(!guard.token().is_cancelled());
    let token = guard.disarm();
    assert!(!token.is_cancelled());
    let child = token.child_token();
    let unwound = catch_unwind(|| {
        let _guard = child.drop_guard_ref();
        panic!("on the way out");
    });
    assert!(unwound.is_err() && child.is_cancelled() && !token.is_cancelled());
    let borrowed = token.drop_guard_ref().disarm();
    assert!(!borrowed.is_cancelled());
    drop(token.drop_guard_ref());
    assert!(token.is_cancelled());

    let token = CancellationToken::new();
    drop(token.clone().drop_guard());
    assert!(token.is_cancelled());
}

#[test]
fn a_future_runs_until_the_cancellation() {
    let token = CancellationToken::new();
    assert_eq!(block_on(token.run_until_cancelled(ready(1))), Some(1));
    assert_eq!(
        block_on(token.clone().run_until_cancelled_owned(ready(2))),
        Some(2)
    );

    let inside = Arc::new(());
    let held = inside.clone();
    let mut run = Hand::pending(token.run_until_cancelled(async move {
        let _held = held;
        pending::<()>().await;
    }));
    token.cancel();
    assert_eq!((run.wakes(), Arc::strong_count(&inside)), (1, 2));
    assert_eq!(run.poll(), Poll::Ready(None));
    // The future was dropped by that poll, not only with the whole.
    assert_eq!(Arc::strong_count(&inside), 1);

    // It is not polled if the token is cancelled.
    let polls = AtomicUsize::new(0);
    let count = poll_fn(|_| {
        polls.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(())
    });
    assert_eq!(
        block_on(token.clone().run_until_cancelled_owned(count)),
        None
    );
    assert_eq!(polls.load(Ordering::Relaxed), 0);
}

#[test]
#[should_panic = "polled again after it had ended"]
fn a_run_that_has_ended_cannot_be_polled() {
    let token = CancellationToken::new();
    let mut run = Hand::new(token.run_until_cancelled(ready(())));
    assert!(run.poll().is_ready());
    let _ = run.poll();
}

#[test]
fn a_waker_that_panics_does_not_keep_others_from_being_woken() {
    let root = CancellationToken::new();
    let children: Vec<_> = (0..100).map(|_| root.child_token()).collect();
    let hooks = Arc::new(Hooks {
        wake: Some(Box::new(|| panic!("wake"))),
        ..Hooks::default()
    });
    let mut bad = pin!(children[50].cancelled());
    assert!(poll_with(bad.as_mut(), &hooks.clone().waker()).is_pending());
    let waits: Vec<_> = children
        .iter()
        .map(|child| Hand::pending(child.cancelled()))
        .collect();
    assert!(catch_unwind(AssertUnwindSafe(|| root.cancel())).is_err());
    assert!(waits.iter().all(|wait| wait.wakes() == 1));
    assert!(root.is_cancelled());
    assert_eq!(hooks.wakers(), 0);
}

/// A waker, in its `clone`, `wake` and `drop`, does with the tree what one can do.
#[test]
fn wakers_may_call_back() {
    let root = CancellationToken::new();
    let child = root.child_token();
    let hook = || {
        let (root, child) = (root.clone(), child.clone());
        Some(Box::new(move || {
            let new = child.child_token();
            let newer = new.child_token();
            assert!(poll_once(pin!(child.cancelled())).is_ready() || !child.is_cancelled());
            drop(new);
            newer.cancel();
            if root.is_cancelled() {
                root.cancel();
            }
        }) as Box<dyn Fn() + Send + Sync>)
    };
    let hooks = Arc::new(Hooks {
        clone: hook(),
        wake: hook(),
        drop: hook(),
        ..Hooks::default()
    });
    let waker = hooks.clone().waker();
    let mut dropped = Box::pin(child.cancelled());
    assert!(poll_with(dropped.as_mut(), &waker).is_pending());
    drop(dropped);
    let mut wait = Box::pin(child.cancelled());
    assert!(poll_with(wait.as_mut(), &waker).is_pending());
    root.cancel();
    assert!(poll_with(wait.as_mut(), &waker).is_ready());
    assert!(hooks.wakes() == 1 && hooks.clones() == 2 && hooks.drops() == 1);
}

#[test]
fn debug_says_whether_it_is_cancelled() {
    let token = CancellationToken::new();
    assert_eq!(
        format!("{token:?}"),
        "CancellationToken { is_cancelled: false, .. }"
    );
    token.cancel();
    assert_eq!(
        format!("{:?}", token.cancelled()),
        "Cancelled { token: CancellationToken { is_cancelled: true, .. }, .. }"
    );
}

/// Threads grow, shrink and cancel one tree; in the end all that is left is cancelled.
#[test]
fn threads_work_on_one_tree() {
    const ROUNDS: usize = 300;
    for round in 0..ROUNDS {
        let root = CancellationToken::new();
        let woken = AtomicUsize::new(0);
        thread::scope(|threads| {
            for thread in 0..3 {
                let branch = root.child_token();
                let woken = &woken;
                threads.spawn(move || {
                    let mut tokens = vec![branch];
                    for step in 0..20 {
                        let next = tokens[(step * 7 + thread) % tokens.len()].child_token();
                        tokens.push(next);
                        if step % 3 == 0 {
                            tokens.swap_remove((step * 5) % tokens.len());
                        }
                        if step == 15 && thread == 0 {
                            tokens[0].cancel();
                        }
                    }
                    for token in tokens {
                        token.cancelled_blocking();
                        woken.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            if round % 2 == 0 {
                thread::yield_now();
            }
            root.cancel();
        });
        assert!(woken.load(Ordering::Relaxed) > 0);
    }
}

#[test]
fn wakers_that_panic_on_several_tokens_keep_nobody_from_being_woken() {
    let parent = CancellationToken::new();
    let panics = Arc::new(Hooks {
        wake: Some(Box::new(|| panic!("wake"))),
        ..Hooks::default()
    });
    let children: Vec<_> = (0..5).map(|_| parent.child_token()).collect();
    let waits: Vec<_> = children
        .iter()
        .map(|child| {
            let mut broken = Box::pin(child.cancelled());
            let waker = panics.clone().waker();
            assert!(poll_with(broken.as_mut(), &waker).is_pending());
            (broken, Hand::pending(child.cancelled()))
        })
        .collect();
    assert!(catch_unwind(AssertUnwindSafe(|| parent.cancel())).is_err());
    assert!(waits.iter().all(|(_, wait)| wait.wakes() == 1));
}
