//! Models of the races that [`node`](super::node) names.

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::CancellationToken;
use crate::testing::poll_once;

#[test]
fn loom_register_and_cancel() {
    loom::model(|| {
        let token = CancellationToken::new();
        let value = Arc::new(loom::cell::UnsafeCell::new(0));
        let canceller = {
            let (token, value) = (token.clone(), value.clone());
            thread::spawn(move || {
                // SAFETY: the waiter reads after the cancellation.
                value.with_mut(|value| unsafe { *value = 1 });
                token.cancel();
            })
        };
        block_on(token.child_token().cancelled());
        // SAFETY: the canceller wrote before it cancelled.
        assert_eq!(value.with(|value| unsafe { *value }), 1);
        canceller.join().unwrap();
    });
}

#[test]
fn loom_end_of_a_wait_and_cancel() {
    loom::model(|| {
        let token = CancellationToken::new();
        let fickle = {
            let child = token.child_token();
            thread::spawn(move || {
                // The last handle goes with the wait.
                let mut wait = Box::pin(child.cancelled_owned());
                let _ = poll_once(wait.as_mut());
            })
        };
        let waiter = {
            let child = token.child_token();
            thread::spawn(move || block_on(child.cancelled()))
        };
        token.cancel();
        fickle.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn loom_child_creation_and_cancel() {
    loom::model(|| {
        let token = CancellationToken::new();
        let canceller = {
            let token = token.clone();
            thread::spawn(move || token.cancel())
        };
        let child = token.child_token();
        let grandchild = child.child_token();
        canceller.join().unwrap();
        assert!(child.is_cancelled());
        assert!(grandchild.is_cancelled());
    });
}

#[test]
fn loom_child_drop_and_cancel() {
    loom::model(|| {
        let token = CancellationToken::new();
        let child = token.child_token();
        let dropper = {
            let sibling = token.child_token();
            thread::spawn(move || drop(sibling))
        };
        token.cancel();
        assert!(child.is_cancelled());
        dropper.join().unwrap();
    });
}

#[test]
fn loom_parent_drop_and_cancel() {
    loom::model(|| {
        let token = CancellationToken::new();
        let parent = token.child_token();
        let children = [parent.child_token(), parent.child_token()];
        let dropper = thread::spawn(move || drop(parent));
        token.cancel();
        assert!(children.iter().all(CancellationToken::is_cancelled));
        dropper.join().unwrap();
    });
}

#[test]
fn loom_parent_drop_and_child_creation() {
    loom::model(|| {
        let token = CancellationToken::new();
        let parent = token.child_token();
        let child = parent.child_token();
        let dropper = thread::spawn(move || drop(parent));
        let maker = thread::spawn(move || child.child_token());
        let sibling = token.child_token();
        let grandchild = maker.join().unwrap();
        dropper.join().unwrap();
        token.cancel();
        assert!(sibling.is_cancelled());
        assert!(grandchild.is_cancelled());
    });
}

#[test]
fn loom_drops_along_a_chain() {
    loom::model(|| {
        let token = CancellationToken::new();
        let parent = token.child_token();
        let child = parent.child_token();
        let grandchild = child.child_token();
        let droppers = [parent, child].map(|token| thread::spawn(move || drop(token)));
        for dropper in droppers {
            dropper.join().unwrap();
        }
        token.cancel();
        assert!(grandchild.is_cancelled());
    });
}

#[test]
fn loom_two_cancels_of_one() {
    loom::model(|| {
        let token = CancellationToken::new();
        let child = token.child_token();
        let canceller = {
            let token = token.clone();
            thread::spawn(move || token.cancel())
        };
        token.cancel();
        assert!(token.is_cancelled());
        assert!(child.is_cancelled());
        block_on(child.cancelled());
        canceller.join().unwrap();
    });
}

#[test]
fn loom_cancels_of_a_parent_and_a_child() {
    loom::model(|| {
        let token = CancellationToken::new();
        let child = token.child_token();
        let grandchild = child.child_token();
        let waiter = {
            let grandchild = grandchild.clone();
            thread::spawn(move || block_on(grandchild.cancelled()))
        };
        let canceller = thread::spawn(move || {
            child.cancel();
            assert!(child.is_cancelled());
        });
        token.cancel();
        assert!(grandchild.is_cancelled());
        canceller.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn loom_whoever_finds_it_cancelled_finds_its_children_so() {
    loom::model(|| {
        let token = CancellationToken::new();
        let child = token.child_token();
        let written = Arc::new(AtomicUsize::new(0));
        let canceller = {
            let (token, written) = (token.clone(), written.clone());
            thread::spawn(move || {
                written.store(1, Ordering::Relaxed);
                token.cancel();
            })
        };
        let finder = thread::spawn(move || {
            if token.is_cancelled() {
                assert!(child.is_cancelled());
                assert_eq!(written.load(Ordering::Relaxed), 1);
            }
        });
        finder.join().unwrap();
        canceller.join().unwrap();
    });
}
